// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Archive
import AsyncAlgorithms
import Catalog
import Foundation
import NIOCore
package import ObjectStorage
import Streams

/// Brings the objects of a backup back into a bucket.
package struct RestoreRun: Sendable {
    package let backup: OpenedBackup
    package let target: any StorageService
    package let bucket: String
    package let options: Options
    package let environment: RunEnvironment

    /// What the operator chose.
    package struct Options: Sendable {
        package var overwrite: OverwritePolicy
        package var selection: KeySelection
        package var dryRun: Bool

        package init(
            overwrite: OverwritePolicy = .never, selection: KeySelection = KeySelection(), dryRun: Bool = false
        ) {
            self.overwrite = overwrite
            self.selection = selection
            self.dryRun = dryRun
        }
    }

    package init(
        backup: OpenedBackup, target: any StorageService, bucket: String, options: Options, environment: RunEnvironment
    ) {
        self.backup = backup
        self.target = target
        self.bucket = bucket
        self.options = options
        self.environment = environment
    }

    /// Objects being written at once.
    private static let concurrentObjects = 32
    /// Bytes of objects read and not yet written.
    private static let writeBudget = 48 << 20

    /// - Throws: ``HoldfastError`` when nothing could be done; what single objects met is in the report.
    package func run() async throws -> RestoreReport {
        let clock = ContinuousClock.now
        var report = RestoreReport(
            name: backup.entry.file.name.rawValue, target: target.name, bucket: bucket, dryRun: options.dryRun,
            started: environment.services.now())
        report.warnings = backup.flaws
        report.archiveIsBroken = !backup.isWhole
        do {
            report.missingFromBackup = try await missingFromBackup()
            let target = try await prepare(&report)
            try await write(into: target, &report)
        } catch let error as ObjectStoreError {
            throw HoldfastError(storage: error, "Cannot restore into \(bucket) at \(target.name)")
        } catch let error as CatalogError where error.isDamage {
            throw HoldfastError(
                .corrupt, "The catalog of \(backup.entry.file.name) in \(backup.copy) cannot be read: \(error).",
                hint: "holdfast verify \(backup.entry.file.name) tells which copies are sound.")
        }
        let warning = await backup.spares?.warning(about: backup.copy)
        if let warning { report.warnings.append(warning) }
        if options.selection.isEverything, warning == nil { await report.recordProof(of: backup, environment) }
        report.seconds = (ContinuousClock.now - clock).seconds
        return report
    }

    private func missingFromBackup() async throws -> Int {
        let exceptions = try await backup.catalog.exceptions(limit: 1_000_000)
        return exceptions.count { options.selection.contains($0.key) }
    }

    private func prepare(_ report: inout RestoreReport) async throws -> RestoreTarget {
        environment.progress.update { $0.phase = "looking" }
        let store = target.store(for: bucket)
        let limits = TargetLimits(try await target.identify())
        guard try await target.bucketExists(bucket) else {
            if let problem = BucketNameRules.problem(bucket) {
                throw HoldfastError(
                    .invalidConfiguration, "“\(bucket)” is no name for a new bucket: \(problem).",
                    hint: "Name another bucket with --to.")
            }
            if !options.dryRun { try await target.createBucket(bucket) }
            report.bucketCreated = true
            return RestoreTarget(store: store, limits: limits, state: .empty, guardsAbsence: false)
        }
        let state = try await TargetState.listing(of: store, environment)
        return RestoreTarget(store: store, limits: limits, state: state, guardsAbsence: options.overwrite == .never)
    }

    private func write(into target: RestoreTarget, _ report: inout RestoreReport) async throws {
        let totals = try await backup.catalog.totals()
        let isAll = options.selection.isEverything
        environment.progress.begin(
            options.dryRun ? "comparing" : "restoring", objects: isAll ? totals.stored : nil,
            bytes: isAll ? totals.storedBytes : 0)
        let wanted = wantedObjects(target)
        let restore = ObjectRestore(
            backup: backup, target: target, dryRun: options.dryRun, progress: environment.progress)
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
        if options.selection.isEverything, totals.stored > collected.selectedCount {
            let lacking = totals.stored - collected.selectedCount
            collected.missingFromBackup += lacking
            collected.warnings.append("The catalog speaks of \(totals.stored) objects and lacks \(lacking) of them.")
        }
        report = collected
    }

    /// The objects that the operator asked for, in archive order, each with what is to be done.
    private func wantedObjects(
        _ target: RestoreTarget
    ) -> some AsyncSequence<RestoreTarget.Decision, any Error> & Sendable {
        PositionOrder(catalog: backup.catalog)
            .filter { [selection = options.selection] in selection.contains($0.key) }
            .map { [overwrite = options.overwrite, catalog = backup.catalog] object in
                try await target.decision(on: object, overwrite, in: catalog)
            }
    }

    private func record(_ outcome: ObjectRestore.Outcome, _ report: inout RestoreReport) {
        report.selectedCount += 1
        switch outcome {
        case .restored(let object, let replaced):
            report.restoredCount += 1
            report.restoredBytes = report.restoredBytes.addingUpToMax(object.size)
            report.overwrittenCount += replaced ? 1 : 0
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

extension KeySelection {
    /// Whether nothing is left out.
    var isEverything: Bool { prefix.isEmpty && includes.isEmpty && excludes.isEmpty }
}
