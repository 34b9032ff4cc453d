// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Catalog
import NIOCore
import ObjectStorage
import Streams

/// Carries out what was decided on one object: reads it from the backup, writes it, and says what became of it.
struct ObjectRestore: Sendable {
    let backup: OpenedBackup
    let target: RestoreTarget
    let settings: SettingsRestore
    let dryRun: Bool
    let progress: ProgressMeter
    var records: UploadRecords?

    /// What became of an object.
    enum Outcome: Sendable {
        case restored(CatalogObject, replaced: Bool)
        case skipped(CatalogObject)
        case failed(CatalogObject, reason: String, message: String)
    }

    /// A decision with the content read already, where contents can only be read in order.
    struct Loaded: Sendable {
        let decision: RestoreTarget.Decision
        var content: ByteBuffer?
        /// Large objects are written while they are read, and what became of them is known at once.
        var outcome: Outcome?
    }

    /// Reads the content of the next object of an archive without an index; large ones are written on the way.
    func load(_ decision: RestoreTarget.Decision, _ forward: ForwardBytes) async throws -> Loaded {
        var loaded = Loaded(decision: decision)
        guard case .write(let replacing) = decision.act, !dryRun else { return loaded }
        let object = decision.object
        let places = try backup.extents(of: object)
        let extent = places[0].range
        // Links share the content of what they point at, which is gone by then: for them the archive is read again.
        let isBehind = await extent.lowerBound < forward.position && !extent.isEmpty
        let content = isBehind || places.count > 1 ? try await backup.stream(object) : forward.stream(extent)
        if object.size <= ObjectWrite.wholeLimit {
            do {
                loaded.content = try await content.collect(upTo: Int(ObjectWrite.wholeLimit))
            } catch {
                loaded.outcome = try failure(object, error)
            }
        } else {
            loaded.outcome = try await writeParts(object, content, replacing: replacing)
        }
        return loaded
    }

    func carryOut(_ loaded: Loaded) async throws -> Outcome {
        if let outcome = loaded.outcome { return outcome }
        guard case .write(let replacing) = loaded.decision.act, let content = loaded.content else {
            return try await carryOut(loaded.decision)
        }
        return try await writeWhole(loaded.decision.object, content, replacing: replacing)
    }

    func carryOut(_ decision: RestoreTarget.Decision) async throws -> Outcome {
        let object = decision.object
        switch decision.act {
        case .refuse(let why): return .failed(object, reason: "target", message: why)
        case .skip: return .skipped(object)
        case .write(let replacing):
            if dryRun { return .restored(object, replaced: replacing) }
            do {
                if object.size > ObjectWrite.wholeLimit {
                    return try await writeParts(object, backup.stream(object), replacing: replacing)
                }
                let content = try await backup.stream(object).collect(upTo: Int(ObjectWrite.wholeLimit))
                return try await writeWhole(object, content, replacing: replacing)
            } catch {
                return try failure(object, error)
            }
        }
    }

    /// Makes a delete marker.
    func mark(_ object: CatalogObject) async throws -> Outcome {
        guard !dryRun else { return .restored(object, replaced: false) }
        do {
            for outcome in try await target.store.delete([ObjectReference(ObjectKey(object.key))]) {
                if let error = outcome.error { return try failure(object, error) }
            }
            progress.finished(bytes: 0)
            return .restored(object, replaced: false)
        } catch {
            return try failure(object, error)
        }
    }

    private func writeWhole(
        _ object: CatalogObject, _ content: ByteBuffer, replacing: Bool
    ) async throws -> Outcome {
        try await attempt(object, replacing: replacing) { ifAbsent in
            let version = try await ObjectWrite(store: target.store, records: records).collected(
                object, content, ifAbsent: ifAbsent)
            progress.finished(bytes: content.readableBytes)
            return version
        }
    }

    private func writeParts(
        _ object: CatalogObject, _ content: ByteStream, replacing: Bool
    ) async throws -> Outcome {
        try await attempt(object, replacing: replacing) { ifAbsent in
            let version = try await ObjectWrite(store: target.store, records: records).parts(
                object, content, ifAbsent: ifAbsent,
                onBytes: { [progress] in progress.finished(objects: 0, bytes: $0) })
            progress.finished(bytes: 0)
            return version
        }
    }

    /// Writes, and makes of what the server says an outcome; throws what means the end of the run.
    private func attempt(
        _ object: CatalogObject, replacing: Bool, _ write: (Bool) async throws -> VersionID?
    ) async throws -> Outcome {
        do {
            let version: VersionID?
            do {
                version = try await write(target.guardsAbsence && !replacing)
            } catch let error as ObjectStoreError where error.code == .notImplemented && target.guardsAbsence {
                // A server without conditional writes: the listing made just before is then all that guards the key.
                version = try await write(false)
            }
            return try await finish(object, version: version, replaced: replacing)
        } catch let error as ObjectStoreError where error.code == .preconditionFailed {
            return .skipped(object)
        } catch {
            return try failure(object, error)
        }
    }

    /// Sets what belongs to a version beside its bytes. Without it the object is there and not as it was.
    private func finish(_ object: CatalogObject, version: VersionID?, replaced: Bool) async throws -> Outcome {
        do {
            try await settings.apply(to: object, version: version, in: target.store)
            return .restored(object, replaced: replaced)
        } catch let error as ObjectStoreError {
            guard case .failed(_, let reason, let message) = try failure(object, error) else { throw error }
            return .failed(
                object, reason: reason,
                message: "its bytes are in the bucket, its lock or ACL is not as it was: \(message)")
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
}
