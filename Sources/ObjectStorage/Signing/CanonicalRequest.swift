// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

/// A request in the one form that client and server both hash
/// (Signature Version 4, "Create a canonical request").
struct CanonicalRequest {
    private(set) var bytes: [UInt8] = []
    /// The names that were signed, sorted, joined by `;`.
    private(set) var signedHeaders: [UInt8] = []

    init(method: String, path: String, query: String, headers: [Field], payloadHash: String) {
        let signed = headers.filter { !Self.isUnsigned($0.name) }
        // Sorting positions keeps the values of a repeated header in the order of sending.
        let order = signed.indices.sorted { left, right in
            signed[left].name == signed[right].name ? left < right : signed[left].name < signed[right].name
        }
        bytes.reserveCapacity(512 + path.utf8.count + query.utf8.count)
        for line in [method, path, query] {
            bytes += line.utf8
            bytes.append(Self.newline)
        }
        var previous: String?
        for index in order {
            let field = signed[index]
            if field.name == previous {
                bytes[bytes.count - 1] = UInt8(ascii: ",")
            } else {
                if previous != nil { signedHeaders.append(UInt8(ascii: ";")) }
                signedHeaders += field.name.utf8
                bytes += field.name.utf8
                bytes.append(UInt8(ascii: ":"))
            }
            Self.appendTrimmed(field.value, to: &bytes)
            bytes.append(Self.newline)
            previous = field.name
        }
        bytes.append(Self.newline)
        bytes += signedHeaders
        bytes.append(Self.newline)
        bytes += payloadHash.utf8
    }

    private static let newline = UInt8(ascii: "\n")

    /// Headers that HTTP proxies add, change or remove: signing them would break the signature on the way.
    private static func isUnsigned(_ name: String) -> Bool {
        switch name {
        case "user-agent", "accept-encoding", "content-length", "connection", "expect", "authorization": true
        default: false
        }
    }

    /// White space at both ends goes, and a run of spaces within becomes one.
    private static func appendTrimmed(_ value: [UInt8], to bytes: inout [UInt8]) {
        var pendingSpace = false
        var isEmpty = true
        for byte in value {
            if byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") {
                pendingSpace = !isEmpty
            } else {
                if pendingSpace { bytes.append(UInt8(ascii: " ")) }
                pendingSpace = false
                isEmpty = false
                bytes.append(byte)
            }
        }
    }
}
