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
        do {
            report.missingFromBackup = try await missingFromBackup()
            let prepared = try await prepare(&report)
            try await write(prepared, &report)
        } catch let error as ObjectStoreError {
            throw HoldfastError(storage: error, "Cannot restore into \(bucket) at \(target.name)")
        } catch let error as CatalogError {
            throw HoldfastError(
                .corrupt, "The catalog of \(backup.entry.file.name) in \(backup.copy) cannot be read: \(error).",
                hint: "holdfast verify \(backup.entry.file.name) tells which copies are sound.")
        }
        if let warning = await backup.spares?.warning(about: backup.copy) { report.warnings.append(warning) }
        report.seconds = (ContinuousClock.now - clock).seconds
        return report
    }

    /// The target, looked at before anything is written.
    private struct Prepared: Sendable {
        let store: any ObjectStore
        let limits: TargetLimits
        let state: TargetState
        /// Whether the server is asked to refuse a key that appeared since it was listed.
        let guardsAbsence: Bool
    }

    private func missingFromBackup() async throws -> Int {
        let exceptions = try await backup.catalog.exceptions(limit: 1_000_000)
        return exceptions.count { options.selection.contains($0.key) }
    }

    private func prepare(_ report: inout RestoreReport) async throws -> Prepared {
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
            return Prepared(store: store, limits: limits, state: .empty, guardsAbsence: false)
        }
        let state = try await TargetState.listing(of: store, environment)
        return Prepared(store: store, limits: limits, state: state, guardsAbsence: options.overwrite == .never)
    }

    private func write(_ prepared: Prepared, _ report: inout RestoreReport) async throws {
        let totals = try await backup.catalog.totals()
        environment.progress.update {
            $0.phase = options.dryRun ? "comparing" : "restoring"
            $0.objectsTotal = totals.stored
            $0.bytesTotal = totals.storedBytes
            $0.totalsAreFinal = options.selection.isEverything
        }
        let wanted = try await wantedObjects(prepared)
        var collected = report
        switch backup.content {
        case .indexed:
            try await wanted.mapInOrder(
                width: Self.concurrentObjects, budget: Self.writeBudget,
                cost: { $0.object.size > ObjectWrite.wholeLimit ? Self.writeBudget : Int($0.object.size) }
            ) { decision in
                try await carryOut(decision, prepared)
            } consume: { outcome in
                record(outcome, &collected)
            }
        case .sequential(let source):
            let forward = ForwardBytes(decompressed(source.stream(0..<source.size)))
            let loading = wanted.map { decision in try await load(decision, forward, prepared) }
            try await loading.mapInOrder(
                width: Self.concurrentObjects, budget: Self.writeBudget, cost: { $0.content?.readableBytes ?? 0 }
            ) { loaded in
                try await carryOut(loaded, prepared)
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

    /// What is to be done with one object of the backup.
    private struct Decision: Sendable {
        enum Act: Sendable { case write(replacing: Bool), skip, refuse(String) }
        let object: CatalogObject
        let act: Act
    }

    /// A decision with the content read already, where contents can only be read in order.
    private struct Loaded: Sendable {
        let decision: Decision
        var content: ByteBuffer?
        /// Large objects are written while they are read, and what became of them is known at once.
        var outcome: Outcome?
    }

    private enum Outcome: Sendable {
        case restored(CatalogObject, replaced: Bool)
        case skipped(CatalogObject)
        case failed(CatalogObject, reason: String, message: String)
    }

    /// The objects that the operator asked for, in archive order, each with what is to be done.
    private func wantedObjects(_ prepared: Prepared) async throws -> some AsyncSequence<Decision, any Error> & Sendable
    {
        PositionOrder(catalog: backup.catalog)
            .filter { [selection = options.selection] in selection.contains($0.key) }
            .map { [options, catalog = backup.catalog] object in
                try await Self.decide(object, prepared, options, catalog)
            }
    }

    private static func decide(
        _ object: CatalogObject, _ prepared: Prepared, _ options: Options, _ catalog: CatalogReader
    ) async throws -> Decision {
        if let problem = prepared.limits.problem(key: object.key, size: object.size) {
            return Decision(object: object, act: .refuse(problem))
        }
        if prepared.limits.excludesNested, let parent = try await nestedParent(of: object.key, in: catalog) {
            return Decision(object: object, act: .refuse("this server cannot keep it beside \(ObjectKey(parent))"))
        }
        guard let existing = try await prepared.state.object(object.key) else {
            return Decision(object: object, act: .write(replacing: false))
        }
        let overwrites = options.overwrite.overwrites(existing, with: object)
        return Decision(object: object, act: overwrites ? .write(replacing: true) : .skip)
    }

    /// A key of the backup that is a folder of `key`.
    private static func nestedParent(of key: [UInt8], in catalog: CatalogReader) async throws -> [UInt8]? {
        for (index, byte) in key.enumerated() where byte == UInt8(ascii: "/") && index > 0 {
            let parent = Array(key[..<index])
            if try await catalog.object(key: parent) != nil { return parent }
        }
        return nil
    }

    private func load(_ decision: Decision, _ forward: ForwardBytes, _ prepared: Prepared) async throws -> Loaded {
        var loaded = Loaded(decision: decision)
        guard case .write(let replacing) = decision.act, !options.dryRun else { return loaded }
        let object = decision.object
        let extent = try backup.extent(of: object)
        // Links share the content of what they point at, which is gone by then: for them the archive is read again.
        let isBehind = await extent.lowerBound < forward.position && !extent.isEmpty
        let content = isBehind ? try backup.stream(object) : forward.stream(extent)
        if object.size <= ObjectWrite.wholeLimit {
            do {
                loaded.content = try await content.collect(upTo: Int(ObjectWrite.wholeLimit))
            } catch {
                loaded.outcome = try failure(object, error)
            }
        } else {
            loaded.outcome = try await writeParts(object, content, replacing: replacing, prepared)
        }
        return loaded
    }

    private func carryOut(_ loaded: Loaded, _ prepared: Prepared) async throws -> Outcome {
        if let outcome = loaded.outcome { return outcome }
        guard case .write(let replacing) = loaded.decision.act, let content = loaded.content else {
            return try await carryOut(loaded.decision, prepared)
        }
        return try await writeWhole(loaded.decision.object, content, replacing: replacing, prepared)
    }

    private func carryOut(_ decision: Decision, _ prepared: Prepared) async throws -> Outcome {
        let object = decision.object
        switch decision.act {
        case .refuse(let why): return .failed(object, reason: "target", message: why)
        case .skip: return .skipped(object)
        case .write(let replacing):
            if options.dryRun { return .restored(object, replaced: replacing) }
            do {
                if object.size > ObjectWrite.wholeLimit {
                    return try await writeParts(object, backup.stream(object), replacing: replacing, prepared)
                }
                let content = try await backup.stream(object).collect(upTo: Int(ObjectWrite.wholeLimit))
                return try await writeWhole(object, content, replacing: replacing, prepared)
            } catch {
                return try failure(object, error)
            }
        }
    }

    private func writeWhole(
        _ object: CatalogObject, _ content: ByteBuffer, replacing: Bool, _ prepared: Prepared
    ) async throws -> Outcome {
        try await attempt(object, replacing: replacing, prepared) { ifAbsent in
            try await ObjectWrite(store: prepared.store).whole(object, content, ifAbsent: ifAbsent)
            environment.progress.finished(bytes: content.readableBytes)
        }
    }

    private func writeParts(
        _ object: CatalogObject, _ content: ByteStream, replacing: Bool, _ prepared: Prepared
    ) async throws -> Outcome {
        try await attempt(object, replacing: replacing, prepared) { ifAbsent in
            try await ObjectWrite(store: prepared.store).parts(
                object, content, ifAbsent: ifAbsent,
                onBytes: { [progress = environment.progress] in progress.finished(objects: 0, bytes: $0) })
            environment.progress.finished(bytes: 0)
        }
    }

    /// Writes, and makes of what the server says an outcome; throws what means the end of the run.
    private func attempt(
        _ object: CatalogObject, replacing: Bool, _ prepared: Prepared, _ write: (Bool) async throws -> Void
    ) async throws -> Outcome {
        do {
            do {
                try await write(prepared.guardsAbsence && !replacing)
            } catch let error as ObjectStoreError where error.code == .notImplemented && prepared.guardsAbsence {
                // A server without conditional writes: the listing made just before is then all that guards the key.
                try await write(false)
            }
            return .restored(object, replaced: replacing)
        } catch let error as ObjectStoreError where error.code == .preconditionFailed {
            return .skipped(object)
        } catch {
            return try failure(object, error)
        }
    }

    private func failure(_ object: CatalogObject, _ error: any Error) throws -> Outcome {
        switch error {
        case let error as ObjectStoreError:
            switch error.code {
            case .noSuchBucket, .unauthorized, .clockSkew, .unreachable, .outOfSpace: throw error
            default: return .failed(object, reason: error.code.rawValue, message: error.message)
            }
        case let error as HoldfastError: return .failed(object, reason: error.code.rawValue, message: error.message)
        case is CancellationError: throw error
        default: return .failed(object, reason: "corrupt", message: "it cannot be read from the archive: \(error)")
        }
    }

    private func record(_ outcome: Outcome, _ report: inout RestoreReport) {
        report.selectedCount += 1
        switch outcome {
        case .restored(let object, let replaced):
            report.restoredCount += 1
            report.restoredBytes = report.restoredBytes.addingUpToMax(object.size)
            report.overwrittenCount += replaced ? 1 : 0
        case .skipped(let object):
            report.skip("\(ObjectKey(object.key))")
        case .failed(let object, let reason, let message):
            environment.progress.update { $0.exceptions += 1 }
            report.except(ExceptionReport(key: "\(ObjectKey(object.key))", reason: reason, message: message))
        }
    }
}

extension KeySelection {
    /// Whether nothing is left out.
    var isEverything: Bool { prefix.isEmpty && includes.isEmpty && excludes.isEmpty }
}
