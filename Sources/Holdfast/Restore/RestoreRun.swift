// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Catalog
import Foundation
package import ObjectStorage

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
        /// Older versions and delete markers too.
        package var allVersions: Bool
        package var locks: LockPolicy
        /// Locks in compliance mode too, which nobody can lift before their date.
        package var allowsCompliance: Bool
        /// ACLs of objects too.
        package var acls: Bool
        /// The bucket's own settings too.
        package var bucketConfiguration: Bool
        /// Under which keys the objects are written.
        package var mapping = KeyMapping.none
        /// Objects of the backup whose keys begin with this are written before all others; `nil` for none.
        package var first: [UInt8]?
        /// Whether what changed last is written before what did not change for longer, in the steps of
        /// ``RestoreRun/ages``.
        package var newestFirst = false

        package init(
            overwrite: OverwritePolicy = .never, selection: KeySelection = KeySelection(), dryRun: Bool = false,
            allVersions: Bool = false, locks: LockPolicy = .drop, allowsCompliance: Bool = false, acls: Bool = false,
            bucketConfiguration: Bool = false
        ) {
            self.overwrite = overwrite
            self.selection = selection
            self.dryRun = dryRun
            self.allVersions = allVersions
            self.locks = locks
            self.allowsCompliance = allowsCompliance
            self.acls = acls
            self.bucketConfiguration = bucketConfiguration
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

    /// - Throws: ``HoldfastError`` when nothing could be done; what single objects met is in the report.
    package func run() async throws -> RestoreReport {
        let clock = ContinuousClock.now
        var report = RestoreReport(
            name: backup.entry.file.name.rawValue, target: target.name, bucket: bucket, dryRun: options.dryRun,
            started: environment.services.now())
        report.warnings = backup.flaws
        if let selection = backup.metadata?.selection, !selection.isEverything {
            report.warnings.append("The backup holds part of its bucket: \(selection.words).")
        }
        report.archiveIsBroken = !backup.isWhole
        report.allVersions = options.allVersions
        report.locks = options.locks
        try checkOptionsFit()
        guard !options.allVersions || backup.metadata?.includeVersions == true else {
            throw HoldfastError(
                .invalidConfiguration, "\(backup.entry.file.name) holds no older versions.",
                hint: "Leave --all-versions out; holdfast backup --all-versions makes backups that hold them.")
        }
        do {
            report.missingFromBackup = try await missingFromBackup()
            let isLockable = try await checkLocks()
            try await checkKeysStayApart()
            var target = try await prepare(&report, objectLock: isLockable)
            target.mapping = options.mapping
            report = try await written(into: target, report)
            if options.bucketConfiguration, let metadata = backup.metadata {
                report.configuration = try await ConfigurationRestore(
                    metadata: metadata, service: self.target, bucket: bucket, dryRun: options.dryRun
                ).run()
            }
        } catch let error as ObjectStoreError {
            throw HoldfastError(storage: error, "Cannot restore into \(bucket) at \(target.name)")
        } catch let error as CatalogError where error.isDamage {
            throw HoldfastError(
                .corrupt, "The catalog of \(backup.entry.file.name) in \(backup.copy) cannot be read: \(error).",
                hint: "holdfast verify \(backup.entry.file.name) tells which copies are sound.")
        }
        if report.withoutKeyCount > 0 {
            report.warnings.append(
                "\(report.withoutKeyCount) objects were encrypted with a customer's key (SSE-C), and no key of customer_keys is for them in \(bucket): they are \(report.dryRun ? "to be " : "")written without."
            )
        }
        let warning = await backup.spares?.warning(about: backup.copy)
        if let warning { report.warnings.append(warning) }
        let isWholeHistory = options.allVersions || backup.metadata?.includeVersions != true
        if options.selection.isEverything, isWholeHistory, warning == nil {
            await report.recordProof(of: backup, environment)
        }
        report.seconds = (ContinuousClock.now - clock).seconds
        return report
    }

    private func missingFromBackup() async throws -> Int {
        let exceptions = try await backup.catalog.exceptions(limit: 1_000_000)
        return exceptions.count { options.selection.contains($0.key) && (options.allVersions || $0.ordinal == 0) }
    }

    /// Whether a bucket that is made must be one with Object Lock.
    ///
    /// - Throws: ``HoldfastError`` for locks that the target cannot hold or that need to be allowed, before anything is
    ///   written.
    private func checkLocks() async throws -> Bool {
        let wantsLocks = options.locks != .drop
        let hadLock = backup.metadata?.bucketConfiguration?[BucketDocument.objectLock.rawValue] != nil
        guard wantsLocks else { return hadLock && options.bucketConfiguration }
        let locks = try await backup.catalog.locks()
        guard locks.count > 0 else { return hadLock }
        if locks.compliant > 0, options.locks != .governance, !options.allowsCompliance {
            throw HoldfastError(
                .invalidConfiguration,
                "\(backup.entry.file.name) has objects that were locked in compliance mode: once restored so, nobody can delete them before their date.",
                hint: "Say --allow-compliance, or --locks governance.")
        }
        if try await target.bucketExists(bucket), try await target.document(.objectLock, of: bucket) == nil {
            throw HoldfastError(
                .conflict, "\(bucket) at \(target.name) has no Object Lock, and objects of the backup were locked.",
                hint: "Restore into a new bucket, or leave --locks out.")
        }
        return true
    }

    private func prepare(_ report: inout RestoreReport, objectLock: Bool) async throws -> RestoreTarget {
        environment.progress.update { $0.phase = "looking" }
        let store = target.store(for: bucket)
        let limits = TargetLimits(try await target.identify())
        guard try await target.bucketExists(bucket) else {
            if let problem = BucketNameRules.problem(bucket) {
                throw HoldfastError(
                    .invalidConfiguration, "“\(bucket)” is no name for a new bucket: \(problem).",
                    hint: "Name another bucket with --to.")
            }
            if !options.dryRun { try await target.createBucket(bucket, objectLock: objectLock) }
            report.bucketCreated = true
            report.createdWithLock = objectLock
            if objectLock, options.allVersions, try await backup.catalog.hasNullVersions() {
                report.warnings.append(
                    "Versions without an id (null) get one: a bucket with Object Lock cannot do without ids.")
            }
            return RestoreTarget(store: store, limits: limits, state: .empty, guardsAbsence: false)
        }
        if options.allVersions {
            guard try await target.hasVersions(bucket) else {
                throw HoldfastError(
                    .conflict, "\(bucket) at \(target.name) keeps no versions, and is there already.",
                    hint: "Restore into a new bucket, switch versioning on, or leave --all-versions out.")
            }
            if try await backup.catalog.hasNullVersions() {
                report.warnings.append(
                    "Versions without an id (null) get one: versioning of a bucket that is in use is not switched off for them."
                )
            }
            let state = try await TargetState.versionListing(of: store, environment)
            return RestoreTarget(store: store, limits: limits, state: state, guardsAbsence: false)
        }
        let state = try await TargetState.listing(of: store, environment)
        return RestoreTarget(store: store, limits: limits, state: state, guardsAbsence: options.overwrite == .never)
    }
}
