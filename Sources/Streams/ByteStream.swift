// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

package import NIOCore

/// A pull-based stream of byte buffers whose source is erased.
///
/// Nothing is produced before the consumer asks, so back-pressure is the consumer's pace. A stream is read once;
/// what must be read twice is a ``ReplayableBody``.
package struct ByteStream: AsyncSequence, Sendable {
    package typealias Element = ByteBuffer
    package typealias Failure = any Error

    /// The whole content when it is already in memory: the fast path for small objects.
    package let whole: ByteBuffer?
    private let makePull: @Sendable () -> () async throws -> ByteBuffer?

    /// Wraps any asynchronous sequence of buffers.
    package init<Source: AsyncSequence & Sendable>(_ source: Source) where Source.Element == ByteBuffer {
        whole = nil
        makePull = {
            var iterator = source.makeAsyncIterator()
            return { try await iterator.next(isolation: #isolation) }
        }
    }

    /// Wraps a function that answers the next buffer, or `nil` at the end.
    package init(pull: @escaping @Sendable () async throws -> ByteBuffer?) {
        whole = nil
        makePull = { pull }
    }

    /// A stream of one buffer, or of none when `buffer` is empty.
    package init(_ buffer: ByteBuffer) {
        whole = buffer
        makePull = {
            var rest = buffer.readableBytes > 0 ? buffer : nil
            return {
                defer { rest = nil }
                return rest
            }
        }
    }

    package struct AsyncIterator: AsyncIteratorProtocol {
        fileprivate let pull: () async throws -> ByteBuffer?

        package mutating func next() async throws -> ByteBuffer? {
            try await pull()
        }

        package mutating func next(isolation actor: isolated (any Actor)?) async throws -> ByteBuffer? {
            try await pull()
        }
    }

    package func makeAsyncIterator() -> AsyncIterator {
        AsyncIterator(pull: makePull())
    }

    /// Reads everything into one buffer.
    ///
    /// - Parameter limit: the most bytes to accept.
    /// - Throws: ``ByteStreamError/tooLong(limit:)`` when there are more; whatever the source throws.
    package func collect(upTo limit: Int) async throws -> ByteBuffer {
        if let whole {
            guard whole.readableBytes <= limit else { throw ByteStreamError.tooLong(limit: limit) }
            return whole
        }
        var result: ByteBuffer?
        for try await var piece in self {
            guard (result?.readableBytes ?? 0) + piece.readableBytes <= limit else {
                throw ByteStreamError.tooLong(limit: limit)
            }
            if result == nil { result = piece } else { result?.writeBuffer(&piece) }
        }
        return result ?? ByteBuffer()
    }
}

/// What can be wrong with a stream of bytes.
package enum ByteStreamError: Error, Equatable, CustomStringConvertible {
    /// More than `limit` bytes came where at most so many are accepted.
    case tooLong(limit: Int)
    /// A range was asked for that does not lie within `size` bytes.
    case outOfBounds(Range<Int64>, size: Int64)
    /// The source ended after `got` of `wanted` bytes.
    case endedEarly(wanted: Int64, got: Int64)

    package var description: String {
        switch self {
        case .tooLong(let limit): "more than \(limit) bytes where at most so many are accepted"
        case .outOfBounds(let range, let size): "bytes \(range) asked of a source of \(size) bytes"
        case .endedEarly(let wanted, let got): "ended after \(got) of \(wanted) bytes"
        }
    }
}
