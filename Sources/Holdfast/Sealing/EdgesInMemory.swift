// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import NIOCore
import Streams

/// A sealed archive whose first and last bytes are in memory: header, last chunk, footer and index are asked for in two
/// requests instead of five.
///
/// Memory: 516 KiB.
struct EdgesInMemory: RandomAccessBytes {
    private let file: any RandomAccessBytes
    private let head: ByteBuffer
    private let tail: ByteBuffer
    private let tailStart: Int64

    /// As much as `SealedFront` reads at once.
    private static let headLength: Int64 = 4 << 10
    /// Eight sealed chunks: what a reader of archives asks for first, wherever it falls, and some more.
    private static let tailLength: Int64 = 8 * (64 << 10 + 16)

    init(_ file: any RandomAccessBytes) async throws {
        self.file = file
        let tailStart = max(0, file.size - Self.tailLength)
        self.tailStart = tailStart
        guard tailStart > Self.headLength else {
            head = try await file.read(0..<file.size)
            tail = ByteBuffer()
            return
        }
        async let first = file.read(0..<Self.headLength)
        async let last = file.read(tailStart..<file.size)
        (head, tail) = try await (first, last)
    }

    var size: Int64 { file.size }

    func read(_ range: Range<Int64>) async throws -> ByteBuffer {
        try checkBounds(range)
        if range.upperBound <= Int64(head.readableBytes) { return slice(head, range, from: 0) }
        if tail.readableBytes > 0, range.lowerBound >= tailStart { return slice(tail, range, from: tailStart) }
        return try await file.read(range)
    }

    /// The range lies within the buffer, so that the slice is there and its place fits into `Int`.
    private func slice(_ buffer: ByteBuffer, _ range: Range<Int64>, from start: Int64) -> ByteBuffer {
        buffer.getSlice(at: buffer.readerIndex + Int(range.lowerBound - start), length: range.count) ?? ByteBuffer()
    }
}
