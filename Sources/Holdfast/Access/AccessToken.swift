// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Crypto
package import Foundation

/// A bearer token: `holdfast_<id>_<secret>`.
///
/// The secret has 256 random bits, so that one SHA-256 is all it takes to keep it safely.
package struct AccessToken: Sendable {
    /// 12 hex digits; no secret.
    package let id: String
    private let secret: String

    /// What the bearer shows. Given out once and kept nowhere.
    package var text: String { "holdfast_\(id)_\(secret)" }

    /// Draws a new one.
    package init() {
        var random = SystemRandomNumberGenerator()
        func hex(_ count: Int) -> String {
            (0..<count).map { _ in String(UInt8.random(in: 0...255, using: &random), radix: 16).leftPadded }.joined()
        }
        id = hex(6)
        secret = hex(32)
    }

    /// Reads what a bearer shows; `nil` for what cannot be one.
    package init?(_ text: some StringProtocol) {
        let parts = text.split(separator: "_", omittingEmptySubsequences: false)
        guard parts.count == 3, parts[0] == "holdfast", Self.isHex(parts[1], 12), Self.isHex(parts[2], 64) else {
            return nil
        }
        id = String(parts[1])
        secret = String(parts[2])
    }

    /// SHA-256 of the secret, 32 bytes.
    package var hash: Data { Data(SHA256.hash(data: Data(secret.utf8))) }

    /// Whether this is the token that the hash was kept of, in a time that does not tell where they differ.
    package func matches(_ kept: Data) -> Bool {
        let own = hash
        guard own.count == kept.count else { return false }
        return zip(own, kept).reduce(UInt8(0)) { $0 | ($1.0 ^ $1.1) } == 0
    }

    private static func isHex(_ text: some StringProtocol, _ count: Int) -> Bool {
        text.utf8.count == count
            && text.utf8.allSatisfy { (48...57).contains($0) || (97...102).contains($0) }
    }
}

extension String {
    fileprivate var leftPadded: String { count == 1 ? "0" + self : self }
}
