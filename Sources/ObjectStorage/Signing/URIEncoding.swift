// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

/// Percent-encoding of bytes, exactly as Signature Version 4 asks for it.
///
/// Only `A-Z a-z 0-9 - . _ ~` stay (RFC 3986 section 2.3); every other byte becomes `%XX` in upper case. The same text
/// goes over the wire and into the signature, so that no server can read the two differently.
enum URIEncoding {
    /// Encodes a path segment or a query value; with `keepingSlash`, a whole key.
    static func encode(_ bytes: [UInt8], keepingSlash: Bool = false) -> String {
        bytes.withUnsafeBufferPointer { encode($0, keepingSlash: keepingSlash) }
    }

    /// Encodes the UTF-8 bytes of a text.
    static func encode(_ text: String, keepingSlash: Bool = false) -> String {
        var text = text
        return text.withUTF8 { encode($0, keepingSlash: keepingSlash) }
    }

    private static func encode(_ bytes: UnsafeBufferPointer<UInt8>, keepingSlash: Bool) -> String {
        String(unsafeUninitializedCapacity: bytes.count * 3) { out in
            var end = 0
            for byte in bytes {
                if isUnreserved(byte) || (keepingSlash && byte == UInt8(ascii: "/")) {
                    out[end] = byte
                    end += 1
                } else {
                    out[end] = UInt8(ascii: "%")
                    out[end + 1] = Hex.upper(byte >> 4)
                    out[end + 2] = Hex.upper(byte & 15)
                    end += 3
                }
            }
            return end
        }
    }

    /// Two bit sets instead of a table: no initialisation to check for on the hot path.
    private static func isUnreserved(_ byte: UInt8) -> Bool {
        let low: UInt64 = 0x03FF_6000_0000_0000  // - . 0-9
        let high: UInt64 = 0x47FF_FFFE_87FF_FFFE  // A-Z _ a-z ~
        switch byte {
        case 0..<64: return low >> UInt64(byte) & 1 == 1
        case 64..<128: return high >> UInt64(byte - 64) & 1 == 1
        default: return false
        }
    }

    /// Undoes `encoding-type=url` of a listing: `%XX`, and `+` for a space (SeaweedFS and MinIO write `+`, Amazon and
    /// Ceph `%20`; a literal plus is `%2B` everywhere).
    ///
    /// - Returns: `nil` when a `%` is not followed by two hex digits, or a byte stands there that encoding removes: then
    ///   the text is not what it claims to be, and decoding it would name another key.
    static func decodeForm(_ bytes: [UInt8]) -> [UInt8]? {
        guard bytes.allSatisfy({ $0 > 32 && $0 < 127 }) else { return nil }
        guard bytes.contains(where: { $0 == UInt8(ascii: "%") || $0 == UInt8(ascii: "+") }) else { return bytes }
        var result: [UInt8] = []
        result.reserveCapacity(bytes.count)
        var index = 0
        while index < bytes.count {
            switch bytes[index] {
            case UInt8(ascii: "+"):
                result.append(UInt8(ascii: " "))
                index += 1
            case UInt8(ascii: "%"):
                guard index + 2 < bytes.count, let high = Hex.value(bytes[index + 1]),
                    let low = Hex.value(bytes[index + 2])
                else { return nil }
                result.append(high << 4 | low)
                index += 3
            case let byte:
                result.append(byte)
                index += 1
            }
        }
        return result
    }
}

/// Hexadecimal digits.
enum Hex {
    static func upper(_ nibble: UInt8) -> UInt8 {
        nibble < 10 ? UInt8(ascii: "0") + nibble : UInt8(ascii: "A") - 10 + nibble
    }

    static func lower(_ nibble: UInt8) -> UInt8 {
        nibble < 10 ? UInt8(ascii: "0") + nibble : UInt8(ascii: "a") - 10 + nibble
    }

    static func value(_ digit: UInt8) -> UInt8? {
        switch digit {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): digit - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): digit - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): digit - UInt8(ascii: "A") + 10
        default: nil
        }
    }

    /// Appends two lower-case digits for each byte.
    static func append(_ bytes: some Sequence<UInt8>, to text: inout [UInt8]) {
        for byte in bytes {
            text.append(lower(byte >> 4))
            text.append(lower(byte & 15))
        }
    }

    /// Two lower-case digits for each byte.
    static func string(_ bytes: some Sequence<UInt8>) -> String {
        var text: [UInt8] = []
        text.reserveCapacity(64)
        append(bytes, to: &text)
        return String(decoding: text, as: UTF8.self)
    }
}
