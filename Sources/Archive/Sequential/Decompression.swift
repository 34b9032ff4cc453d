// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import NIOCore
package import Streams

/// The tar stream inside a compressed file, whoever made it: gzip of any number of members, zstd of any number of
/// frames, or not compressed at all, told apart by the first bytes.
///
/// Holds one piece of input, up to 256 KiB of output and the codec's window (32 KiB for gzip, at most 128 MiB for
/// zstd). The stream throws ``ArchiveError/truncated(_:)`` when the input ends within a member or frame, and
/// ``ArchiveError/corrupt(_:)`` for damage, wrong checksums and anything but zeros behind the last gzip member.
package func decompressed(_ stream: ByteStream) -> ByteStream {
    ByteStream(Decompression(source: stream))
}

/// Decompresses as it is fed. Called by one task at a time.
protocol StreamDecoder: Sendable {
    /// Consumes bytes of `input` and appends to `output` until the one is empty or the other holds `limit` bytes.
    ///
    /// - Returns: whether there may be more output without more input.
    func decode(_ input: inout ByteBuffer, into output: inout ByteBuffer, limit: Int) throws -> Bool
    /// Whether the input may end here.
    var isComplete: Bool { get }
}

private struct Decompression: AsyncSequence, Sendable {
    typealias Element = ByteBuffer
    let source: ByteStream

    struct AsyncIterator: AsyncIteratorProtocol {
        static let outputLength = 256 << 10

        var source: ByteStream.AsyncIterator
        var input = ByteBuffer()
        var decoder: (any StreamDecoder)?
        var detected = false
        var hasMore = false

        init(source: ByteStream.AsyncIterator) {
            self.source = source
        }

        mutating func next() async throws -> ByteBuffer? {
            if !detected { try await detect() }
            guard let decoder else { return try await passThrough() }
            while true {
                if input.readableBytes == 0, !hasMore {
                    guard let piece = try await source.next() else {
                        guard decoder.isComplete else { throw ArchiveError.truncated("within compressed data") }
                        return nil
                    }
                    input = piece
                }
                let step = try await Self.step(decoder, input)
                input = step.rest
                hasMore = step.hasMore
                if step.output.readableBytes > 0 { return step.output }
            }
        }

        private mutating func passThrough() async throws -> ByteBuffer? {
            guard input.readableBytes > 0 else { return try await source.next() }
            defer { input = ByteBuffer() }
            return input
        }

        private mutating func detect() async throws {
            while input.readableBytes < 4, var piece = try await source.next() {
                input.writeBuffer(&piece)
            }
            detected = true
            switch input.getBytes(at: input.readerIndex, length: Swift.min(4, input.readableBytes)) ?? [] {
            case let magic where magic.starts(with: [0x1f, 0x8b]): decoder = GzipStreamDecoder()
            case [0x28, 0xb5, 0x2f, 0xfd]: decoder = try ZstdStreamDecoder()
            // Skippable frames: sixteen magic numbers from 0x184D2A50.
            case let magic where magic.dropFirst() == [0x2a, 0x4d, 0x18] && magic[0] & 0xf0 == 0x50:
                decoder = try ZstdStreamDecoder()
            default: decoder = nil
            }
        }

        @concurrent
        private static func step(
            _ decoder: any StreamDecoder, _ input: ByteBuffer
        ) async throws -> (output: ByteBuffer, rest: ByteBuffer, hasMore: Bool) {
            var rest = input
            var output = ByteBuffer()
            output.reserveCapacity(outputLength)
            let hasMore = try decoder.decode(&rest, into: &output, limit: outputLength)
            return (output, rest, hasMore)
        }
    }

    func makeAsyncIterator() -> AsyncIterator {
        AsyncIterator(source: source.makeAsyncIterator())
    }
}
