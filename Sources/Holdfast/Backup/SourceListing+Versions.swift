// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import AsyncAlgorithms
import Catalog
import ObjectStorage

/// Listing a bucket by versions, without believing that the server names them all: on some servers the listing of versions
/// leaves keys out without a sign (`Documentation/servers.md`).
extension SourceListing {
    /// Lists the versions, then compares with ListObjectsV2; where a key is missing, the bucket is walked prefix by
    /// prefix, and what is missing then is asked for key by key.
    func listVersions(_ order: VersionOrder, _ findings: inout Findings) async throws {
        var rest = order
        for try await page in versionListing(of: store).buffer(policy: .bounded(1)) {
            let repeated = try await hand(on: rest.rows(page.versions), &findings)
            guard repeated == 0 else {
                throw ObjectStoreError(
                    .badAnswer,
                    "the listing of versions of bucket \(store.bucket) names the versions of a key in two places")
            }
        }
        guard try await lacksKeys(before: order) else { return }
        try await walk(order, &findings)
        for try await page in listing(of: store) {
            for object in try await chosen(missing(page.objects)) { try await look(for: object, order, &findings) }
        }
    }

    /// Whether ListObjectsV2 names a key that was there at the cut and was not listed.
    private func lacksKeys(before order: VersionOrder) async throws -> Bool {
        for try await page in listing(of: store).buffer(policy: .bounded(1)) {
            let old = page.objects.filter { $0.lastModified <= order.cut }
            if try await !chosen(missing(old)).isEmpty { return true }
        }
        return false
    }

    /// Those of which no version is in the catalog and should be.
    private func missing(_ objects: [ObjectInfo]) async throws -> [ObjectInfo] {
        let objects = objects.filter { object in
            (selection.isEveryKey || selection.contains(object.key.bytes)) && test?.contains(object.listed()) ?? true
        }
        let keys = Set(try await catalog.missing(objects.map(\.key.bytes)))
        return keys.isEmpty ? [] : objects.filter { keys.contains($0.key.bytes) }
    }

    /// Those that are wanted for their tags; what was left out for them is not in the catalog either.
    private func chosen(_ objects: [ObjectInfo]) async throws -> [ObjectInfo] {
        guard let tags else { return objects }
        var choice = TagChoice()
        return try await choice.wanted(objects.map { ($0, .current) }, tags).rows.map(\.info)
    }

    /// Takes from a walk what the flat listing left out.
    private func walk(_ order: VersionOrder, _ findings: inout Findings) async throws {
        var order = order
        /// A key whose versions go on over the end of a page is not missing any more on the next one.
        var continued: [UInt8]?
        for try await page in versionListingByDelimiter(of: store) {
            let infos = page.versions.map(\.info)
            var lost = Set(try await missing(infos).map(\.key.bytes))
            if let continued { lost.insert(continued) }
            continued = infos.last.flatMap { lost.contains($0.key.bytes) ? $0.key.bytes : nil }
            let rows = order.rows(page.versions).filter { lost.contains($0.info.key.bytes) }
            let lostRows = rows.filter { $0.place.ordinal == 0 && test?.contains($0.info.listed()) ?? true }
            for info in try await chosen(lostRows.map(\.info)) { findings.lostKeys.add(info.key) }
            _ = try await hand(on: rows, &findings)
        }
    }

    /// Asks for the versions of one key alone; if the server names none, the current object is taken as it is.
    private func look(for object: ObjectInfo, _ order: VersionOrder, _ findings: inout Findings) async throws {
        var order = order
        var found = 0
        for try await page in versionListing(of: store, prefix: object.key.bytes) {
            let own = page.versions.filter { $0.info.key == object.key }
            if own.isEmpty, found > 0 || !page.versions.isEmpty { break }
            found += own.count
            _ = try await hand(on: order.rows(own), &findings)
        }
        if found == 0, object.lastModified <= order.cut {
            _ = try await hand(on: [(object, .current)], &findings)
        }
        findings.lostKeys.add(object.key)
    }
}
