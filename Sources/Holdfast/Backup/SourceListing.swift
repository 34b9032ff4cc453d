// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import AsyncAlgorithms
import Catalog
import ObjectStorage
import Streams

/// An object that the listing named and the catalog did not know yet.
struct PendingObject: Sendable {
    let info: ObjectInfo
    /// Its name in the archive.
    let member: [UInt8]
    /// Why it is not even asked for: its row in the listing is beyond what a catalog holds.
    let problem: ObjectProblem?
    /// Whether its row and bytes were taken over from an earlier backup, and only its description is read again.
    let isStored: Bool

    /// Bytes that reading it whole takes; 0 for what is not read whole.
    var wholeBytes: Int {
        guard problem == nil, !isStored, info.size <= ObjectFetch.wholeLimit else { return 0 }
        return Int(info.size)
    }
}

/// Lists a bucket into the catalog, page by page, and hands on what is new.
///
/// The listing runs one page ahead of the reading. A key that the server repeats is dropped here, so that no object
/// is stored twice; what is in the catalog at the end is what must be in the backup.
struct SourceListing: Sendable {
    let store: any ObjectStore
    let catalog: CatalogWriter
    /// Whether unchanged objects are handed on too, for their tags and metadata.
    let sweeps: Bool
    let progress: ProgressMeter

    /// Lists everything into `channel` and finishes it, also when the listing fails.
    func run(into channel: AsyncThrowingChannel<PendingObject.Page, any Error>) async throws {
        do {
            for try await page in listing(of: store, prefix: []) {
                let outcomes = try await catalog.list(page.objects.map(\.listed))
                var pending: [PendingObject] = []
                pending.reserveCapacity(page.objects.count)
                var bytes: Int64 = 0
                for (info, outcome) in zip(page.objects, outcomes) where outcome.isNew {
                    if outcome.isUnchanged, !sweeps { continue }
                    let member = MemberName.name(forKey: info.key.bytes, collides: outcome.collides)
                    let problem = outcome.fault.map { ObjectProblem(beyondLimit: $0) }
                    pending.append(
                        PendingObject(
                            info: info, member: member, problem: problem, isStored: outcome.isUnchanged))
                    if problem == nil, !outcome.isUnchanged { bytes = bytes.addingUpToMax(info.size) }
                }
                progress.update { [count = pending.count, bytes] in
                    $0.objectsTotal += count
                    $0.bytesTotal = $0.bytesTotal.addingUpToMax(bytes)
                }
                await channel.send(PendingObject.Page(objects: pending))
            }
            progress.update { $0.totalsAreFinal = true }
            channel.finish()
        } catch {
            channel.fail(error)
            throw error
        }
    }
}

extension PendingObject {
    /// The new objects of one page of a listing.
    struct Page: Sendable {
        let objects: [PendingObject]
    }
}

extension ObjectInfo {
    /// The row that a listing makes of an object.
    var listed: ListedObject {
        ListedObject(
            key: key.bytes, ordinal: 0, versionID: version?.rawValue, isLatest: true, isDeleteMarker: false, size: size,
            etag: etag, lastModified: TimeText.milliseconds(lastModified),
            storageClass: attributes.storageClass)
    }
}
