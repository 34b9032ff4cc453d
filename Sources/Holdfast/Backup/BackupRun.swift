// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Archive
import Foundation
package import ObjectStorage

/// Backs up one bucket: list, fetch, pack, store, record.
package struct BackupRun: Sendable {
    package let bucket: String
    package private(set) var name: BackupName
    let origin: BackupOrigin
    package let vault: Vault
    package let options: Options
    package let environment: RunEnvironment
    /// Whether the operator chose the name. If not, an interrupted backup of the bucket is gone on with under its own.
    package var isNameChosen = true
    package var checkpoints = CheckpointRule()

    package init(
        bucket: String, name: BackupName, source: any StorageService, vault: Vault, options: Options,
        environment: RunEnvironment
    ) {
        self.bucket = bucket
        self.name = name
        origin = .server(source)
        self.vault = vault
        self.options = options
        self.environment = environment
    }

    /// Makes a full backup of an earlier one, without the source. Which objects and versions it has, that one says.
    init(
        of base: SyntheticBase, name: BackupName, vault: Vault, options: Options, environment: RunEnvironment
    ) {
        bucket = base.metadata.bucketName
        self.name = name
        origin = .backup(base)
        self.vault = vault
        var options = options
        options.isFull = true
        // That it is empty was accepted when it was made.
        options.allowEmpty = true
        options.selection = base.metadata.selection
        options.allVersions = base.metadata.includeVersions
        self.options = options
        self.environment = environment
    }

    var progress: ProgressMeter { environment.progress }
    var file: ArchiveFile {
        ArchiveFile(name: name, codec: options.codec, isSealed: options.recipients != nil)
    }

    /// - Throws: ``HoldfastError``; then there is no backup of this name, in no copy.
    package func run() async throws -> BackupReport {
        let clock = ContinuousClock.now
        progress.update { $0.phase = "looking" }
        // Before anything is asked or written: an age that is none.
        _ = try ObjectTest(options.selection.filter, at: environment.services.now())
        let span = try await checkSource()
        try await checkProtection()
        var leftovers = try await lookForInterrupted(span)
        var report: BackupReport?
        if let found = leftovers.found {
            do {
                var run = self
                run.name = found.file.name
                var earlier = span
                earlier.started = found.journal.started
                if let cut = found.journal.cut {
                    earlier.scope = .versions(cut: cut, includesAll: options.allVersions)
                }
                report = try await run.attempt(earlier, going: found, keeping: leftovers.kept)
            } catch let refusal as ResumeRefusal {
                leftovers.kept.remove(found.file.fileName)
                leftovers.reasons.append(Self.sentence(found, refusal.why))
            }
        }
        var made = if let report { report } else { try await attempt(span, going: nil, keeping: leftovers.kept) }
        made.warnings += leftovers.reasons
        made.seconds = (ContinuousClock.now - clock).seconds
        return made
    }

    /// Makes the backup, or makes the rest of an interrupted one.
    ///
    /// - Throws: ``ResumeRefusal`` when the interrupted one cannot be gone on with; then nothing is left of it.
    private func attempt(
        _ span: Span, going interrupted: InterruptedBackup?, keeping kept: Set<String>
    ) async throws -> BackupReport {
        try await checkNameIsFree()
        return try await vault.withLock(
            "backup", name, breaking: interrupted?.journal.lockToken, services: environment.services
        ) { lock in
            try await removeLeftovers(keeping: kept)
            try await removeStrayMark()
            let start = try await begin(interrupted, lockToken: lock.token)
            do {
                let report = try await write(start, span)
                await start.place.remove()
                return report
            } catch {
                let isKept = await stop(start, after: error)
                guard let error = error as? ObjectStoreError else { throw error }
                let rest = isKept ? " yet, and the next run goes on from the last checkpoint" : ""
                throw HoldfastError(
                    storage: error, "Cannot read \(bucket) at \(origin.name); no backup was made\(rest)")
            }
        }
    }

    /// What is backed up: when the run began, and of which moment.
    struct Span {
        var started: Date
        var scope = ListingScope.current
        var warning: String?
    }

    private func checkSource() async throws -> Span {
        let source: any StorageService
        switch origin {
        case .server(let service): source = service
        case .backup(let base): return Span(started: environment.services.now(), scope: base.scope)
        }
        do {
            guard try await source.bucketExists(bucket) else {
                throw HoldfastError(
                    .notFound, "There is no bucket \(bucket) at \(source.name).",
                    hint: "holdfast buckets lists the buckets that these credentials see.")
            }
            var span = Span(started: environment.services.now())
            span.scope = try await ListingScope.find(
                in: bucket, at: source, moment: options.moment, includesAll: options.allVersions,
                started: span.started, warning: &span.warning)
            return span
        } catch let error as ObjectStoreError {
            throw HoldfastError(storage: error, "Cannot reach the bucket \(bucket) at \(source.name)")
        }
    }
}
