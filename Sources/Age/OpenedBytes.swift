// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

package import NIOCore
package import Streams

/// Opens a sealed file of which any part can be read.
///
/// Reads the front and the last chunk; that chunk must say that it is the last, so that the size is authenticated before
/// anybody believes it.
/// - Throws: ``AgeError``, and what `sealed` throws.
package func open(_ sealed: any RandomAccessBytes, with identities: [any Identity]) async throws -> OpenedBytes {
    try await open(sealed, SealedFront.read(sealed), with: identities)
}

/// As above, for a file whose front was read already.
package func open(
    _ sealed: any RandomAccessBytes, _ front: SealedFront, with identities: [any Identity]
) async throws -> OpenedBytes {
    try await OpenedBytes(sealed, front, identities, wantsEnd: true)
}

/// Opens what is left of a sealed file whose end is lost or damaged, to save what can be saved.
///
/// Every byte is authenticated still, but nothing tells how many there were: the size is that of the whole chunks that
/// there are, the last of which may turn out not to be one.
/// - Throws: ``AgeError``, and what `sealed` throws.
package func openRemains(
    _ sealed: any RandomAccessBytes, _ front: SealedFront, with identities: [any Identity]
) async throws -> OpenedBytes {
    try await OpenedBytes(sealed, front, identities, wantsEnd: false)
}

/// The plaintext inside a sealed file.
///
/// Reading a range reads and authenticates the chunks of 64 KiB that cover it, at most 4 MiB of them at once beside the
/// result.
package struct OpenedBytes: RandomAccessBytes {
    package let size: Int64
    private let sealed: any RandomAccessBytes
    private let cipher: ChunkCipher
    /// Where the first chunk begins.
    private let start: Int64
    /// The number of the chunk that must be marked as the last; `nil` when the file's end is lost.
    private let last: Int64?

    private static let chunkSize = Int64(ChunkCipher.chunkSize)
    private static let sealedChunkSize = Int64(ChunkCipher.sealedChunkSize)
    private static let chunksAtOnce: Int64 = 64

    @concurrent
    fileprivate init(
        _ sealed: any RandomAccessBytes, _ front: SealedFront, _ identities: [any Identity], wantsEnd: Bool
    ) async throws {
        let fileKey = try await front.fileKey(with: identities)
        cipher = ChunkCipher(fileKey: fileKey, nonce: front.nonce)
        start = front.payload.lowerBound + Int64(ChunkCipher.nonceSize)
        self.sealed = sealed
        // What a server claims at most: nothing below overflows, for it only gets smaller.
        let length = sealed.size - start
        guard wantsEnd else {
            size = length / Self.sealedChunkSize * Self.chunkSize
            last = nil
            return
        }
        guard length >= ChunkCipher.tagSize else { throw AgeError.truncated }
        let last = (length - 1) / Self.sealedChunkSize
        let lastLength = length - last * Self.sealedChunkSize
        guard lastLength > ChunkCipher.tagSize || (last == 0 && lastLength == ChunkCipher.tagSize) else {
            throw AgeError.truncated
        }
        size = length - (last + 1) * Int64(ChunkCipher.tagSize)
        self.last = last
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

    /// Seals a chunk once more whose sealed bytes are damaged.
    ///
    /// Two plaintexts that are sealed as one chunk would give away in what they differ, so nothing comes out of here
    /// that was not sealed before.
    ///
    /// - Parameters:
    ///   - chunk: its number, from 0.
    ///   - plaintext: what is taken for its content.
    ///   - tag: the last 16 bytes of it in the sealed file.
    /// - Returns: the chunk as it was; `nil` when the tag is not that of this plaintext.
    package func sealedAgain(_ chunk: Int64, of plaintext: ByteBuffer, tag: ByteBuffer) throws -> ByteBuffer? {
        guard let last, (0...last).contains(chunk),
            Int64(plaintext.readableBytes) == min(size - chunk * Self.chunkSize, Self.chunkSize)
        else { return nil }
        var output = ByteBuffer()
        try plaintext.withUnsafeReadableBytes {
            try cipher.seal($0, chunk: UInt64(chunk), isLast: chunk == last, into: &output)
        }
        let end = output.getSlice(at: output.writerIndex - ChunkCipher.tagSize, length: ChunkCipher.tagSize)
        return end == tag ? output : nil
    }

    /// Appends the plaintext of the chunks to `output`.
    private func open(_ chunks: ClosedRange<Int64>, into output: inout ByteBuffer) async throws {
        let from = start + chunks.lowerBound * Self.sealedChunkSize
        let to = min(start + (chunks.upperBound + 1) * Self.sealedChunkSize, sealed.size)
        var bytes = try await sealed.read(from..<to)
        for chunk in chunks {
            let length = min(ChunkCipher.sealedChunkSize, bytes.readableBytes)
            guard let piece = bytes.readSlice(length: length) else { throw AgeError.truncated }
            try piece.withUnsafeReadableBytes {
                try cipher.open($0, chunk: UInt64(chunk), isLast: chunk == last, into: &output)
            }
        }
    }
}
