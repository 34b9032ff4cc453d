// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

package import NIOCore
package import Streams

/// Opens a sealed file of which any part can be read.
///
/// Reads the header and the last chunk; that chunk must say that it is the last, so that the size is authenticated before
/// anybody believes it.
/// - Throws: ``AgeError``, and what `sealed` throws.
package func open(_ sealed: any RandomAccessBytes, with identities: [any Identity]) async throws -> OpenedBytes {
    try await OpenedBytes(sealed, identities)
}

/// The plaintext inside a sealed file, once `open` has authenticated its size.
///
/// Reading a range reads and authenticates the chunks of 64 KiB that cover it, at most 4 MiB of them at once beside the
/// result.
package struct OpenedBytes: RandomAccessBytes {
    package let size: Int64
    private let sealed: any RandomAccessBytes
    private let cipher: ChunkCipher
    /// Where the first chunk begins.
    private let start: Int64

    private static let chunkSize = Int64(ChunkCipher.chunkSize)
    private static let sealedChunkSize = Int64(ChunkCipher.sealedChunkSize)
    private static let chunksAtOnce: Int64 = 64

    @concurrent
    fileprivate init(_ sealed: any RandomAccessBytes, _ identities: [any Identity]) async throws {
        let (header, headerEnd) = try await Self.header(of: sealed)
        let fileKey = try await header.fileKey(with: identities)
        start = headerEnd + Int64(ChunkCipher.nonceSize)
        let length = sealed.size - start
        guard length >= ChunkCipher.tagSize else { throw AgeError.truncated }
        cipher = ChunkCipher(fileKey: fileKey, nonce: Array(try await sealed.read(headerEnd..<start).readableBytesView))
        self.sealed = sealed

        // `length` is at least 16 and what a server claims at most: nothing here overflows, for it only gets smaller.
        let last = (length - 1) / Self.sealedChunkSize
        let lastLength = length - last * Self.sealedChunkSize
        guard lastLength > ChunkCipher.tagSize || (last == 0 && lastLength == ChunkCipher.tagSize) else {
            throw AgeError.truncated
        }
        size = length - (last + 1) * Int64(ChunkCipher.tagSize)
        var plaintext = ByteBuffer()
        try await open(last...last, into: &plaintext)
    }

    package func read(_ range: Range<Int64>) async throws -> ByteBuffer {
        try checkBounds(range)
        return range.isEmpty ? ByteBuffer() : try await readChunks(range)
    }

    @concurrent
    private func readChunks(_ range: Range<Int64>) async throws -> ByteBuffer {
        let first = range.lowerBound / Self.chunkSize
        let last = (range.upperBound - 1) / Self.chunkSize
        var result = ByteBuffer()
        var next = first
        while next <= last {
            let end = min(next + Self.chunksAtOnce - 1, last)
            if next == first { result.reserveCapacity(Int((last - first + 1) * Self.chunkSize)) }
            try await open(next...end, into: &result)
            next = end + 1
        }
        guard let slice = result.getSlice(at: Int(range.lowerBound - first * Self.chunkSize), length: range.count)
        else {
            throw AgeError.truncated
        }
        return slice
    }

    /// Appends the plaintext of the chunks to `output`.
    private func open(_ chunks: ClosedRange<Int64>, into output: inout ByteBuffer) async throws {
        let lastOfAll = max(size - 1, 0) / Self.chunkSize
        let from = start + chunks.lowerBound * Self.sealedChunkSize
        let to = min(start + (chunks.upperBound + 1) * Self.sealedChunkSize, sealed.size)
        var bytes = try await sealed.read(from..<to)
        for chunk in chunks {
            let length = min(ChunkCipher.sealedChunkSize, bytes.readableBytes)
            guard let piece = bytes.readSlice(length: length) else { throw AgeError.truncated }
            try piece.withUnsafeReadableBytes {
                try cipher.open($0, chunk: UInt64(chunk), isLast: chunk == lastOfAll, into: &output)
            }
        }
    }

    /// The header and where it ends.
    private static func header(of sealed: any RandomAccessBytes) async throws -> (Header, Int64) {
        var reader = HeaderReader()
        var position: Int64 = 0
        // Nearly every header fits into the first piece.
        let step: Int64 = 4 << 10
        while position < sealed.size {
            let end = min(position + step, sealed.size)
            var piece = try await sealed.read(position..<end)
            let header = try reader.feed(&piece)
            position = end
            if let header { return (header, end - Int64(piece.readableBytes)) }
        }
        throw reader.endError
    }
}
