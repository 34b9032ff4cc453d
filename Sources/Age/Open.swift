// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import NIOCore
package import Streams

/// Opens a sealed stream: reads its header now and the payload as the consumer asks.
///
/// What the stream yields was authenticated, chunk by chunk. That it is *all*, only its end tells: a consumer must not
/// act on a stream that ended with an error.
/// - Throws: ``AgeError``, and what `sealed` throws; the stream throws ``AgeError/payloadCorrupt(chunk:)`` and
///   ``AgeError/truncated``.
package func open(_ sealed: ByteStream, with identities: [any Identity]) async throws -> ByteStream {
    let stream = OpeningStream(sealed)
    try await stream.begin(with: identities)
    return ByteStream { try await stream.next() }
}

/// The state of one opened stream. An actor, so that the work is done off the consumer's own actor.
private actor OpeningStream {
    private var iterator: ByteStream.AsyncIterator
    /// At most one chunk and what the source gave last.
    private var held = ByteBuffer()
    private var hasEnded = false
    private var cipher: ChunkCipher?
    private var chunk: UInt64 = 0

    init(_ sealed: ByteStream) {
        iterator = sealed.makeAsyncIterator()
    }

    func begin(with identities: [any Identity]) async throws {
        var reader = HeaderReader()
        var header: Header?
        repeat {
            guard try await fill(to: 1) else { throw reader.endError }
            header = try reader.feed(&held)
        } while header == nil
        guard let fileKey = try await header?.fileKey(with: identities) else { return }
        _ = try await fill(to: ChunkCipher.nonceSize)
        guard let nonce = held.readBytes(length: ChunkCipher.nonceSize) else { throw AgeError.truncated }
        cipher = ChunkCipher(fileKey: fileKey, nonce: nonce)
    }

    func next() async throws -> ByteBuffer? {
        guard let cipher else { return nil }
        // One byte more than a chunk tells that the chunk is not the last.
        let isLast = try await !fill(to: ChunkCipher.sealedChunkSize + 1)
        let length = min(held.readableBytes, ChunkCipher.sealedChunkSize)
        // Whatever is wrong with this chunk is wrong for good: nothing is read after an error.
        self.cipher = nil
        guard let sealed = held.readSlice(length: length), length >= ChunkCipher.tagSize else {
            throw AgeError.truncated
        }
        var plaintext = ByteBuffer()
        plaintext.reserveCapacity(length - ChunkCipher.tagSize)
        try sealed.withUnsafeReadableBytes { try cipher.open($0, chunk: chunk, isLast: isLast, into: &plaintext) }
        if isLast {
            // The format: only a file that is empty has an empty chunk.
            guard plaintext.readableBytes > 0 || chunk == 0 else { throw AgeError.payloadCorrupt(chunk: chunk) }
            return plaintext.readableBytes > 0 ? plaintext : nil
        }
        chunk += 1
        self.cipher = cipher
        return plaintext
    }

    /// Reads on until `held` has `count` bytes; `false` when the source ends before.
    private func fill(to count: Int) async throws -> Bool {
        var source = iterator
        defer { iterator = source }
        while held.readableBytes < count, !hasEnded {
            if var piece = try await source.next() {
                if held.readableBytes == 0 {
                    held = piece
                } else {
                    // Or the buffer would grow by what has been read from it.
                    held.discardReadBytes()
                    held.writeBuffer(&piece)
                }
            } else {
                hasEnded = true
            }
        }
        return held.readableBytes >= count
    }
}
