// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import NIOCore

/// Builds the XML of a request body.
struct XMLWriter {
    private(set) var bytes: [UInt8] = []

    /// A document of one root element in S3's namespace.
    static func document(_ root: StaticString, _ content: (inout XMLWriter) -> Void) -> ByteBuffer {
        var writer = XMLWriter()
        writer.raw("<")
        writer.raw(root)
        writer.raw(" xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">")
        content(&writer)
        writer.close(root)
        return ByteBuffer(bytes: writer.bytes)
    }

    mutating func element(_ name: StaticString, _ content: (inout XMLWriter) -> Void) {
        raw("<")
        raw(name)
        raw(">")
        content(&self)
        close(name)
    }

    /// An element with an attribute, whose name and value are given as they are written.
    mutating func element(
        _ name: StaticString, _ attribute: StaticString, _ value: StaticString,
        _ content: (inout XMLWriter) -> Void
    ) {
        raw("<")
        raw(name)
        raw(attribute)
        raw(value)
        raw(">")
        content(&self)
        close(name)
    }

    mutating func element(_ name: StaticString, _ text: some Sequence<UInt8>) {
        element(name) { $0.text(text) }
    }

    mutating func element(_ name: StaticString, _ text: String) {
        element(name, text.utf8)
    }

    private mutating func close(_ name: StaticString) {
        raw("</")
        raw(name)
        raw(">")
    }

    private mutating func raw(_ text: StaticString) {
        bytes += UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount)
    }

    /// Control characters become numeric references: a parser turns a bare CR or CRLF into LF (XML 1.0 section 2.11),
    /// which would name another key.
    private mutating func text(_ text: some Sequence<UInt8>) {
        for byte in text {
            switch byte {
            case UInt8(ascii: "&"): raw("&amp;")
            case UInt8(ascii: "<"): raw("&lt;")
            case UInt8(ascii: ">"): raw("&gt;")
            case UInt8(ascii: "\""): raw("&quot;")
            case 0..<32, 127: bytes += "&#\(byte);".utf8
            default: bytes.append(byte)
            }
        }
    }

    /// Whether a strict XML 1.0 parser accepts `bytes` as character data (section 2.2): UTF-8 without U+FFFE, U+FFFF
    /// and, apart from tab, LF and CR, without control characters, whose numeric references are forbidden as well.
    static func canCarry(_ bytes: [UInt8]) -> Bool {
        var decoder = UTF8()
        var iterator = bytes.makeIterator()
        while true {
            switch decoder.decode(&iterator) {
            case .scalarValue(let scalar):
                switch scalar.value {
                case 9, 10, 13: continue
                case 0..<32, 0xFFFE, 0xFFFF: return false
                default: continue
                }
            case .emptyInput: return true
            case .error: return false
            }
        }
    }
}
