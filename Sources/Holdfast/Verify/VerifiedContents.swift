// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Catalog
import Crypto
import Synchronization

/// Contents in earlier archives, and chunks of them, that were read and were right, so that verifying many backups, or
/// one in many copies, reads once what they share.
///
/// Memory: 16 bytes each in a set of at most two million, some 64 MiB; what comes after these is read each time.
package final class VerifiedContents: Sendable {
    private static let limit = 2_000_000

    private let places = Mutex<Set<SIMD2<UInt64>>>([])

    package init() {}

    /// A content where it lies: half of a SHA-256 of its own checksum, its extents and its chunks, each of which another
    /// backup may have wrong.
    typealias Place = SIMD2<UInt64>

    /// The place of a content; `nil` without a checksum, of which nothing can be right.
    ///
    /// - Parameter chunks: the list that the backup has of them.
    static func place(of object: CatalogObject, _ chunks: ChunkList?, in backup: OpenedBackup) -> Place? {
        guard let checksum = object.sha256 else { return nil }
        let extents = object.extents.map { (archive: $0.archive, offset: $0.offset, length: $0.length) }
        return place(checksum, chunks?.bytes ?? [], extents, in: backup)
    }

    /// The place of a chunk.
    ///
    /// - Parameter places: where it lies; the archive itself is 0.
    static func place(of chunk: ChunkList.Chunk, _ places: [OpenedBackup.Place], in backup: OpenedBackup) -> Place? {
        let extents = places.map { (archive: $0.archive, offset: $0.range.lowerBound, length: Int64($0.range.count)) }
        // No content has one byte of a list: the place of a chunk is never that of a content.
        return place(chunk.sha256, [0], extents, in: backup)
    }

    private static func place(
        _ checksum: [UInt8], _ list: [UInt8], _ extents: [(archive: Int, offset: Int64, length: Int64)],
        in backup: OpenedBackup
    ) -> Place? {
        var digest = SHA256()
        digest.update(data: checksum)
        digest.update(data: list)
        for extent in extents {
            let name = extent.archive == 0 ? backup.entry.file.fileName : backup.referred.name(extent.archive)
            guard let name else { return nil }
            digest.update(data: Array("\(name)/\(extent.offset)/\(extent.length)\n".utf8))
        }
        return digest.finalize().withUnsafeBytes { bytes in
            Place(bytes.loadUnaligned(as: UInt64.self), bytes.loadUnaligned(fromByteOffset: 8, as: UInt64.self))
        }
    }

    func contains(_ place: Place) -> Bool { places.withLock { $0.contains(place) } }

    func insert(_ place: Place) {
        places.withLock { if $0.count < Self.limit { $0.insert(place) } }
    }
}
