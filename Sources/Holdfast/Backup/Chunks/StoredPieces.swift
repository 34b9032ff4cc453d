// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Archive
import Catalog
import NIOCore
import ObjectStorage

/// Stores a large object as the chunks that it is made of: those that lie in an earlier archive or in this one are
/// referred to, and only the others are written.
///
/// One object at a time is packed, so that the memory of all is that of one ``ChunkedContent``.
struct StoredPieces {
    private let info: ObjectInfo
    private let place: VersionPlace
    private let member: [UInt8]
    private let writer: ArchiveWriter
    private let catalog: CatalogWriter
    private var content: ChunkedContent
    private var stored = StoredContent(extents: [], sha256: [], chunks: nil)

    /// - Returns: `nil` for an object that is stored whole: nothing earlier is known, or its size is not one that is cut
    ///   or kept in memory.
    init?(
        _ info: ObjectInfo, at place: VersionPlace, member: [UInt8], into writer: ArchiveWriter,
        _ catalog: CatalogWriter
    ) {
        guard catalog.hasBase, info.size >= CatalogWriter.contentSizes.lowerBound,
            info.size <= ChunkedContent.sizes.upperBound
        else { return nil }
        self.info = info
        self.place = place
        self.member = member
        self.writer = writer
        self.catalog = catalog
        content = ChunkedContent(size: info.size, keepsBytes: true)
    }

    mutating func take(_ piece: ByteBuffer) async throws {
        let whole: [ChunkedContent.Chunk]
        (content, whole) = await ChunkedContent.taking(piece, into: content)
        for chunk in whole { try await store(chunk) }
    }

    /// - Parameter sha256: of all that was taken.
    mutating func finish(sha256: [UInt8]) async throws -> StoredContent {
        if let last = content.finish() { try await store(last) }
        stored.sha256 = sha256
        stored.chunks = ChunkedContent.sizes.contains(info.size) ? content.list : nil
        return stored
    }

    private mutating func store(_ chunk: ChunkedContent.Chunk) async throws {
        let isWhole = Int64(chunk.length) == info.size
        let piece = CatalogWriter.contentSizes.contains(info.size) ? CatalogWriter.Piece.content : .chunk
        if let known = try await catalog.extent(of: piece, sha256: chunk.sha256, length: chunk.length) {
            stored.extents.join(known)
            stored.sharedBytes += known.length
            stored.isInChunks = stored.isInChunks || known.archive == 0
            return
        }
        // An object of one chunk bears its own name.
        let hash = Hex.text(chunk.sha256)
        try await writer.begin(
            ArchiveMember(
                name: isWhole ? member : Array((ArchiveLayout.chunkFolder + hash).utf8), kind: .file,
                size: Int64(chunk.length), modified: TimeText.milliseconds(info.lastModified),
                records: isWhole ? MemberRecords.records(of: info, at: place, member: member, sha256: hash) : []))
        for slice in chunk.slices { try await writer.write(slice) }
        let extent = try await writer.end()
        stored.extents.join(Extent(archive: 0, offset: extent.lowerBound, length: Int64(extent.count)))
        guard !isWhole else { return }
        stored.isInChunks = true
        try await catalog.add(chunk: chunk.sha256, at: extent)
    }
}
