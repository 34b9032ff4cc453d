// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

/// Status line and headers of an answer (RFC 9112 sections 4 and 5).
struct LeanResponseHead: Equatable {
    let status: Int
    /// Names in lower case; values as the bytes that came, without surrounding blanks.
    let fields: [Field]
    let contentLength: Int64?
    let isChunked: Bool
    /// Whether the connection may carry another request.
    let keepsAlive: Bool
    /// The bytes of the head, the empty line included.
    let byteCount: Int

    /// Reads a complete head.
    ///
    /// - Parameter bytes: up to and including the empty line.
    init(_ bytes: UnsafeRawBufferPointer) throws {
        byteCount = bytes.count
        var lines = Lines(bytes: bytes)
        guard let statusLine = lines.next() else { throw LeanParserError.notHTTP }
        let (status, minor) = try Self.status(statusLine)
        self.status = status
        var fields: [Field] = []
        fields.reserveCapacity(16)
        var framing = Framing(keepsAlive: minor >= 1)
        while let line = lines.next(), !line.isEmpty {
            let field = try Self.field(line)
            try framing.note(field)
            fields.append(field)
        }
        guard framing.length == nil || !framing.isChunked else {
            throw LeanParserError.malformed("a content-length beside a transfer-encoding")
        }
        self.fields = fields
        contentLength = framing.length
        isChunked = framing.isChunked
        keepsAlive = framing.keepsAlive
    }

    /// The length of the head at the beginning of `bytes`, the empty line included; `nil` when it is not complete.
    ///
    /// - Parameter searched: where to go on searching; moved on for the next time.
    static func length(_ bytes: UnsafeRawBufferPointer, searchedBefore searched: inout Int) -> Int? {
        var index = searched
        while index < bytes.count {
            if bytes[index] == UInt8(ascii: "\n") {
                let next = bytes[(index + 1)...].prefix(2)
                if next.first == UInt8(ascii: "\n") { return index + 2 }
                if next.elementsEqual("\r\n".utf8) { return index + 3 }
                // The end may lie just ahead: look at this line end again with the next bytes.
                if next.count < 2 { break }
            }
            index += 1
        }
        searched = index
        return nil
    }

    /// Throws as soon as the first bytes cannot become a status line, so that a page of HTML is not waited for.
    static func checkBeginning(_ bytes: UnsafeRawBufferPointer) throws {
        for (index, wanted) in "HTTP/1.".utf8.enumerated() where index < bytes.count {
            guard bytes[index] == wanted else { throw LeanParserError.notHTTP }
        }
    }

    /// The size that the line before a chunk gives; extensions after `;` are ignored.
    static func chunkSize(_ line: some Sequence<UInt8>) throws -> Int64 {
        var size: Int64 = 0
        var digits = 0
        for byte in line {
            if byte == UInt8(ascii: ";") || byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") { break }
            guard let digit = Character(UnicodeScalar(byte)).hexDigitValue, digits < 15 else {
                throw LeanParserError.malformed("a chunk without a size")
            }
            size = size << 4 | Int64(digit)
            digits += 1
        }
        guard digits > 0 else { throw LeanParserError.malformed("a chunk without a size") }
        return size
    }

    /// `HTTP/1.1 200 OK`: the status and the minor version.
    private static func status(_ line: UnsafeRawBufferPointer) throws -> (status: Int, minor: UInt8) {
        try checkBeginning(line)
        guard line.count >= 12, isDigit(line[7]), line[8] == UInt8(ascii: " "), line[9...11].allSatisfy(isDigit),
            line.count == 12 || line[12] == UInt8(ascii: " ")
        else { throw LeanParserError.notHTTP }
        let status = line[9...11].reduce(0) { $0 * 10 + Int($1 - 48) }
        guard (100...599).contains(status) else { throw LeanParserError.notHTTP }
        return (status, line[7] - 48)
    }

    private static func field(_ line: UnsafeRawBufferPointer) throws -> Field {
        guard let colon = line.firstIndex(of: UInt8(ascii: ":")), colon > 0, line[..<colon].allSatisfy(isToken) else {
            throw LeanParserError.malformed("a header line without a name")
        }
        var start = colon + 1
        var end = line.count
        while start < end, isBlank(line[start]) { start += 1 }
        while end > start, isBlank(line[end - 1]) { end -= 1 }
        let value = line[start..<end]
        guard value.allSatisfy({ $0 != 0 && $0 != UInt8(ascii: "\r") }) else {
            throw LeanParserError.malformed("a control character in a header")
        }
        let name = String(unsafeUninitializedCapacity: colon) { target in
            for index in 0..<colon {
                let byte = line[index]
                target[index] = (65...90).contains(byte) ? byte | 32 : byte
            }
            return colon
        }
        return Field(name, Array(value))
    }

    private static func isDigit(_ byte: UInt8) -> Bool { byte >= 48 && byte <= 57 }

    private static func isBlank(_ byte: UInt8) -> Bool { byte == 32 || byte == 9 }

    /// RFC 9110 section 5.6.2.
    private static func isToken(_ byte: UInt8) -> Bool {
        switch byte {
        case 48...57, 65...90, 94...122, 33, 35...39, 42, 43, 45, 46, 124, 126: true
        default: false
        }
    }
}

extension LeanResponseHead {
    /// What the headers say about where the body ends.
    private struct Framing {
        var length: Int64?
        var isChunked = false
        var keepsAlive: Bool

        mutating func note(_ field: Field) throws {
            // Lengths first: they are cheaper to compare than names, and these come with every answer.
            switch field.name.utf8.count {
            case 14 where field.name == "content-length":
                let value = try Self.number(field.value)
                guard length == nil || length == value else {
                    throw LeanParserError.malformed("two lengths that differ")
                }
                length = value
            case 17 where field.name == "transfer-encoding":
                guard !isChunked, field.text.lowercased() == "chunked" else {
                    throw LeanParserError.malformed("an unknown transfer-encoding")
                }
                isChunked = true
            case 10 where field.name == "connection":
                for option in field.text.lowercased().split(separator: ",") {
                    switch option.drop(while: { $0 == " " }).prefix(while: { $0 != " " }) {
                    case "close": keepsAlive = false
                    case "keep-alive": keepsAlive = true
                    default: break
                    }
                }
            default: break
            }
        }

        /// Digits only, and few enough not to overflow.
        private static func number(_ digits: [UInt8]) throws -> Int64 {
            guard (1...18).contains(digits.count), digits.allSatisfy({ (48...57).contains($0) }) else {
                throw LeanParserError.malformed("a content-length that is no number")
            }
            return digits.reduce(0) { $0 * 10 + Int64($1 - 48) }
        }
    }

    /// The lines of a head, without their ends.
    private struct Lines {
        let bytes: UnsafeRawBufferPointer
        var position = 0

        mutating func next() -> UnsafeRawBufferPointer? {
            var end = position
            while end < bytes.count, bytes[end] != UInt8(ascii: "\n") { end += 1 }
            guard end < bytes.count else { return nil }
            let start = position
            position = end + 1
            if end > start, bytes[end - 1] == UInt8(ascii: "\r") { end -= 1 }
            return UnsafeRawBufferPointer(rebasing: bytes[start..<end])
        }
    }
}
