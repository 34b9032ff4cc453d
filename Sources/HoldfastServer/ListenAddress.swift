// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Holdfast

/// An address of this machine's loopback interface to listen at.
package struct ListenAddress: Sendable, Equatable {
    /// `127.0.0.1` and its neighbours, or `::1`; without brackets.
    package let host: String
    /// 0 lets the system choose.
    package let port: Int

    /// Reads `127.0.0.1:8090`, `localhost:8090` or `[::1]:8090`.
    ///
    /// - Throws: ``HoldfastError`` `.invalidConfiguration` for anything else, and for addresses that others can reach:
    ///   what is sent is not encrypted yet.
    package init(_ text: String) throws {
        guard let colon = text.lastIndex(of: ":"), let port = UInt16(text[text.index(after: colon)...]) else {
            throw HoldfastError(
                .invalidConfiguration, "“\(text.prefix(100))” is no address to listen at.",
                hint: "Write host:port, 127.0.0.1:8090 for instance.")
        }
        let name = text[..<colon]
        guard let host = Self.loopback(name) else {
            throw HoldfastError(
                .invalidConfiguration,
                "\(name.isEmpty ? "An empty host" : "\(name.prefix(100))") is not a loopback address.",
                hint: "What is sent is not encrypted yet: listen at 127.0.0.1:\(port) or [::1]:\(port).")
        }
        self.host = host
        self.port = Int(port)
    }

    private static func loopback(_ name: Substring) -> String? {
        // The name is not looked up: what it means is for others to change.
        if name == "localhost" { return "127.0.0.1" }
        if name == "[::1]" { return "::1" }
        let numbers = name.split(separator: ".", omittingEmptySubsequences: false)
        let isAddress = numbers.count == 4 && numbers.allSatisfy { UInt8($0) != nil && $0.utf8.allSatisfy { $0 != 43 } }
        return isAddress && numbers[0] == "127" ? String(name) : nil
    }

    /// The URL to reach it at.
    ///
    /// - Parameter port: the one that the system chose.
    package func url(port: Int) -> String {
        "http://\(host.contains(":") ? "[\(host)]" : host):\(port)"
    }
}
