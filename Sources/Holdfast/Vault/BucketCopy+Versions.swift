// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

package import Foundation
import ObjectStorage

/// A vault bucket with versioning: what is removed must not stay as a version that nobody sees and everybody pays for.
extension BucketCopy {
    /// Removes every version and delete marker of exactly this key.
    ///
    /// Killed at any moment, the object is still there or wholly gone: the version that shows goes last.
    func removeVersions(of key: ObjectKey) async throws {
        let versions = try await versions(of: key)
        let behind = versions.filter { !$0.isLatest }
        if !behind.isEmpty { try await delete(behind.map { ObjectReference(key, version: $0.info.version) }) }
        try await delete(versions.filter(\.isLatest).map { ObjectReference(key, version: $0.info.version) })
        // Some servers lose rows of long version listings.
        let left = try await self.versions(of: key)
        guard left.isEmpty else {
            throw ObjectStoreError(
                .badAnswer, "\(left.count) versions of \(key) are still there after they were deleted")
        }
    }

    func versions(of key: ObjectKey) async throws -> [ObjectVersion] {
        var found: [ObjectVersion] = []
        for try await page in versionListing(of: store, prefix: key.bytes) {
            found += page.versions.filter { $0.info.key == key }
        }
        return found
    }

    /// Of archives nothing is removed here: a version behind a delete marker may be the last of a backup that somebody
    /// deleted by other means.
    package func removeTraces(now: Date) async throws -> Int {
        guard try await isVersioned() else { return 0 }
        var count = 0
        for folder in [VaultLayout.locks, VaultLayout.hidden] {
            var behind: [ObjectReference] = []
            var markers: [ObjectReference] = []
            for try await page in versionListing(of: store, prefix: Array(folder.utf8)) {
                for row in page.versions {
                    let reference = ObjectReference(row.info.key, version: row.info.version)
                    if row.isLatest {
                        if row.isDeleteMarker { markers.append(reference) }
                    } else {
                        behind.append(reference)
                    }
                }
            }
            // A marker last: without it, the version behind it would show again.
            let kept = try await removeUnlocked(behind)
            count += behind.count - kept.count
            let keptKeys = Set(kept)
            let removable = markers.filter { !keptKeys.contains($0.key) }
            count += removable.count - (try await removeUnlocked(removable)).count
        }
        return count
    }

    /// Removes what is not locked.
    ///
    /// - Returns: the keys of the others: a bucket may lock whatever is put into it for a time. They go when that is over.
    private func removeUnlocked(_ objects: [ObjectReference]) async throws -> [ObjectKey] {
        guard !objects.isEmpty else { return [] }
        return try await store.delete(objects).compactMap { outcome in
            guard let error = outcome.error else { return nil }
            guard error.code == .accessDenied else { throw error }
            return outcome.object.key
        }
    }

    private func isVersioned() async throws -> Bool {
        do {
            let document = try await service.document(.versioning, of: bucket) ?? []
            let text = String(decoding: document, as: UTF8.self)
            return text.contains("Enabled") || text.contains("Suspended")
        } catch let error as ObjectStoreError where error.code == .notImplemented {
            return false
        }
    }
}
