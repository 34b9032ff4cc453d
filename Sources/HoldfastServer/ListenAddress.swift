// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Holdfast

/// An address of this machine to listen at.
package struct ListenAddress: Sendable, Equatable {
    /// A numeric address, without brackets.
    package let host: String
    /// 0 lets the system choose.
    package let port: Int

    /// Reads `127.0.0.1:8090`, `localhost:8090`, `[::1]:8090`, and, where others may listen in, `0.0.0.0:8090`.
    ///
    /// - Parameter isSafe: whether addresses that others can reach are accepted: what is sent is encrypted, or the
    ///   operator has said twice that it need not be.
    /// - Throws: ``HoldfastError`` `.invalidConfiguration` for anything else.
    package init(_ text: String, isSafe: Bool = false) throws {
        guard let colon = text.lastIndex(of: ":"), let port = UInt16(text[text.index(after: colon)...]) else {
            throw HoldfastError(
                .invalidConfiguration, "“\(text.prefix(100))” is no address to listen at.",
                hint: "Write host:port, 127.0.0.1:8090 for instance.")
        }
        let name = text[..<colon]
        guard let (host, isLoopback) = Self.address(name) else {
            throw HoldfastError(
                .invalidConfiguration, "\(name.isEmpty ? "An empty host" : "\(name.prefix(100))") is not an address.",
                hint: "Write numbers, 127.0.0.1:\(port) or [::1]:\(port) for instance.")
        }
        guard isLoopback || isSafe else {
            throw HoldfastError(
                .invalidConfiguration, "\(name) is not a loopback address, and others could read tokens on their way.",
                hint: "Give --tls-certificate and --tls-key; behind a proxy that encrypts, --without-tls.")
        }
        self.host = host
        self.port = Int(port)
    }

    /// Names are not looked up: what they mean is for others to change.
    private static func address(_ name: Substring) -> (host: String, isLoopback: Bool)? {
        switch name {
        case "localhost": return ("127.0.0.1", true)
        case "[::1]": return ("::1", true)
        case "[::]": return ("::", false)
        default:
            let numbers = name.split(separator: ".", omittingEmptySubsequences: false)
            let isAddress =
                numbers.count == 4 && numbers.allSatisfy { UInt8($0) != nil && $0.utf8.allSatisfy { $0 != 43 } }
            return isAddress ? (String(name), numbers[0] == "127") : nil
        }
    }

    /// The URL to reach it at.
    ///
    /// - Parameter port: the one that the system chose.
    package func url(port: Int, isEncrypted: Bool = false) -> String {
        "http\(isEncrypted ? "s" : "")://\(host.contains(":") ? "[\(host)]" : host):\(port)"
    }
}
