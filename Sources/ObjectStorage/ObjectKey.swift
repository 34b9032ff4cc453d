// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

/// The name of an object: bytes, compared as bytes.
///
/// Never a `String` as identity: Swift compares strings by canonical equivalence, so that two keys that differ only in
/// Unicode normalisation would become one.
package struct ObjectKey: Hashable, Comparable, Sendable, CustomStringConvertible {
    /// 1 to 1,024 bytes as the server gave them, after URL decoding.
    package let bytes: [UInt8]

    package init(_ bytes: [UInt8]) {
        self.bytes = bytes
    }

    package init(_ string: String) {
        bytes = Array(string.utf8)
    }

    /// Byte order, the order of a listing at Amazon.
    package static func < (left: ObjectKey, right: ObjectKey) -> Bool {
        left.bytes.lexicographicallyPrecedes(right.bytes)
    }

    /// For people: the text where the bytes are printable UTF-8, `\\xNN` for every other byte. Never parsed back.
    package var description: String {
        var text = ""
        var decoder = UTF8()
        var iterator = bytes.makeIterator()
        var valid = String.UnicodeScalarView()
        while case .scalarValue(let scalar) = decoder.decode(&iterator) { valid.append(scalar) }
        if String(valid).utf8.elementsEqual(bytes) {
            for scalar in valid {
                if scalar.value < 32 || scalar.value == 127 || scalar.properties.generalCategory == .format {
                    for byte in String(scalar).utf8 { text += Self.escape(byte) }
                } else {
                    text.unicodeScalars.append(scalar)
                }
            }
        } else {
            for byte in bytes {
                text += (32..<127).contains(byte) ? String(UnicodeScalar(byte)) : Self.escape(byte)
            }
        }
        return text
    }

    private static func escape(_ byte: UInt8) -> String {
        let digits = String(byte, radix: 16)
        return "\\x" + (digits.count == 1 ? "0" : "") + digits
    }
}

/// The server's name for one version of an object: opaque, and of a form that differs from server to server.
package struct VersionID: Hashable, Sendable {
    package let rawValue: String

    package init(_ rawValue: String) {
        self.rawValue = rawValue
    }

    /// The version that an unversioned or suspended bucket writes.
    package static let null = VersionID("null")
}
