// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

/// Reads the few forms of JSON that a catalog holds, from bytes that may be anything.
///
/// Nothing nests and nothing is allocated beyond the length of the text, so no input costs more than its own size.
struct JSONScanner {
    private let bytes: UnsafeBufferPointer<UInt8>
    private var position = 0

    /// The scanner must not outlive `bytes`.
    init(_ bytes: UnsafeBufferPointer<UInt8>) {
        self.bytes = bytes
    }

    /// Whether only white space is left.
    var isAtEnd: Bool {
        mutating get {
            skipSpace()
            return position == bytes.count
        }
    }

    /// Steps over `scalar` if it is next.
    mutating func take(_ scalar: Unicode.Scalar) -> Bool {
        skipSpace()
        guard position < bytes.count, bytes[position] == UInt8(ascii: scalar) else { return false }
        position += 1
        return true
    }

    /// A number of digits alone, not negative and within `Int64`.
    mutating func number() -> Int64? {
        skipSpace()
        let start = position
        var value: Int64 = 0
        while position < bytes.count, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(bytes[position]) {
            let (shifted, tooLarge) = value.multipliedReportingOverflow(by: 10)
            let (sum, tooLargeAgain) = shifted.addingReportingOverflow(Int64(bytes[position] - UInt8(ascii: "0")))
            guard !tooLarge, !tooLargeAgain else { return nil }
            value = sum
            position += 1
        }
        return position > start ? value : nil
    }

    /// A string's bytes, its escapes resolved.
    mutating func string() -> [UInt8]? {
        guard take("\"") else { return nil }
        var result: [UInt8] = []
        while position < bytes.count {
            let byte = bytes[position]
            position += 1
            switch byte {
            case UInt8(ascii: "\""): return result
            case UInt8(ascii: "\\"): guard appendEscape(to: &result) else { return nil }
            case 0..<0x20: return nil
            default: result.append(byte)
            }
        }
        return nil
    }

    private mutating func appendEscape(to result: inout [UInt8]) -> Bool {
        guard position < bytes.count else { return false }
        let byte = bytes[position]
        position += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): result.append(byte)
        case UInt8(ascii: "b"): result.append(0x08)
        case UInt8(ascii: "f"): result.append(0x0C)
        case UInt8(ascii: "n"): result.append(0x0A)
        case UInt8(ascii: "r"): result.append(0x0D)
        case UInt8(ascii: "t"): result.append(0x09)
        case UInt8(ascii: "u"):
            guard let first = codeUnit() else { return false }
            var value = UInt32(first)
            if UTF16.isLeadSurrogate(first) {
                guard position + 1 < bytes.count, bytes[position] == UInt8(ascii: "\\"),
                    bytes[position + 1] == UInt8(ascii: "u")
                else { return false }
                position += 2
                guard let second = codeUnit(), UTF16.isTrailSurrogate(second) else { return false }
                value = 0x10000 + (UInt32(first & 0x3FF) << 10 | UInt32(second & 0x3FF))
            }
            guard let scalar = Unicode.Scalar(value) else { return false }
            result.append(contentsOf: String(scalar).utf8)
        default: return false
        }
        return true
    }

    private mutating func codeUnit() -> UInt16? {
        guard position + 4 <= bytes.count else { return nil }
        var value: UInt16 = 0
        for byte in bytes[position..<position + 4] {
            guard let digit = Character(Unicode.Scalar(byte)).hexDigitValue, byte < 0x80 else { return nil }
            value = value << 4 | UInt16(digit)
        }
        position += 4
        return value
    }

    private mutating func skipSpace() {
        while position < bytes.count, bytes[position] == 0x20 || (0x09...0x0D).contains(bytes[position]) {
            position += 1
        }
    }
}
