// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

@testable import Catalog

/// A list of chunks as a catalog may have it, of a content of some size.
///
/// The first byte chooses whether the size is the next eight bytes, or what the entries that follow them add up to:
/// nothing else would ever be accepted.
enum ChunkBytes {
    private static let entry = 36

    static func read(_ bytes: [UInt8]) async throws {
        guard bytes.count >= 9 else { return }
        let list = Array(bytes[9...])
        let claimed = Int64(bitPattern: number(bytes[1..<9]))
        let size = bytes[0].isMultiple(of: 2) ? sum(of: list) : claimed
        guard let chunks = ChunkList(bytes: list, size: size) else { return }
        try demand(size >= ChunkList.smallestContent && chunks.size == size, "a list of another size is accepted")
        try demand(chunks.reduce(0) { $0 + Int64($1.length) } == size, "chunks do not add up to the content")
        var again = ChunkList()
        for chunk in chunks {
            try demand(ChunkList.lengths.contains(chunk.length) && chunk.sha256.count == 32, "an impossible chunk")
            again.append(length: chunk.length, sha256: chunk.sha256)
        }
        try demand(again == chunks && again.bytes == list, "a list is not what it was when it is written and read")
        try await writeAndRead(chunks)
    }

    private static func writeAndRead(_ chunks: ChunkList) async throws {
        let listed = ListedObject(
            key: [1], ordinal: 0, versionID: nil, isLatest: true, isDeleteMarker: false, size: chunks.size, etag: "e",
            lastModified: 0, storageClass: nil)
        let extent = Extent(archive: 0, offset: 512, length: chunks.size)
        let row = CatalogObject(listed: listed, member: [1], extents: [extent], chunks: chunks)
        try await CatalogBytes.withPath { path in
            let writer = try await CatalogWriter.create(at: path)
            _ = try await writer.list([listed])
            try await writer.store([row])
            _ = try await writer.finish()
            let reader = try await CatalogReader.open(at: path)
            try await reader.check()
            try demand(try await reader.chunks(of: row) == chunks, "a catalog gives back another list of chunks")
        }
    }

    private static func sum(of list: [UInt8]) -> Int64 {
        stride(from: 0, to: list.count, by: entry).reduce(0) { $0 + Int64(number(list[$1...].prefix(4))) }
    }

    private static func number(_ bytes: ArraySlice<UInt8>) -> UInt64 {
        bytes.reversed().reduce(0) { $0 << 8 | UInt64($1) }
    }
}
