// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

/// Where an S3 server listens, and how it likes its buckets named.
package struct S3Endpoint: Hashable, Sendable, CustomStringConvertible {
    /// How a bucket appears in a request (S3 user guide, "Virtual hosting of buckets").
    package enum Addressing: String, Hashable, Sendable, CaseIterable {
        /// `http://host/bucket/key`: works with every server.
        case path
        /// `http://bucket.host/key`; needs names in DNS. Falls back to `path` where a name cannot be part of a host.
        case virtualHost
        /// `virtualHost` at Amazon, which wants it; `path` elsewhere.
        case automatic
    }

    package let isTLS: Bool
    /// Name or address in lower case; an IPv6 address without brackets.
    package let host: String
    package let port: Int
    package let addressing: Addressing

    /// Reads `http://host`, `https://host:port` or `http://[::1]:port`.
    ///
    /// - Throws: ``S3EndpointError``, whose text says what to write instead.
    package init(_ text: String, addressing: Addressing = .automatic) throws {
        let rest: Substring
        if let tail = Self.dropping("https://", from: text) {
            (isTLS, rest) = (true, tail)
        } else if let tail = Self.dropping("http://", from: text) {
            (isTLS, rest) = (false, tail)
        } else if text.contains("://") {
            throw S3EndpointError.unknownScheme
        } else {
            throw S3EndpointError.missingScheme
        }
        let end = rest.firstIndex { "/?#".contains($0) } ?? rest.endIndex
        let authority = rest[..<end]
        guard !authority.contains("@") else { throw S3EndpointError.credentials }
        guard rest[end...].isEmpty || rest[end...] == "/" else { throw S3EndpointError.tail(String(rest[end...])) }
        (host, port) = try Self.split(authority, defaultPort: isTLS ? 443 : 80)
        self.addressing = addressing
    }

    /// The URL without a bucket: `http://127.0.0.1:8333`.
    package var description: String {
        (isTLS ? "https://" : "http://") + authority(of: host)
    }

    /// Whether a bucket is named in the host for this request.
    ///
    /// A dot in the name would fall out of the server's wildcard certificate, and Amazon fails on the key `soap`
    /// (S3 user guide, "Naming S3 objects").
    func usesVirtualHost(bucket: String, key: ObjectKey?) -> Bool {
        switch addressing {
        case .path:
            return false
        case .automatic where !host.hasSuffix(".amazonaws.com") && !host.hasSuffix(".amazonaws.com.cn"):
            return false
        default:
            let isAddress = host.contains(":") || host.utf8.allSatisfy { $0 == 46 || (48...57).contains($0) }
            return !isAddress && Self.isHostLabel(bucket) && key != ObjectKey("soap")
        }
    }

    /// The value of the `host` header: the port only where it is not the scheme's own (RFC 7230 section 5.4).
    func authority(of host: String) -> String {
        let name = host.contains(":") ? "[\(host)]" : host
        return port == (isTLS ? 443 : 80) ? name : "\(name):\(port)"
    }

    private static func isHostLabel(_ bucket: String) -> Bool {
        let bytes = bucket.utf8
        return (3...63).contains(bytes.count) && bytes.first != 45 && bytes.last != 45
            && bytes.allSatisfy { (97...122).contains($0) || (48...57).contains($0) || $0 == 45 }
    }

    private static func dropping(_ scheme: String, from text: String) -> Substring? {
        text.prefix(scheme.count).lowercased() == scheme ? text.dropFirst(scheme.count) : nil
    }

    private static func split(_ authority: Substring, defaultPort: Int) throws -> (String, Int) {
        var host = authority
        var portText: Substring?
        if authority.first == "[" {
            guard let close = authority.firstIndex(of: "]") else { throw S3EndpointError.badHost }
            host = authority[authority.index(after: authority.startIndex)..<close]
            let after = authority[authority.index(after: close)...]
            guard after.isEmpty || after.first == ":" else { throw S3EndpointError.badHost }
            if !after.isEmpty { portText = after.dropFirst() }
            guard host.contains(":"), host.utf8.allSatisfy({ Hex.value($0) != nil || $0 == 58 || $0 == 46 }) else {
                throw S3EndpointError.badHost
            }
        } else {
            if let colon = authority.firstIndex(of: ":") {
                host = authority[..<colon]
                portText = authority[authority.index(after: colon)...]
            }
            guard !host.isEmpty, host.utf8.allSatisfy(isHostByte) else { throw S3EndpointError.badHost }
        }
        guard let portText else { return (host.lowercased(), defaultPort) }
        guard portText.utf8.allSatisfy({ (48...57).contains($0) }), let port = Int(portText), (1...65535).contains(port)
        else { throw S3EndpointError.badPort(String(portText)) }
        return (host.lowercased(), port)
    }

    private static func isHostByte(_ byte: UInt8) -> Bool {
        switch byte {
        case 48...57, 65...90, 97...122, UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"): true
        default: false
        }
    }
}

/// What is wrong with the text of an endpoint. No case repeats the whole text: it may hold a password.
package enum S3EndpointError: Error, Equatable, CustomStringConvertible {
    case missingScheme
    case unknownScheme
    case credentials
    case badHost
    case badPort(String)
    /// A path, query or fragment after the host.
    case tail(String)

    package var description: String {
        switch self {
        case .missingScheme:
            "the endpoint has no scheme: write https://host[:port], or http://host[:port] for a server without TLS"
        case .unknownScheme:
            "the endpoint's scheme is neither http nor https: write https://host[:port] or http://host[:port]"
        case .credentials:
            "the endpoint holds a user name or password: leave them out of the URL and give the access key and the "
                + "secret key as settings of their own"
        case .badHost:
            "the endpoint has no usable host: write a name, an IPv4 address or an IPv6 address in brackets"
        case .badPort(let text):
            "the endpoint's port \"\(text)\" is not a number from 1 to 65535"
        case .tail(let text):
            "the endpoint goes on with \"\(text)\" after the host: signatures cover the whole path, so a server below "
                + "a path prefix is not supported; leave it out and name the bucket separately"
        }
    }
}
