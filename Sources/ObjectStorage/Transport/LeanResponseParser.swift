// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import NIOCore

/// Cuts the bytes of a connection into HTTP/1.1 answers (RFC 9112): a pure state machine, one answer at a time.
///
/// Strict, because a length misread is an object misread: two lengths that differ, a length beside a transfer coding,
/// a folded header, a coding other than `chunked` are errors. Bytes of headers are kept as they are.
/// Holds at most 64 KiB of head or what one `feed` brought; bodies pass through as slices.
struct LeanResponseParser {
    enum Event: Equatable {
        case head(LeanResponseHead)
        case body(ByteBuffer)
        case end
    }

    private enum State: Equatable {
        /// Between answers: nothing may come.
        case idle
        case head
        case fixed(Int64)
        case untilClose
        case chunkSize
        case chunk(Int64)
        case chunkEnd
        case trailers
        case end
    }

    static let headLimit = 64 << 10
    /// The longest line before a chunk, extensions included.
    private static let chunkLineLimit = 1 << 10
    /// The most 1xx answers before the real one.
    private static let interimLimit = 16

    private var state = State.idle
    private var buffer = ByteBuffer()
    /// Bytes of the buffer that were searched for the end of the head already.
    private var searched = 0
    private var trailerBytes = 0
    private var interim = 0
    private var isHead = false

    /// Whether every byte was used and no answer is under way.
    var isIdle: Bool { state == .idle && buffer.readableBytes == 0 }

    /// Expects the answer to a request.
    ///
    /// - Parameter isHead: whether it was a HEAD request, whose answer has no body whatever it says.
    mutating func begin(isHead: Bool) {
        state = .head
        searched = 0
        interim = 0
        trailerBytes = 0
        self.isHead = isHead
    }

    /// Takes bytes from the connection.
    mutating func feed(_ bytes: ByteBuffer) {
        if buffer.readableBytes == 0 { buffer = bytes } else { buffer.writeImmutableBuffer(bytes) }
    }

    /// The next event; `nil` when more bytes are needed.
    ///
    /// - Throws: ``LeanParserError``; the parser must not be used afterwards.
    mutating func next() throws -> Event? {
        while true {
            switch state {
            case .idle:
                guard buffer.readableBytes == 0 else { throw LeanParserError.unsolicited }
                return nil
            case .head:
                guard let head = try nextHead() else { return nil }
                if let event = try accept(head) { return event }
            case .fixed(let rest):
                guard let piece = readPiece(upTo: rest) else { return nil }
                let remaining = rest - Int64(piece.readableBytes)
                state = remaining == 0 ? .end : .fixed(remaining)
                return .body(piece)
            case .untilClose:
                guard let piece = readPiece(upTo: .max) else { return nil }
                return .body(piece)
            case .chunkSize:
                guard let line = try readLine(limit: Self.chunkLineLimit) else { return nil }
                let size = try LeanResponseHead.chunkSize(line.readableBytesView)
                state = size == 0 ? .trailers : .chunk(size)
            case .chunk(let rest):
                guard let piece = readPiece(upTo: rest) else { return nil }
                let remaining = rest - Int64(piece.readableBytes)
                state = remaining == 0 ? .chunkEnd : .chunk(remaining)
                return .body(piece)
            case .chunkEnd:
                guard let line = try readLine(limit: 2) else { return nil }
                guard line.readableBytes == 0 else {
                    throw LeanParserError.malformed("a chunk is longer than its size")
                }
                state = .chunkSize
            case .trailers:
                guard let line = try readLine(limit: Self.headLimit - trailerBytes) else { return nil }
                trailerBytes += line.readableBytes + 2
                if line.readableBytes == 0 { state = .end }
            case .end:
                state = .idle
                return .end
            }
        }
    }

    /// Takes note that the connection ended.
    ///
    /// - Returns: `.end` when that is the end of the body; `nil` between answers.
    /// - Throws: ``LeanParserError/endedEarly`` in the middle of an answer.
    mutating func finish() throws -> Event? {
        switch state {
        case .idle: return nil
        case .untilClose:
            state = .idle
            return .end
        default: throw LeanParserError.endedEarly
        }
    }

    private mutating func accept(_ head: LeanResponseHead) throws -> Event? {
        if (100..<200).contains(head.status) {
            interim += 1
            guard head.status != 101, interim <= Self.interimLimit else {
                throw LeanParserError.malformed("status \(head.status) where an answer belongs")
            }
            searched = 0
            return nil
        }
        if isHead || head.status == 204 || head.status == 304 {
            state = .end
        } else if head.isChunked {
            state = .chunkSize
        } else if let length = head.contentLength {
            state = length == 0 ? .end : .fixed(length)
        } else {
            state = .untilClose
        }
        return .head(head)
    }

    private mutating func nextHead() throws -> LeanResponseHead? {
        let found = try buffer.withUnsafeReadableBytes { bytes -> LeanResponseHead? in
            try LeanResponseHead.checkBeginning(bytes)
            guard let length = LeanResponseHead.length(bytes, searchedBefore: &searched) else {
                guard bytes.count < Self.headLimit else { throw LeanParserError.headTooLong }
                return nil
            }
            guard length <= Self.headLimit else { throw LeanParserError.headTooLong }
            return try LeanResponseHead(UnsafeRawBufferPointer(rebasing: bytes[..<length]))
        }
        if let found { buffer.moveReaderIndex(forwardBy: found.byteCount) }
        return found
    }

    private mutating func readPiece(upTo limit: Int64) -> ByteBuffer? {
        let count = min(Int64(buffer.readableBytes), limit)
        guard count > 0 else { return nil }
        return buffer.readSlice(length: Int(count))
    }

    /// A line without its end; `nil` when it is not complete yet.
    private mutating func readLine(limit: Int) throws -> ByteBuffer? {
        let view = buffer.readableBytesView
        guard let newline = view.firstIndex(of: UInt8(ascii: "\n")) else {
            guard view.count <= limit else { throw LeanParserError.malformed("a line of a chunked body does not end") }
            return nil
        }
        let length = newline - view.startIndex
        guard length <= limit, var line = buffer.readSlice(length: length + 1) else {
            throw LeanParserError.malformed("a line of a chunked body is too long")
        }
        line.moveWriterIndex(to: line.writerIndex - 1)
        if line.readableBytesView.last == UInt8(ascii: "\r") { line.moveWriterIndex(to: line.writerIndex - 1) }
        return line
    }
}

/// What is wrong with an answer, as HTTP.
enum LeanParserError: Error, Equatable {
    case notHTTP
    case headTooLong
    case malformed(String)
    /// The connection ended before the answer.
    case endedEarly
    /// Bytes came that nobody asked for.
    case unsolicited
}
