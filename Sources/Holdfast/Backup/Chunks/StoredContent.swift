// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Catalog

/// Where a content lies by now, and what it is.
struct StoredContent {
    var extents: [Extent]
    /// 32 bytes, of the whole.
    var sha256: [UInt8]
    /// `nil` where it was not cut.
    var chunks: ChunkList?
    /// Bytes of it that were not stored, because they lay somewhere already.
    var sharedBytes: Int64 = 0
    /// Whether its bytes lie in chunks of this archive, where plain `tar` does not find them under the object's name.
    var isInChunks = false

    init(extents: [Extent], sha256: [UInt8], chunks: ChunkList?) {
        self.extents = extents
        self.sha256 = sha256
        self.chunks = chunks
    }

    /// A content that lies whole in this archive.
    init(at extent: Range<Int64>, sha256: [UInt8], chunks: ChunkList?) {
        self.init(
            extents: [Extent(archive: 0, offset: extent.lowerBound, length: Int64(extent.count))], sha256: sha256,
            chunks: chunks)
    }
}
