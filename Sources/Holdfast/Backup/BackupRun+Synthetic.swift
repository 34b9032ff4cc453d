// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Archive
import AsyncAlgorithms
import Catalog
import Foundation
import ObjectStorage
import Streams

extension BackupRun {
    /// Packs every row of an earlier backup, in the order of its listing, from the vault alone.
    func packBackup(
        _ base: SyntheticBase, into writer: ArchiveWriter, _ catalog: CatalogWriter
    ) async throws -> Packing {
        let totals = try await base.backup.catalog.totals()
        environment.progress.begin("reading the vault", objects: totals.stored, bytes: totals.storedBytes)
        let objects = BackedUpObjects(base.backup, in: vault, environment)
        var packing = Packing(
            catalog: catalog, identity: base.identity, progress: environment.progress, logger: environment.logger)
        var findings = SourceListing.Findings()
        var last: (key: [UInt8], ordinal: Int)?
        while true {
            let page = try await base.backup.catalog.objects(after: last, limit: Self.pageOfRows)
            try await Self.pending(page, catalog).async.mapInOrder(
                width: Self.concurrentObjects, budget: Self.fetchBudget, cost: { $0.wholeBytes }
            ) { pending in
                (pending.place, try await objects.read(pending))
            } consume: { place, reading in
                findings.count(place)
                try await packing.pack(reading, into: writer)
            }
            last = page.last.map { ($0.key, $0.ordinal) }
            guard page.count == Self.pageOfRows else { break }
        }
        try await packing.rows.flush()
        try await takeOverExceptions(of: base, catalog, &packing, &findings)
        packing.findings = findings
        return packing
    }

    private static let pageOfRows = 1000

    /// Enters rows into the new catalog.
    private static func pending(_ rows: [CatalogObject], _ catalog: CatalogWriter) async throws -> [PendingObject] {
        let outcomes = try await catalog.list(rows.map(\.listed))
        return zip(rows, outcomes).map { row, outcome in
            let info = ObjectInfo(row)
            let place = VersionPlace(ordinal: row.ordinal, isDeleteMarker: row.listed.isDeleteMarker)
            return PendingObject(
                info: info, place: place, member: MemberName.name(of: info, at: place, collides: outcome.collides),
                problem: outcome.fault.map { ObjectProblem(beyondLimit: $0) }, isStored: false, known: row)
        }
    }

    /// What was not in the backup, or not as it was, is not in the new one either.
    private func takeOverExceptions(
        of base: SyntheticBase, _ catalog: CatalogWriter, _ packing: inout Packing,
        _ findings: inout SourceListing.Findings
    ) async throws {
        for exception in try await base.backup.catalog.exceptions() {
            let info = ObjectInfo(
                key: ObjectKey(exception.key), version: exception.versionID.map { VersionID($0) }, size: 0, etag: "",
                lastModified: base.metadata.cut ?? .distantPast)
            let place = VersionPlace(ordinal: exception.ordinal)
            let problem = ObjectProblem(reason: exception.reason, message: exception.message)
            if try await catalog.stored(key: exception.key, ordinal: exception.ordinal) != nil {
                try await packing.note(info, at: place, problem)
            } else if try await catalog.list([info.listed(at: place)])[0].isNew {
                findings.count(place)
                try await packing.rows.except(info, at: place, problem)
            }
            // Else its bytes were lost since, which has been said.
        }
        try await packing.rows.flush()
    }
}
