// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Crypto
import Synchronization

/// The derived key of a day, region and service, kept while the day lasts: four HMACs saved on every request.
///
/// A class because a `Mutex` cannot be copied with the value that signs.
final class SigningKeyCache: Sendable {
    private let seed: Secret
    private let region: String
    private let service: String
    private let latest = Mutex<(day: [UInt8], key: SymmetricKey)?>(nil)

    init(secretKey: Secret, region: String, service: String) {
        seed = secretKey
        self.region = region
        self.service = service
    }

    /// The key for a day of the form `20130524`.
    func key(for day: [UInt8]) -> SymmetricKey {
        latest.withLock { latest in
            if let latest, latest.day == day { return latest.key }
            let key = derive(day)
            latest = (day, key)
            return key
        }
    }

    /// Signature Version 4, "Calculate signature": HMAC chained over day, region, service and a constant.
    private func derive(_ day: [UInt8]) -> SymmetricKey {
        var key = SymmetricKey(data: Array("AWS4".utf8) + Array(seed.reveal().utf8))
        for step in [day, Array(region.utf8), Array(service.utf8), Array("aws4_request".utf8)] {
            key = SymmetricKey(data: HMAC<SHA256>.authenticationCode(for: step, using: key))
        }
        return key
    }
}
