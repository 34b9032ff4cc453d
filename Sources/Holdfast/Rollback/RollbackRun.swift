// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import AsyncAlgorithms
import Catalog
package import Foundation
import NIOCore
package import ObjectStorage
import Streams

/// Brings a bucket with versions back, in place, to what it was at a moment: older versions are written again on top of the
/// newer ones, and delete markers put where there was nothing. No version is ever removed, so that a rollback can be rolled
/// back.
///
/// Killed at any point it can be run again: a key that is as it was is left alone.
package struct RollbackRun: Sendable {
    package let bucket: String
    package let moment: Date
    package let source: any StorageService
    package let selection: KeySelection
    /// Say what would be done, and write nothing.
    package let planOnly: Bool
    package let environment: RunEnvironment

    package init(
        bucket: String, moment: Date, source: any StorageService, selection: KeySelection, planOnly: Bool,
        environment: RunEnvironment
    ) {
        self.bucket = bucket
        self.moment = moment
        self.source = source
        self.selection = selection
        self.planOnly = planOnly
        self.environment = environment
    }

    /// Keys being looked at or written at once.
    private static let concurrentKeys = 16
    /// Bytes of objects read and not yet written.
    private static let writeBudget = 48 << 20

    private enum Outcome: Sendable {
        case unchanged
        case done(RollbackStep)
        case failed(ExceptionReport)
    }

    /// - Parameter report: is told each step, in the order of the listing.
    /// - Throws: ``HoldfastError`` when nothing could be done; what single keys met is in the report.
    package func run(_ report: (RollbackStep) throws -> Void) async throws -> RollbackReport {
        let clock = ContinuousClock.now
        environment.progress.begin("looking")
        do {
            try await checkBucket()
            var result = RollbackReport(bucket: bucket, source: source.name, moment: moment, planOnly: planOnly)
            let store = source.store(for: bucket)
            let details = DetailReading(tagCountIsTold: try await source.identify().tellsTagCount, readsACLs: false)
            // Prefix by prefix: what a flat listing of versions leaves out on some servers would be left as it is.
            let versions = versionListingByDelimiter(of: store, prefix: selection.prefix)
                .flatMap { $0.versions.async }
                .filter { [selection] in selection.contains($0.info.key.bytes) }
            let keys = KeyMoments(versions: versions, moment: moment)
            environment.progress.begin(planOnly ? "comparing" : "rolling back")
            try await keys.mapInOrder(
                width: Self.concurrentKeys, budget: Self.writeBudget,
                cost: { key in
                    let size = key.then?.info.size ?? 0
                    return size > ObjectWrite.wholeLimit ? Self.writeBudget : Int(size)
                }
            ) { key in
                try await handle(key, store, details)
            } consume: { outcome in
                environment.progress.finished(bytes: 0)
                switch outcome {
                case .unchanged: result.unchangedCount += 1
                case .done(let step):
                    result.count(step)
                    try report(step)
                case .failed(let exception):
                    environment.progress.update { $0.exceptions += 1 }
                    result.except(exception)
                }
            }
            result.seconds = (ContinuousClock.now - clock).seconds
            return result
        } catch let error as ObjectStoreError {
            throw HoldfastError(storage: error, "Cannot roll \(bucket) at \(source.name) back")
        }
    }

    private func checkBucket() async throws {
        guard moment <= environment.services.now() else {
            throw HoldfastError(
                .invalidConfiguration, "\(TimeText.iso(moment)) is not over yet.",
                hint: "Name a moment in the past.")
        }
        guard try await source.bucketExists(bucket) else {
            throw HoldfastError(
                .notFound, "There is no bucket \(bucket) at \(source.name).",
                hint: "holdfast buckets lists the buckets that these credentials see.")
        }
        let status = try await source.versioningStatus(of: bucket)
        guard status == .enabled else {
            throw HoldfastError(
                .conflict,
                "Versioning of \(bucket) at \(source.name) is \(status == nil ? "off" : "suspended"): what is there now would be lost.",
                hint: "Switch it on first, or restore a backup with holdfast restore.")
        }
    }

    private func handle(_ key: KeyMoment, _ store: any ObjectStore, _ details: DetailReading) async throws -> Outcome {
        let name = key.now.info.key
        do {
            guard let then = key.then, !then.isDeleteMarker else {
                guard !key.now.isDeleteMarker else { return .unchanged }
                if !planOnly {
                    for outcome in try await store.delete([ObjectReference(name)]) {
                        if let error = outcome.error { throw error }
                    }
                }
                return .done(RollbackStep(key: "\(name)", kind: .removed))
            }
            if key.now.info.version == then.info.version { return .unchanged }
            var old = try await store.head(name, version: then.info.version)
            (old.key, old.version) = (name, then.info.version)
            let flaw = try await details.complete(&old, in: store)
            if let flaw { return .failed(exception(name, flaw.reason, flaw.message)) }
            if try await isSame(key.now, as: old, store, details) { return .unchanged }
            if !planOnly { try await writeAgain(old, store) }
            return .done(
                RollbackStep(
                    key: "\(name)", kind: .broughtBack, version: then.info.version?.rawValue,
                    modified: then.info.lastModified, size: old.size))
        } catch let error as ObjectStoreError {
            switch error.code {
            case .noSuchBucket, .unauthorized, .clockSkew, .unreachable, .outOfSpace: throw error
            default: return .failed(exception(name, error.code.rawValue, error.message))
            }
        } catch let error as HoldfastError {
            return .failed(exception(name, error.code.rawValue, error.message))
        }
    }

    private func exception(_ key: ObjectKey, _ reason: String, _ message: String) -> ExceptionReport {
        ExceptionReport(key: "\(key)", reason: reason, message: message)
    }

    /// Whether the newest version is another one of the same content and description, as an earlier rollback leaves it.
    private func isSame(
        _ now: ObjectVersion, as old: ObjectInfo, _ store: any ObjectStore, _ details: DetailReading
    ) async throws -> Bool {
        guard !now.isDeleteMarker, now.info.etag == old.etag, now.info.size == old.size else { return false }
        var current = try await store.head(now.info.key, version: now.info.version)
        (current.key, current.version) = (now.info.key, now.info.version)
        _ = try await details.complete(&current, in: store)
        return Set(current.attributes.headers) == Set(old.attributes.headers)
            && Set(current.attributes.metadata) == Set(old.attributes.metadata)
            && Set(current.attributes.tags) == Set(old.attributes.tags)
    }

    private func writeAgain(_ old: ObjectInfo, _ store: any ObjectStore) async throws {
        let object = CatalogObject(old, member: old.key.bytes, extent: 0..<old.size, sha256: nil)
        let isWhole = old.size <= ObjectWrite.wholeLimit
        let body = try await store.get(
            old.key,
            GetOptions(
                version: old.version, ifMatch: old.etag.isEmpty ? nil : old.etag,
                wholeUpTo: isWhole ? Int(ObjectWrite.wholeLimit) : 1 << 20))
        let write = ObjectWrite(store: store)
        if isWhole {
            let content = try await body.bytes.collect(upTo: Int(ObjectWrite.wholeLimit))
            _ = try await write.collected(object, content, ifAbsent: false)
        } else {
            _ = try await write.parts(object, body.bytes, ifAbsent: false, onBytes: { _ in })
        }
    }
}

extension RollbackReport {
    mutating func count(_ step: RollbackStep) {
        switch step.kind {
        case .broughtBack:
            broughtBackCount += 1
            broughtBackBytes = broughtBackBytes.addingUpToMax(step.size ?? 0)
        case .removed: removedCount += 1
        }
    }

    mutating func except(_ exception: ExceptionReport) {
        exceptionCount += 1
        if exceptions.count < 100 { exceptions.append(exception) }
    }
}
