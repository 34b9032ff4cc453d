// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Archive
import AsyncAlgorithms
import Catalog
import Foundation
import NIOCore
import ObjectStorage
import Streams

/// The way of the objects from the archive into the bucket.
extension RestoreRun {
    /// Objects being written at once.
    private static let concurrentObjects = 32
    /// Bytes of objects read and not yet written.
    private static let writeBudget = 48 << 20

    /// Writes the objects, and writes down which uploads it begins for that.
    func written(into target: RestoreTarget, _ begun: RestoreReport) async throws -> RestoreReport {
        var report = begun
        guard !options.dryRun else {
            try await write(into: target, nil, &report)
            return report
        }
        return try await UploadRecords.with(self.target, bucket, environment.state) { records, left in
            if left.aborted > 0 {
                let uploads =
                    left.aborted == 1 ? "an unfinished upload: it was" : "\(left.aborted) unfinished uploads: they were"
                report.warnings.append("A restore into \(bucket) that was killed had left \(uploads) aborted.")
            }
            if let problem = left.problem {
                report.warnings.append(
                    "A restore into \(bucket) that was killed has left an unfinished upload, which cannot be aborted: \(problem)"
                )
            }
            try await write(into: target, records, &report)
            return report
        }
    }

    private func write(
        into target: RestoreTarget, _ records: UploadRecords?, _ report: inout RestoreReport
    ) async throws {
        var restore = objectRestore(into: target)
        restore.records = records
        if options.allVersions {
            try await replay(restore, &report)
        } else {
            try await write(restore, &report)
        }
    }

    private func write(_ restore: ObjectRestore, _ report: inout RestoreReport) async throws {
        let expected = try await beginProgress()
        let before = report.selectedCount
        for pass in passes where pass.takesPrefix {
            try await write(wantedObjects(restore.target, in: pass), restore, &report)
        }
        if let first = options.first, report.selectedCount == before {
            report.warnings.append(
                "No object that was asked for begins with “\(ObjectKey(first))”: none was written first.")
        }
        for pass in passes where !pass.takesPrefix {
            try await write(wantedObjects(restore.target, in: pass), restore, &report)
        }
        count(lackingOf: expected, &report)
    }

    private func write(
        _ wanted: some AsyncSequence<RestoreTarget.Decision, any Error> & Sendable, _ restore: ObjectRestore,
        _ report: inout RestoreReport
    ) async throws {
        var collected = report
        switch backup.content {
        case .indexed:
            try await wanted.mapInOrder(
                width: Self.concurrentObjects, budget: Self.writeBudget,
                cost: { $0.object.size > ObjectWrite.wholeLimit ? Self.writeBudget : Int($0.object.size) }
            ) { decision in
                try await restore.carryOut(decision)
            } consume: { outcome in
                record(outcome, &collected)
            }
        case .sequential(let source):
            let forward = ForwardBytes(decompressed(source.stream(0..<source.size)))
            let loading = wanted.map { decision in try await restore.load(decision, forward) }
            try await loading.mapInOrder(
                width: Self.concurrentObjects, budget: Self.writeBudget, cost: { $0.content?.readableBytes ?? 0 }
            ) { loaded in
                try await restore.carryOut(loaded)
            } consume: { outcome in
                record(outcome, &collected)
            }
        }
        report = collected
    }

    /// Restores the history of every key.
    private func replay(_ restore: ObjectRestore, _ report: inout RestoreReport) async throws {
        let expected = try await beginProgress()
        let status = backup.metadata?.bucketConfiguration?[BucketDocument.versioning.rawValue]
        let replay = VersionReplay(
            restore: restore, service: self.target, bucket: bucket, overwrite: options.overwrite,
            selection: options.selection, ownsBucket: report.bucketCreated && !report.createdWithLock,
            finalStatus: status.flatMap { VersioningStatus(document: Array($0.utf8)) } ?? .enabled)
        var collected = report
        try await replay.run { record($0, &collected) }
        count(lackingOf: expected, &collected)
        report = collected
    }

    private func objectRestore(into target: RestoreTarget) -> ObjectRestore {
        let now = environment.services.now()
        let settings = SettingsRestore(
            locks: options.locks, cut: backup.metadata?.cut ?? now, now: now, acls: options.acls)
        return ObjectRestore(
            backup: backup, target: target, settings: settings, dryRun: options.dryRun,
            progress: environment.progress)
    }

    /// Tells the progress what is to come, as far as that is known.
    ///
    /// - Returns: how many objects the backup has of the kind that is restored.
    private func beginProgress() async throws -> Int {
        let totals = try await wantedTotals()
        let isAll = options.selection.isEverything
        environment.progress.begin(
            options.dryRun ? "comparing" : "restoring", objects: isAll ? totals.count : nil,
            bytes: isAll ? totals.bytes : 0)
        return totals.count
    }

    /// What there is to restore when nothing is left out.
    private func wantedTotals() async throws -> (count: Int, bytes: Int64) {
        let totals = try await backup.catalog.totals()
        guard backup.metadata?.includeVersions == true, !options.allVersions else {
            return (totals.stored, totals.storedBytes)
        }
        return try await backup.catalog.current()
    }

    private func count(lackingOf expected: Int, _ report: inout RestoreReport) {
        guard options.selection.isEverything, expected > report.selectedCount else { return }
        let lacking = expected - report.selectedCount
        report.missingFromBackup += lacking
        report.warnings.append("The catalog speaks of \(expected) objects and lacks \(lacking) of them.")
    }

    private func record(_ outcome: ObjectRestore.Outcome, _ report: inout RestoreReport) {
        report.selectedCount += 1
        switch outcome {
        case .restored(let object, let replaced):
            report.restoredCount += 1
            report.restoredBytes = report.restoredBytes.addingUpToMax(object.size)
            report.overwrittenCount += replaced ? 1 : 0
            report.lockedCount += object.isLocked ? 1 : 0
            if object.attributes.hasCustomerKey, !target.hasCustomerKey(of: ObjectKey(object.key), in: bucket) {
                report.withoutKeyCount += 1
            }
        case .skipped(let object):
            environment.progress.dropped(bytes: object.size)
            report.skip("\(ObjectKey(object.key))")
        case .failed(let object, let reason, let message):
            environment.progress.update { $0.exceptions += 1 }
            environment.progress.dropped(bytes: object.size)
            report.except(ExceptionReport(key: "\(ObjectKey(object.key))", reason: reason, message: message))
        }
    }
}
