// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Catalog
package import ObjectStorage

/// Compares the two listings of a versioned bucket: ListObjectsV2 and ListObjectVersions must name the same current
/// keys, and on some servers they do not (Documentation/servers.md).
///
/// Listings are kept in files, so memory does not grow with the bucket. A key that comes, goes or changes meanwhile is not
/// taken for a lost one.
package struct ListingComparison: Sendable {
    package let store: any ObjectStore
    package let environment: RunEnvironment
    private let pageSize: Int

    /// - Parameter pageSize: keys to ask for at once; where pages end is where keys get lost.
    package init(store: any ObjectStore, environment: RunEnvironment, pageSize: Int = 1000) {
        self.store = store
        self.environment = environment
        self.pageSize = pageSize
    }

    /// What the two listings say.
    package struct Result: Sendable {
        /// Keys that both name.
        package var common = 0
        /// What ListObjectVersions leaves out.
        package var missingInVersions = LostKeys()
        /// What ListObjectsV2 leaves out: a backup would lack it.
        package var missingInObjects = LostKeys()
        /// Keys that ListObjectVersions leaves out even when each common prefix is listed on its own.
        package var missingInWalk = 0
    }

    /// - Throws: ``ObjectStoreError``, ``HoldfastError``.
    package func run() async throws -> Result {
        var result = Result()
        var isRightSuspect = false
        let objects = try await objectListing()
        let versions = try await versionListing(ObjectStorage.versionListing(of: store, pageSize: pageSize))
        try await compare(objects, versions) { side, row in
            switch side {
            case .both: result.common += 1
            case .left: try await confirm(row, &result.missingInVersions)
            case .right: isRightSuspect = true
            }
        }
        if isRightSuspect {
            // A key may have come after the one listing and before the other: a third tells.
            try await compare(try await objectListing(), versions) { side, row in
                guard side == .right, try await objects.object(key: row.key) == nil else { return }
                try await confirm(row, &result.missingInObjects)
            }
        }
        if result.missingInVersions.count > 0 {
            let walk = versionListingByDelimiter(of: store, pageSize: pageSize)
            var missing = LostKeys()
            try await compare(objects, try await versionListing(walk)) { side, row in
                if side == .left { try await confirm(row, &missing) }
            }
            result.missingInWalk = missing.count
        }
        return result
    }

    private func objectListing() async throws -> CatalogReader {
        environment.progress.begin("listing objects")
        let pages = listing(of: store, pageSize: pageSize).map { page in
            environment.progress.finished(objects: page.objects.count, bytes: 0)
            return page.objects
        }
        return try await CatalogReader.collecting(pages, of: store.bucket, environment)
    }

    /// The current objects among versions.
    private func versionListing(_ pages: some AsyncSequence<VersionPage, any Error>) async throws -> CatalogReader {
        environment.progress.begin("listing versions")
        let current = pages.map { page in
            environment.progress.finished(objects: page.versions.count, bytes: 0)
            return page.versions.filter { $0.isLatest && !$0.isDeleteMarker }.map(\.info)
        }
        return try await CatalogReader.collecting(current, of: store.bucket, environment)
    }

    private enum Side { case left, both, right }

    /// Walks two sorted listings and hands on each key with where it is.
    private func compare(
        _ left: CatalogReader, _ right: CatalogReader, _ meet: (Side, ListedObject) async throws -> Void
    ) async throws {
        var lefts = KeyOrder(catalog: left).makeAsyncIterator()
        var rights = KeyOrder(catalog: right).makeAsyncIterator()
        var mine = try await lefts.next()
        var theirs = try await rights.next()
        while mine != nil || theirs != nil {
            if let row = mine, theirs.map({ row.key.lexicographicallyPrecedes($0.key) }) ?? true {
                try await meet(.left, row.listed)
                mine = try await lefts.next()
            } else if let row = theirs, mine.map({ row.key.lexicographicallyPrecedes($0.key) }) ?? true {
                try await meet(.right, row.listed)
                theirs = try await rights.next()
            } else if let row = mine {
                try await meet(.both, row.listed)
                mine = try await lefts.next()
                theirs = try await rights.next()
            }
        }
    }

    /// Counts a key as lost if the server still has the object that one listing named.
    private func confirm(_ row: ListedObject, _ lost: inout LostKeys) async throws {
        let key = ObjectKey(row.key)
        do {
            // A thousand questions settle that keys are lost; of the rest the listing is believed.
            guard lost.count < 1000 else { return lost.add(key) }
            let info = try await store.head(key, version: nil)
            guard info.size == row.size, info.etag == row.etag else { return }
        } catch let error as ObjectStoreError where error.code == .notFound {
            return
        } catch let error as ObjectStoreError where [.accessDenied, .unreadable, .encrypted].contains(error.code) {
            // Not to be read is not gone: the listing that names it is believed.
        }
        lost.add(key)
    }
}

/// Keys that a listing leaves out: their number, and the first of them.
package struct LostKeys: Sendable {
    package private(set) var count = 0
    /// The first 100.
    package private(set) var named: [ObjectKey] = []

    mutating func add(_ key: ObjectKey) {
        count += 1
        if named.count < 100 { named.append(key) }
    }
}
