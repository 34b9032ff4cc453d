// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Archive
import Foundation
package import ObjectStorage

/// Backs up one bucket: list, fetch, pack, store, record.
package struct BackupRun: Sendable {
    package let bucket: String
    package let name: BackupName
    package let source: any StorageService
    package let vault: Vault
    package let options: Options
    package let environment: RunEnvironment

    package init(
        bucket: String, name: BackupName, source: any StorageService, vault: Vault, options: Options,
        environment: RunEnvironment
    ) {
        self.bucket = bucket
        self.name = name
        self.source = source
        self.vault = vault
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
        let span = try await checkSource()
        try await checkNameIsFree()
        return try await vault.withLock("backup", name, services: environment.services) {
            try await removeLeftovers()
            try await removeStrayMark()
            let sink = try await CopiesSink.begin(file, in: vault.copies)
            do {
                var report = try await write(to: sink, span)
                report.seconds = (ContinuousClock.now - clock).seconds
                return report
            } catch let error as ObjectStoreError {
                await sink.abort()
                throw HoldfastError(storage: error, "Cannot read \(bucket) at \(source.name); no backup was made")
            } catch {
                await sink.abort()
                throw error
            }
        }
    }

    /// What is backed up: when the run began, and of which moment.
    struct Span {
        let started: Date
        var scope = ListingScope.current
        var warning: String?
    }

    private func checkSource() async throws -> Span {
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
