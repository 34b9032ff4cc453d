// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

/// A pull scanner for the XML of S3 servers. It allocates nothing for an event.
///
/// Not an XML processor, on purpose: no document types (so no entity bombs), no names beyond ASCII delimiters, no
/// check of characters, because servers put raw control bytes of keys into their answers. Namespaces, prefixes,
/// attributes, comments and processing instructions are passed over. UTF-8 only.
struct XMLScanner {
    enum Event {
        /// An element begins; `<a/>` gives a start and an end.
        case start(XMLName)
        case end
        /// Characters between tags, as they stand in the document; to be decoded when `escaped`.
        case text(UnsafeRawBufferPointer, escaped: Bool)
        case done
    }

    /// Elements may lie this deep; S3's own documents need six.
    static let depthLimit = 32

    private let bytes: UnsafeRawBufferPointer
    private var position = 0
    /// How many elements are open.
    private(set) var depth = 0
    /// The full names of the open elements, to compare with their end tags.
    private var open: InlineArray<32, Range<Int>> = InlineArray(repeating: 0..<0)
    private var endsAtOnce = false
    private var hasRoot = false

    /// - Parameter bytes: must outlive the scanner and everything it returns.
    init(_ bytes: UnsafeRawBufferPointer) {
        self.bytes = bytes
        if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { position = 3 }
    }

    mutating func next() throws(XMLProblem) -> Event {
        if endsAtOnce {
            endsAtOnce = false
            depth -= 1
            return .end
        }
        while position < bytes.count {
            if bytes[position] != UInt8(ascii: "<") {
                let text = readText()
                if depth > 0 { return text }
                guard case .text(let outside, _) = text, outside.allSatisfy(Self.isSpace) else {
                    throw XMLProblem("text outside the root element")
                }
                continue
            }
            guard position + 1 < bytes.count else { throw XMLProblem("a tag is cut short") }
            switch bytes[position + 1] {
            case UInt8(ascii: "/"):
                return try readEndTag()
            case UInt8(ascii: "?"):
                try skip(past: "?>", from: position + 2)
            case UInt8(ascii: "!"):
                if let text = try readDeclaration() { return text }
            default:
                return try readStartTag()
            }
        }
        guard depth == 0 else { throw XMLProblem("the document ends within an element") }
        guard hasRoot else { throw XMLProblem("there is no element") }
        return .done
    }

    // MARK: Pieces

    private mutating func readText() -> Event {
        let start = position
        var escaped = false
        while position < bytes.count, bytes[position] != UInt8(ascii: "<") {
            if bytes[position] == UInt8(ascii: "&") { escaped = true }
            position += 1
        }
        return .text(UnsafeRawBufferPointer(rebasing: bytes[start..<position]), escaped: escaped)
    }

    private mutating func readStartTag() throws(XMLProblem) -> Event {
        let start = position + 1
        var end = start
        while end < bytes.count, !Self.endsName(bytes[end]) { end += 1 }
        guard end > start else { throw XMLProblem("a tag has no name") }
        var quote: UInt8 = 0
        var index = end
        while index < bytes.count {
            let byte = bytes[index]
            if quote != 0 {
                if byte == quote { quote = 0 }
            } else if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "'") {
                quote = byte
            } else if byte == UInt8(ascii: ">") {
                break
            } else if byte == UInt8(ascii: "<") {
                throw XMLProblem("a tag is not closed")
            }
            index += 1
        }
        guard index < bytes.count else { throw XMLProblem("a tag is cut short") }
        guard depth > 0 || !hasRoot else { throw XMLProblem("there is more than one root element") }
        guard depth < Self.depthLimit else {
            throw XMLProblem("elements lie more than \(Self.depthLimit) deep")
        }
        endsAtOnce = bytes[index - 1] == UInt8(ascii: "/")
        hasRoot = true
        open[depth] = start..<end
        depth += 1
        position = index + 1
        return .start(XMLName(UnsafeRawBufferPointer(rebasing: bytes[start..<end])))
    }

    private mutating func readEndTag() throws(XMLProblem) -> Event {
        let start = position + 2
        var end = start
        while end < bytes.count, bytes[end] != UInt8(ascii: ">") { end += 1 }
        guard end < bytes.count else { throw XMLProblem("a tag is cut short") }
        position = end + 1
        while end > start, Self.isSpace(bytes[end - 1]) { end -= 1 }
        guard depth > 0, bytes[start..<end].elementsEqual(bytes[open[depth - 1]]) else {
            throw XMLProblem("an end tag does not match its start tag")
        }
        depth -= 1
        return .end
    }

    /// A comment gives `nil`, character data its text; a document type is refused.
    private mutating func readDeclaration() throws(XMLProblem) -> Event? {
        if follows("<!--") {
            try skip(past: "-->", from: position + 4)
            return nil
        }
        guard follows("<![CDATA["), depth > 0 else { throw XMLProblem("a document type is not accepted") }
        let start = position + 9
        try skip(past: "]]>", from: start)
        return .text(UnsafeRawBufferPointer(rebasing: bytes[start..<position - 3]), escaped: false)
    }

    private func follows(_ text: StaticString) -> Bool {
        bytes[position...].starts(with: UnsafeRawBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }

    private mutating func skip(past mark: StaticString, from start: Int) throws(XMLProblem) {
        position = start
        while position < bytes.count {
            if follows(mark) {
                position += mark.utf8CodeUnitCount
                return
            }
            position += 1
        }
        throw XMLProblem("a comment, instruction or character data is cut short")
    }

    static func isSpace(_ byte: UInt8) -> Bool {
        byte == 32 || (byte >= 9 && byte <= 13)
    }

    private static func endsName(_ byte: UInt8) -> Bool {
        isSpace(byte) || byte == UInt8(ascii: ">") || byte == UInt8(ascii: "/") || byte == UInt8(ascii: "<")
    }
}

/// The name of an element, its namespace prefix left off. Points into the document.
struct XMLName {
    let local: UnsafeRawBufferPointer

    init(_ full: UnsafeRawBufferPointer) {
        if let colon = full.lastIndex(of: UInt8(ascii: ":")) {
            local = UnsafeRawBufferPointer(rebasing: full[(colon + 1)...])
        } else {
            local = full
        }
    }

    /// Lets a `switch` over a name read like one over strings.
    static func ~= (pattern: StaticString, name: XMLName) -> Bool {
        pattern.utf8CodeUnitCount == name.local.count
            && name.local.elementsEqual(
                UnsafeRawBufferPointer(start: pattern.utf8Start, count: pattern.utf8CodeUnitCount))
    }

    /// For messages.
    var text: String { String(decoding: local, as: UTF8.self) }
}

/// Why a text is not the XML that was expected.
struct XMLProblem: Error, Equatable, CustomStringConvertible {
    let description: String

    init(_ description: String) {
        self.description = description
    }
}
