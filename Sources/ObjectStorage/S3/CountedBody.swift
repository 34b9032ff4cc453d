// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import NIOCore
import Streams

/// The body of an answer, checked against the length that was announced.
///
/// Transports notice a body cut short; this does not rely on it, since a short body taken for the whole would be a
/// damaged backup.
struct CountedBody: AsyncSequence, Sendable {
    typealias Element = ByteBuffer

    let source: ByteStream
    /// Bytes that must come.
    let length: Int64
    /// Whether what comes after them is left unread: the rest of an object of which a server sent more than asked.
    let dropsRest: Bool
    let request: S3Request

    struct AsyncIterator: AsyncIteratorProtocol {
        let body: CountedBody
        var source: ByteStream.AsyncIterator
        var remaining: Int64

        mutating func next() async throws -> ByteBuffer? {
            if remaining == 0, body.dropsRest { return nil }
            let piece: ByteBuffer?
            do {
                piece = try await source.next()
            } catch let error as ObjectStoreError {
                throw error.naming(body.request.subject)
            }
            guard var piece else {
                guard remaining == 0 else { throw body.wrongLength(body.length - remaining) }
                return nil
            }
            let count = Int64(piece.readableBytes)
            if count > remaining {
                guard body.dropsRest, let start = piece.readSlice(length: Int(remaining)) else {
                    throw body.wrongLength(body.length - remaining + count)
                }
                remaining = 0
                return start
            }
            remaining -= count
            return piece
        }
    }

    func makeAsyncIterator() -> AsyncIterator {
        AsyncIterator(body: self, source: source.makeAsyncIterator(), remaining: length)
    }

    func wrongLength(_ got: Int64) -> ObjectStoreError {
        ObjectStoreError(
            .badAnswer, "\(request.subject): the body has \(got) bytes where \(length) were announced")
    }

    /// The body as a stream; one that is in memory already stays so and is checked at once.
    func stream() throws -> ByteStream {
        guard var whole = source.whole else { return ByteStream(self) }
        let count = Int64(whole.readableBytes)
        guard count >= length, count == length || dropsRest, let start = whole.readSlice(length: Int(length)) else {
            throw wrongLength(count)
        }
        return ByteStream(start)
    }
}
