// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Catalog
import Crypto
import Synchronization

/// Contents in earlier archives that were read and were right, so that verifying many backups, or one in many copies,
/// reads once what they share.
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
        var digest = SHA256()
        digest.update(data: checksum)
        digest.update(data: chunks?.bytes ?? [])
        for extent in object.extents {
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
