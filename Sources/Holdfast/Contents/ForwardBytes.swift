// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import NIOCore
import Streams

/// A stream read by ascending ranges: what lies between them is skipped, what lies behind is gone.
///
/// Used by one task in sequence; holds the rest of one buffer.
actor ForwardBytes {
    private let pull: () async throws -> ByteBuffer?
    private var held = ByteBuffer()
    /// The offset of the next byte that can be had.
    private(set) var position: Int64 = 0

    init(_ stream: ByteStream) {
        var iterator = stream.makeAsyncIterator()
        pull = { try await iterator.next() }
    }

    /// The next bytes of `range`, at most a buffer's worth; `nil` when the range is done.
    ///
    /// - Throws: ``ByteStreamError/endedEarly(wanted:got:)`` when the stream ends before the range does.
    func next(of range: Range<Int64>) async throws -> ByteBuffer? {
        let start = max(position, range.lowerBound)
        guard start < range.upperBound else { return nil }
        while true {
            let skipped = min(Int64(held.readableBytes), start - position)
            held.moveReaderIndex(forwardBy: Int(skipped))
            position += skipped
            if position == start, held.readableBytes > 0 {
                let count = Int(min(Int64(held.readableBytes), range.upperBound - start))
                position += Int64(count)
                return held.readSlice(length: count)
            }
            guard let more = try await pull() else {
                throw ByteStreamError.endedEarly(wanted: range.upperBound, got: position)
            }
            held = more
        }
    }

    /// The bytes of a range that lies at or after the last one.
    nonisolated func stream(_ range: Range<Int64>) -> ByteStream {
        ByteStream { try await self.next(of: range) }
    }
}
