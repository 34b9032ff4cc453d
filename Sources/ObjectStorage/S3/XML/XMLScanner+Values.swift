// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import struct Foundation.Date

/// Reading a document by its structure. After each of these, what it was called for is consumed to its end tag.
extension XMLScanner {
    /// Enters the root element and gives its name.
    mutating func root() throws -> XMLName {
        guard case .start(let name) = try next() else { throw XMLProblem("there is no element") }
        return name
    }

    /// Visits each child of the element just entered. A child that `visit` leaves alone is skipped.
    mutating func forEachChild(_ visit: (inout XMLScanner, XMLName) throws -> Void) throws {
        let level = depth
        while true {
            switch try next() {
            case .start(let name):
                try visit(&self, name)
                while depth > level { _ = try next() }
            case .end:
                return
            case .text:
                continue
            case .done:
                throw XMLProblem("the document ends within an element")
            }
        }
    }

    /// The characters of the element just entered, decoded; an element within it is an error.
    mutating func withText<Result>(_ body: (UnsafeRawBufferPointer) throws -> Result) throws -> Result {
        var single = UnsafeRawBufferPointer(start: nil, count: 0)
        var joined: [UInt8] = []
        var pieces = 0
        while true {
            switch try next() {
            case .text(let text, let escaped):
                if pieces == 0, !escaped {
                    single = text
                } else {
                    if pieces == 1, joined.isEmpty { joined += single }
                    if escaped { try Self.unescape(text, into: &joined) } else { joined += text }
                    single = UnsafeRawBufferPointer(start: nil, count: 0)
                }
                pieces += 1
            case .end:
                return try joined.isEmpty ? body(single) : joined.withUnsafeBytes(body)
            case .start(let name):
                throw XMLProblem("element \(name.text) where text was expected")
            case .done:
                throw XMLProblem("the document ends within an element")
            }
        }
    }

    /// Bytes exactly as they are, white space included: for keys.
    mutating func rawBytes() throws -> [UInt8] {
        try withText { Array($0) }
    }

    /// Text exactly as it is; bytes that are not UTF-8 are replaced.
    mutating func string() throws -> String {
        try withText { String(decoding: $0, as: UTF8.self) }
    }

    /// An entity tag without its quotes and without the mark of a weak one.
    mutating func etag() throws -> String {
        try withText { ETag.unquoted($0) }
    }

    /// A count or length; negative or beyond 64 bits is an error.
    mutating func number() throws -> Int64 {
        try withText { text in
            let text = Self.trimmed(text)
            var value: Int64 = 0
            guard !text.isEmpty else { throw XMLProblem("a number is empty") }
            for byte in text {
                guard byte >= UInt8(ascii: "0"), byte <= UInt8(ascii: "9") else {
                    throw XMLProblem("\"\(String(decoding: text, as: UTF8.self))\" is not a number")
                }
                let (product, overflow) = value.multipliedReportingOverflow(by: 10)
                let (sum, overflowToo) = product.addingReportingOverflow(Int64(byte - UInt8(ascii: "0")))
                guard !overflow, !overflowToo else { throw XMLProblem("a number is too large") }
                value = sum
            }
            return value
        }
    }

    /// `true` or anything else.
    mutating func flag() throws -> Bool {
        try withText { text in
            let text = Self.trimmed(text)
            return text.count == 4 && text.elementsEqual("true".utf8, by: { $0 | 0x20 == $1 })
        }
    }

    mutating func date() throws -> Date {
        try withText { text in
            guard let date = Timestamp.iso8601(Self.trimmed(text)) else {
                throw XMLProblem("\"\(String(decoding: text.prefix(40), as: UTF8.self))\" is not a time")
            }
            return date
        }
    }

    private static func trimmed(_ text: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer {
        var slice = text[...]
        while let first = slice.first, isSpace(first) { slice = slice.dropFirst() }
        while let last = slice.last, isSpace(last) { slice = slice.dropLast() }
        return UnsafeRawBufferPointer(rebasing: slice)
    }

    /// Replaces `&amp;`, `&#13;`, `&#x1F600;` and the like. Any code point is accepted, control characters too: keys
    /// hold them, and servers write them although XML 1.0 forbids it.
    private static func unescape(_ text: UnsafeRawBufferPointer, into result: inout [UInt8]) throws(XMLProblem) {
        result.reserveCapacity(result.count + text.count)
        var index = 0
        while index < text.count {
            guard text[index] == UInt8(ascii: "&") else {
                result.append(text[index])
                index += 1
                continue
            }
            // The longest legal reference, &#x10FFFF;, has ten characters; leading zeros may lengthen it.
            guard let end = text[index..<min(index + 16, text.count)].firstIndex(of: UInt8(ascii: ";")) else {
                throw XMLProblem("an & without its ;")
            }
            let name = UnsafeRawBufferPointer(rebasing: text[(index + 1)..<end])
            switch XMLName(name) {
            case "amp": result.append(UInt8(ascii: "&"))
            case "lt": result.append(UInt8(ascii: "<"))
            case "gt": result.append(UInt8(ascii: ">"))
            case "quot": result.append(UInt8(ascii: "\""))
            case "apos": result.append(UInt8(ascii: "'"))
            default:
                guard let scalar = scalar(name) else {
                    throw XMLProblem("unknown entity &\(String(decoding: name, as: UTF8.self));")
                }
                result += UTF8.encode(scalar).map { Array($0) } ?? []
            }
            index = end + 1
        }
    }

    /// The code point that `#13` or `#xD` stands for.
    private static func scalar(_ name: UnsafeRawBufferPointer) -> Unicode.Scalar? {
        guard name.count >= 2, name[0] == UInt8(ascii: "#") else { return nil }
        let isHex = name[1] == UInt8(ascii: "x") || name[1] == UInt8(ascii: "X")
        let digits = name[(isHex ? 2 : 1)...]
        guard !digits.isEmpty else { return nil }
        var value: UInt32 = 0
        for byte in digits {
            guard let digit = Hex.value(byte), isHex || digit < 10, value <= 0x10FFFF else { return nil }
            value = value * (isHex ? 16 : 10) + UInt32(digit)
        }
        return Unicode.Scalar(value)
    }
}
