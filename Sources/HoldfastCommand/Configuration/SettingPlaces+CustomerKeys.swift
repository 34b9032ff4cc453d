// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Holdfast
import ObjectStorage
import SystemPackage

extension SettingPlaces {
    /// The keys of `customer_keys` in `holdfast.yaml`, for requests to this server. Nothing of a key is ever repeated in a
    /// message.
    ///
    /// - Throws: ``HoldfastError`` for a file that holds no key, and for a server to which they would go in the clear.
    mutating func customerKeys(for endpoint: S3Endpoint) throws -> CustomerKeys {
        let rules = file?.customerKeys ?? []
        guard let first = rules.first else { return CustomerKeys() }
        guard endpoint.isTLS || endpoint.isLoopback else {
            throw HoldfastError(
                .invalidConfiguration,
                "\(first.objects.origin): the keys of customer_keys would go to \(endpoint) in the clear.",
                hint: "Use https://, or leave customer_keys out.")
        }
        return CustomerKeys(
            try rules.map { rule in
                guard rule.objects.value.contains("/") else {
                    throw HoldfastError(
                        .invalidConfiguration, "\(rule.objects.origin): objects names no bucket and keys.",
                        hint: "Write a glob over both: photos/private/*; * matches / too.")
                }
                return CustomerKeys.Rule(glob: rule.objects.value, key: try customerKey(in: rule.keyFile))
            })
    }

    private mutating func customerKey(in file: Setting<String>) throws -> CustomerKey {
        let path = surroundings.path(file.value, below: base)
        guard let found = try surroundings.readBytes(path) else {
            throw HoldfastError(.invalidConfiguration, "There is no file \(path), which \(file.origin) names.")
        }
        let text = String(decoding: found.bytes, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
        let bytes = found.bytes.count == 32 ? found.bytes : Data(base64Encoded: text).map { Array($0) }
        guard let bytes, let key = CustomerKey(bytes) else {
            throw HoldfastError(
                .invalidConfiguration, "\(path), which \(file.origin) names, holds no key of 32 bytes.",
                hint: "It holds them as they are, or in base64: openssl rand -base64 32.")
        }
        let warning = "Everybody may read \(path), which holds a customer key: chmod 600 \(path)"
        if found.mode & 0o004 != 0, !warnings.contains(warning) { warnings.append(warning) }
        return key
    }
}

extension S3Endpoint {
    /// Whether what is sent there does not leave this machine.
    var isLoopback: Bool {
        host == "localhost" || host == "::1"
            || host.hasPrefix("127.") && host.utf8.allSatisfy { $0 == 46 || (48...57).contains($0) }
    }
}
