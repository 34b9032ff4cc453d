// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

package import NIOCore

/// Bytes of known length that can be read in any order: a local file, an object in a bucket, the inside of a sealed file.
package protocol RandomAccessBytes: Sendable {
    /// The length in bytes, fixed for the life of the value.
    var size: Int64 { get }

    /// Reads exactly the bytes of `range`; an empty range gives an empty buffer. May be called concurrently.
    ///
    /// - Throws: ``ByteStreamError/outOfBounds(_:size:)`` when the range is not within `0..<size`;
    ///   ``ByteStreamError/endedEarly(wanted:got:)`` when the source turns out shorter than `size`.
    func read(_ range: Range<Int64>) async throws -> ByteBuffer
}

extension RandomAccessBytes {
    /// Throws unless `range` lies within the bytes.
    package func checkBounds(_ range: Range<Int64>) throws {
        guard range.lowerBound >= 0, range.upperBound <= size else {
            throw ByteStreamError.outOfBounds(range, size: size)
        }
    }

    /// A stream over `range`, read in blocks of `blockSize` bytes as the consumer asks.
    package func stream(_ range: Range<Int64>, blockSize: Int64 = 1 << 20) -> ByteStream {
        ByteStream(BlockSequence(source: self, range: range, blockSize: blockSize))
    }
}

private struct BlockSequence<Source: RandomAccessBytes>: AsyncSequence, Sendable {
    typealias Element = ByteBuffer
    let source: Source
    let range: Range<Int64>
    let blockSize: Int64

    struct AsyncIterator: AsyncIteratorProtocol {
        let sequence: BlockSequence
        var position: Int64

        mutating func next() async throws -> ByteBuffer? {
            guard position < sequence.range.upperBound else { return nil }
            let end = Swift.min(position + sequence.blockSize, sequence.range.upperBound)
            let block = try await sequence.source.read(position..<end)
            position = end
            return block
        }
    }

    func makeAsyncIterator() -> AsyncIterator {
        AsyncIterator(sequence: self, position: range.lowerBound)
    }
}

/// Random access to a buffer in memory.
package struct BufferBytes: RandomAccessBytes {
    private let buffer: ByteBuffer

    package init(_ buffer: ByteBuffer) {
        self.buffer = buffer
    }

    package var size: Int64 { Int64(buffer.readableBytes) }

    package func read(_ range: Range<Int64>) async throws -> ByteBuffer {
        try checkBounds(range)
        let start = buffer.readerIndex + Int(range.lowerBound)
        guard let slice = buffer.getSlice(at: start, length: range.count) else {
            throw ByteStreamError.outOfBounds(range, size: size)
        }
        return slice
    }
}
