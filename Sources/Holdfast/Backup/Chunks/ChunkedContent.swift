// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Archive
import Catalog
import Crypto
import NIOCore

/// A content as it comes in pieces, cut into chunks, each with its SHA-256.
///
/// Memory, if the bytes are kept: a chunk of 16 MiB and the pieces that it begins and ends in.
struct ChunkedContent: Sendable {
    /// Contents of so many bytes are cut: below, one chunk is the whole; above, the list of chunks would be longer than a
    /// catalog takes.
    static let sizes: ClosedRange<Int64> = ChunkList.smallestContent...256 << 30

    struct Chunk: Sendable {
        /// Its bytes in their order; empty if they are not kept.
        fileprivate(set) var slices: [ByteBuffer] = []
        fileprivate(set) var length = 0
        fileprivate(set) var sha256: [UInt8] = []
    }

    /// The chunks that are whole.
    private(set) var list = ChunkList()
    private var cutter: ContentCutter?
    private let keepsBytes: Bool
    private var chunk = Chunk()
    private var hash = SHA256()

    /// - Parameters:
    ///   - size: of the content; outside of ``sizes`` it is one chunk.
    ///   - keepsBytes: whether the chunks are wanted, and not only the list of them.
    init(size: Int64, keepsBytes: Bool) {
        cutter = Self.sizes.contains(size) ? ContentCutter() : nil
        self.keepsBytes = keepsBytes
    }

    /// Takes a piece of the content, away from the caller: 8 MiB take some 10 ms.
    ///
    /// - Returns: the chunks that end in it.
    @concurrent
    static func taking(_ piece: ByteBuffer, into content: ChunkedContent) async -> (ChunkedContent, [Chunk]) {
        var content = content
        let whole = content.take(piece)
        return (content, whole)
    }

    private mutating func take(_ piece: ByteBuffer) -> [Chunk] {
        var rest = piece
        var whole: [Chunk] = []
        while rest.readableBytes > 0 {
            let end = rest.withUnsafeReadableBytes { cutter?.end(in: $0) }
            guard let slice = rest.readSlice(length: end ?? rest.readableBytes) else { break }
            slice.withUnsafeReadableBytes { hash.update(bufferPointer: $0) }
            if keepsBytes { chunk.slices.append(slice) }
            chunk.length += slice.readableBytes
            if end != nil { whole.append(close()) }
        }
        return whole
    }

    /// The last chunk, where the content ends; `nil` when it ended with the one before.
    mutating func finish() -> Chunk? {
        chunk.length > 0 ? close() : nil
    }

    private mutating func close() -> Chunk {
        var closed = chunk
        closed.sha256 = Array(hash.finalize())
        list.append(length: closed.length, sha256: closed.sha256)
        chunk = Chunk()
        hash = SHA256()
        return closed
    }
}
