// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

package import NIOCore

/// A stream cut into numbered pieces of one size; the last is what remains. An empty stream gives no piece.
///
/// Memory: one piece.
package struct FixedSizePieces: AsyncSequence, Sendable {
    /// A piece and its number, from 1.
    package struct Piece: Sendable {
        package let number: Int
        package let bytes: ByteBuffer
    }

    package typealias Element = Piece
    private let source: ByteStream
    private let size: Int

    /// - Parameter size: bytes of every piece but the last, at least 1.
    package init(source: ByteStream, size: Int) {
        self.source = source
        self.size = size
    }

    package struct AsyncIterator: AsyncIteratorProtocol {
        fileprivate var source: ByteStream.AsyncIterator
        fileprivate let size: Int
        private var held = ByteBuffer()
        private var number = 0

        fileprivate init(source: ByteStream.AsyncIterator, size: Int) {
            self.source = source
            self.size = size
        }

        package mutating func next() async throws -> Piece? {
            try await next(isolation: nil)
        }

        package mutating func next(isolation actor: isolated (any Actor)?) async throws -> Piece? {
            var piece = ByteBuffer()
            while piece.readableBytes < size {
                if held.readableBytes == 0 {
                    guard let more = try await source.next(isolation: actor) else { break }
                    held = more
                    continue
                }
                let count = Swift.min(held.readableBytes, size - piece.readableBytes)
                if piece.readableBytes == 0, count == size, let whole = held.readSlice(length: count) {
                    piece = whole
                } else if var slice = held.readSlice(length: count) {
                    if piece.capacity < size { piece.reserveCapacity(size) }
                    piece.writeBuffer(&slice)
                }
            }
            guard piece.readableBytes > 0 else { return nil }
            number += 1
            return Piece(number: number, bytes: piece)
        }
    }

    package func makeAsyncIterator() -> AsyncIterator {
        AsyncIterator(source: source.makeAsyncIterator(), size: size)
    }
}
