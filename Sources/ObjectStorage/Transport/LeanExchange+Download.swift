// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import NIOCore

/// The body of an answer between the connection and its reader.
///
/// Collected, it holds at most `wholeUpTo` bytes and one read more; streamed, at most ``highWater`` and one read more.
struct LeanDownload {
    /// Bytes that may wait for the reader before the connection is read no further.
    static let highWater = 512 << 10

    /// Pieces that may wait: a piece of one byte keeps the buffer of its read in memory, 4 KiB at least.
    private static let pieceLimit = 64

    private var pieces = CircularBuffer<ByteBuffer>(initialCapacity: 2)
    /// What is collected so far. Not an element of `pieces`: writing to an element copies it.
    private var collected = ByteBuffer()
    /// The bytes to collect, as far as they are known and believed.
    private var expected = 0
    private var reader: CheckedContinuation<ByteBuffer?, any Error>?
    private var failure: (any Error)?
    private var hasEnded = false
    /// Bytes waiting.
    private(set) var byteCount = 0

    var hasRoom: Bool { byteCount < Self.highWater && pieces.count < Self.pieceLimit && !hasEnded }

    /// Takes note of the length to come, to collect into one buffer of the right size: a buffer that grows by doubling
    /// is copied as often. Memory is only used as bytes come, so that a server that lies costs nothing.
    mutating func expect(_ length: Int64?, limit: Int) {
        expected = Int(clamping: min(length ?? 0, Int64(limit)))
    }

    mutating func append(_ piece: ByteBuffer, isStreaming: Bool) {
        if let reader {
            self.reader = nil
            reader.resume(returning: piece)
            return
        }
        byteCount += piece.readableBytes
        if isStreaming {
            pieces.append(piece)
        } else if collected.readableBytes == 0, piece.readableBytes >= expected,
            piece.readableBytes * 2 >= piece.storageCapacity
        {
            // A smaller slice would keep the whole buffer of its read in memory.
            collected = piece
        } else {
            collected.reserveCapacity(minimumWritableBytes: max(expected - collected.readableBytes, 0))
            collected.writeImmutableBuffer(piece)
        }
    }

    /// Everything collected.
    mutating func takeAll() -> ByteBuffer {
        defer { collected = ByteBuffer() }
        return collected
    }

    /// Lets the reader have what was collected and what follows, piece by piece.
    mutating func beginStreaming() {
        let start = takeAll()
        if start.readableBytes > 0 { pieces.append(start) }
    }

    mutating func end() {
        hasEnded = true
        reader?.resume(returning: nil)
        reader = nil
    }

    mutating func fail(_ error: any Error) {
        hasEnded = true
        failure = error
        pieces.removeAll()
        collected = ByteBuffer()
        byteCount = 0
        reader?.resume(throwing: error)
        reader = nil
    }

    /// Gives the next piece as soon as there is one.
    mutating func pull(_ continuation: CheckedContinuation<ByteBuffer?, any Error>) {
        if let piece = pieces.popFirst() {
            byteCount -= piece.readableBytes
            continuation.resume(returning: piece)
        } else if let failure {
            continuation.resume(throwing: failure)
        } else if hasEnded {
            continuation.resume(returning: nil)
        } else {
            reader = continuation
        }
    }
}

extension LeanExchange {
    /// The next piece of a streamed body, from any task, one call at a time.
    func nextPiece() async throws -> ByteBuffer? {
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                onLoop {
                    self.download.pull(continuation)
                    if self.wantsData { self.connection?.requestRead() }
                }
            }
        } onCancel: {
            cancel()
        }
    }
}

/// Ends the request when nobody is left to read its body.
final class LeanBodyReader: Sendable {
    let exchange: LeanExchange

    init(exchange: LeanExchange) {
        self.exchange = exchange
    }

    deinit {
        exchange.cancel()
    }
}

/// The body of an answer, read from the connection as the reader asks.
struct LeanBody: AsyncSequence, Sendable {
    typealias Element = ByteBuffer
    let reader: LeanBodyReader

    struct AsyncIterator: AsyncIteratorProtocol {
        let reader: LeanBodyReader

        mutating func next() async throws -> ByteBuffer? {
            try await reader.exchange.nextPiece()
        }
    }

    func makeAsyncIterator() -> AsyncIterator {
        AsyncIterator(reader: reader)
    }
}
