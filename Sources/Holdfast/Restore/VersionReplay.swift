// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Catalog
import ObjectStorage
import Streams

/// Writes the versions and delete markers of a backup in the order in which they were made, so that each key has the
/// history again that it had.
///
/// A version without an id (`null`) can only be written while versioning is off or suspended. So what is older is
/// written first, then these, then the rest; in a bucket that others use versioning is not touched, and a version
/// without an id gets one.
struct VersionReplay: Sendable {
    let restore: ObjectRestore
    let service: any StorageService
    let bucket: String
    let overwrite: OverwritePolicy
    let selection: KeySelection
    /// Whether the bucket is new, so that its versioning may be switched.
    let ownsBucket: Bool
    /// The state that a new bucket is left in.
    let finalStatus: VersioningStatus

    /// Keys being written at once; the versions of one key are written one after the other.
    private static let concurrentKeys = 32
    /// Bytes of objects read and not yet written.
    private static let writeBudget = 48 << 20

    /// Which versions of each key a pass over the backup writes.
    enum Pass: Sendable {
        case everything, olderThanNull, null, newerThanNull

        func contains(_ version: CatalogObject, null: Int?) -> Bool {
            switch self {
            case .everything: true
            case .olderThanNull: null.map { version.ordinal > $0 } ?? false
            case .null: version.ordinal == null
            case .newerThanNull: null.map { version.ordinal < $0 } ?? true
            }
        }
    }

    func run(_ record: (ObjectRestore.Outcome) -> Void) async throws {
        let catalog = restore.backup.catalog
        guard !restore.dryRun, ownsBucket else { return try await replay(.everything, record) }
        guard try await catalog.hasNullVersions() else {
            try await setVersioning(.enabled)
            try await replay(.everything, record)
            return try await setVersioning(finalStatus)
        }
        try await setVersioning(.enabled)
        try await replay(.olderThanNull, record)
        try await setVersioning(.suspended)
        do {
            try await replay(.null, record)
        } catch {
            // Whatever comes next to this bucket must not be written without a version.
            await Task { try? await setVersioning(.enabled) }.value
            throw error
        }
        try await setVersioning(.enabled)
        try await replay(.newerThanNull, record)
        try await setVersioning(finalStatus)
    }

    private func setVersioning(_ status: VersioningStatus) async throws {
        do {
            try await service.setDocument(.versioning, of: bucket, to: status.document)
        } catch let error as ObjectStoreError {
            throw HoldfastError(
                storage: error, "Cannot switch versioning of \(bucket) at \(service.name) to \(status.rawValue)")
        }
    }

    private func replay(_ pass: Pass, _ record: (ObjectRestore.Outcome) -> Void) async throws {
        let keys = VersionsByKey(catalog: restore.backup.catalog, prefix: selection.prefix)
            .filter { [selection] in selection.contains($0.key) }
        try await keys.mapInOrder(
            width: Self.concurrentKeys, budget: Self.writeBudget,
            cost: { key in
                let largest = key.versions.map(\.size).max() ?? 0
                return largest > ObjectWrite.wholeLimit ? Self.writeBudget : Int(largest)
            }
        ) { key in
            try await write(key, pass)
        } consume: { outcomes in
            for outcome in outcomes { record(outcome) }
        }
    }

    /// Writes the versions of a key that belong to a pass, oldest first.
    private func write(_ key: KeyVersions, _ pass: Pass) async throws -> [ObjectRestore.Outcome] {
        let null = key.versions.first { $0.listed.versionID == VersionID.null.rawValue }?.ordinal
        let wanted = key.versions.reversed().filter { pass.contains($0, null: null) }
        guard let newest = key.versions.first, !wanted.isEmpty else { return [] }
        var outcomes: [ObjectRestore.Outcome] = []
        let decision = try await restore.target.decision(on: newest, overwrite, in: restore.backup.catalog)
        guard case .write(let replacing) = decision.act else {
            for version in wanted {
                outcomes.append(try await restore.carryOut(.init(object: version, act: decision.act)))
            }
            return outcomes
        }
        for version in wanted {
            if version.listed.isDeleteMarker {
                outcomes.append(try await restore.mark(version))
            } else if let problem = restore.target.limits.problem(key: key.key, size: version.size) {
                outcomes.append(try await restore.carryOut(.init(object: version, act: .refuse(problem))))
            } else {
                let act = RestoreTarget.Decision.Act.write(replacing: replacing)
                outcomes.append(try await restore.carryOut(.init(object: version, act: act)))
            }
        }
        return outcomes
    }
}
