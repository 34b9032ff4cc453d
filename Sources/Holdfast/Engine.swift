// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Catalog
package import Foundation
package import Logging
import NIOPosix
package import ObjectStorage
import Streams
package import SystemPackage

/// Everything opened: the source, the vault, the state. One method for each operation; no state of its own.
package struct Engine: Sendable {
    /// `nil` when no source is configured.
    private let configuredSource: RetryingStorageService?
    package let vault: Vault
    private let services: SystemServices
    private let logger: Logger
    private let state: StateDirectory
    private let configuration: HoldfastConfiguration
    private let counter: RequestCounter
    private let known = KnownMetadata()

    /// Opens what `configuration` names, runs `body` and closes every connection, however it ends.
    package static func withEngine<Result>(
        _ configuration: HoldfastConfiguration, logger: Logger, services: SystemServices = .live,
        _ body: (Engine) async throws -> Result
    ) async throws -> Result {
        // One thread: on few cores a second event loop costs more than it gains (Documentation/benchmarks.md).
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let servers = Servers(group: group, logger: logger, configuration)
        do {
            let engine = try Engine(configuration, servers, logger: logger, services: services)
            let result = try await body(engine)
            await servers.shutdown()
            return result
        } catch {
            await servers.shutdown()
            throw error
        }
    }

    private init(
        _ configuration: HoldfastConfiguration, _ servers: Servers, logger: Logger, services: SystemServices
    ) throws {
        let source = try configuration.source.map { try servers.service($0) }
        configuredSource = source
        vault = Vault(
            copies: try configuration.vault.map { copy -> any VaultCopy in
                switch copy {
                case .directory(let path): return DirectoryCopy(path)
                case .bucket(let bucket, let storage, let lock):
                    // Amazon takes locked objects only with a checksum: a client of its own, which sends one.
                    // And the keys of the source's objects are not for archives.
                    let isApart = lock != nil || configuration.source?.customerKeys.isEmpty == false
                    var own = storage ?? (isApart ? configuration.source : nil)
                    own?.customerKeys = CustomerKeys()
                    let service = try own.map { try servers.service($0, sendsContentMD5: lock != nil) } ?? source
                    guard let service else {
                        throw HoldfastError(
                            .invalidConfiguration,
                            "The vault bucket \(bucket) has no server: no endpoint is configured.",
                            hint:
                                "Set MINIO_ENDPOINT or HOLDFAST_VAULT_ENDPOINT, or keep backups in a directory only (HOLDFAST_VAULT_BUCKET= empty)."
                        )
                    }
                    return BucketCopy(service: service, bucket: bucket, lock: lock, services: services)
                }
            })
        self.services = services
        self.logger = logger
        self.configuration = configuration
        counter = servers.counter
        state = StateDirectory(configuration.stateDirectory)
        guard !vault.copies.isEmpty else {
            throw HoldfastError(
                .invalidConfiguration, "The vault has no copy: neither a directory nor a bucket is configured.",
                hint: "Set HOLDFAST_VAULT_DIRECTORY or HOLDFAST_VAULT_BUCKET.")
        }
    }

    /// The source.
    ///
    /// - Throws: ``HoldfastError`` `.invalidConfiguration` when none is configured.
    package var source: any StorageService {
        get throws {
            guard let configuredSource else {
                throw HoldfastError(
                    .invalidConfiguration, "No server is configured.",
                    hint:
                        "Set MINIO_ENDPOINT, MINIO_ROOT_USER and MINIO_ROOT_PASSWORD, or the AWS_ variables, or write holdfast.yaml."
                )
            }
            return configuredSource
        }
    }

    private func environment(_ progress: ProgressMeter) -> RunEnvironment {
        RunEnvironment(
            services: services, logger: logger, state: state, progress: progress, keys: configuration.keys)
    }

    /// How many requests were made to servers since they were opened, by the S3 API's operation and the HTTP status; 0 is
    /// no answer.
    package var serverRequests: [(operation: String, status: Int, count: Int)] {
        counter.reading.map { ($0.key.operation, $0.key.status, $0.value) }
            .sorted { ($0.operation, $0.status) < ($1.operation, $1.status) }
    }

    /// The names of the source's buckets.
    package func buckets() async throws -> [String] {
        let source = try source
        do {
            return try await source.buckets()
        } catch let error as ObjectStoreError {
            throw HoldfastError(storage: error, "Cannot list the buckets at \(source.name)")
        }
    }

    /// Backs up a bucket; `name` defaults to one made of the bucket and the time.
    package func backUp(
        bucket: String, name: BackupName?, options: BackupRun.Options, progress: ProgressMeter
    ) async throws -> BackupReport {
        var run = BackupRun(
            bucket: bucket, name: try name ?? .generated(bucket: bucket, at: services.now()), source: try source,
            vault: vault, options: options, environment: environment(progress))
        run.isNameChosen = name != nil
        return try await run.run()
    }

    /// Makes a self-contained backup of the newest one of a bucket, or of the one called `base`, from the vault alone.
    package func synthesize(
        bucket: String, of base: String?, name: BackupName?, options: BackupRun.Options, progress: ProgressMeter
    ) async throws -> BackupReport {
        let name = try name ?? .generated(bucket: bucket, at: services.now())
        let environment = environment(progress)
        let found = try await SyntheticBase.find(of: bucket, named: base, in: vault, environment)
        guard !found.backup.entry.file.isSealed || options.recipients != nil || options.leavesSeal else {
            throw HoldfastError(
                .invalidConfiguration,
                "\(found.backup.entry.file.fileName) is sealed, and what is made of it would not be.",
                hint: "Say to whom with --recipient, or that it is to be open with --unsealed.")
        }
        return try await BackupRun(of: found, name: name, vault: vault, options: options, environment: environment)
            .run()
    }

    /// Every backup, oldest first, and the copies that could not be listed.
    package func backups() async throws -> (backups: [BackupSummary], unreachable: [CopyProblem]) {
        try await BackupList(vault: vault, environment: environment(ProgressMeter()), known: known).read()
    }

    /// Opens a backup by its name, with or without extension.
    package func open(_ name: String, progress: ProgressMeter) async throws -> OpenedBackup {
        try await OpenedBackup.open(try await vault.find(name), in: vault, environment(progress))
    }

    /// Restores a backup into `bucket` (its own bucket when `nil`) at `target` (the source when `nil`).
    package func restore(
        _ name: String, into bucket: String?, at target: StorageConfiguration?, options: RestoreRun.Options,
        progress: ProgressMeter
    ) async throws -> RestoreReport {
        let backup = try await open(name, progress: progress)
        if let missingKey = backup.missingKey { throw missingKey }
        guard let bucket = bucket ?? backup.metadata?.bucketName else {
            throw HoldfastError(
                .invalidConfiguration, "\(name) does not say which bucket it is of.",
                hint: "Name the bucket to restore into with --to.")
        }
        guard let target else {
            return try await RestoreRun(
                backup: backup, target: try source, bucket: bucket, options: options, environment: environment(progress)
            ).run()
        }
        return try await withServer(target) { service in
            try await RestoreRun(
                backup: backup, target: service, bucket: bucket, options: options, environment: environment(progress)
            ).run()
        }
    }

    /// Verifies a backup in every copy.
    ///
    /// - Parameter verified: shared by the verifications of several backups, so that what they share is read once.
    package func verify(
        _ name: String, depth: VerifyDepth, sample: VerifySample? = nil,
        verified: VerifiedContents = VerifiedContents(), progress: ProgressMeter
    ) async throws -> VerifyReport {
        try await VerifyRun(
            entry: try await vault.find(name), vault: vault, depth: depth, sample: sample, verified: verified,
            environment: environment(progress)
        ).run()
    }

    /// When a backup was shown to be sound to `depth` in all of its copies, if that is not longer ago than `seconds`.
    package func proof(of backup: BackupSummary, to depth: VerifyDepth, within seconds: Double) -> Date? {
        guard let date = backup.proven(to: depth) else { return nil }
        // A clock that was set back must not put off a verification for long.
        return (0...seconds).contains(services.now().timeIntervalSince(date)) ? date : nil
    }

    /// What is known to have been proven of a backup's archive, for each copy of which anything is known.
    package func proofs(of backup: OpenedBackup) async -> [CopyProofs] {
        await ProofRecords(environment(ProgressMeter())).proofs(of: backup.entry)
    }

    /// Until when nobody can remove a backup's archive, for each copy that locks archives.
    package func retention(of backup: OpenedBackup) async -> [CopyRetention] {
        await vault.retention(of: backup.entry, now: services.now())
    }

    /// Makes a backup whole in every copy, with the archives that it needs; every archive of the vault for `nil`.
    package func repair(_ name: String?, dryRun: Bool, progress: ProgressMeter) async throws -> RepairReport {
        try await RepairRun(name: name, vault: vault, dryRun: dryRun, environment: environment(progress)).run()
    }

    /// Writes a recovery kit.
    ///
    /// - Parameter recipients: public keys that new backups are sealed to.
    package func makeKit(in directory: FilePath, recipients: [String]) async throws -> KitReport {
        try await KitRun(
            directory: directory, vault: vault, source: configuredSource?.name, recipients: recipients,
            environment: environment(ProgressMeter())
        ).run()
    }

    /// Seals a backup that is sealed already to others.
    package func reseal(_ name: String, to recipients: SealRecipients, keepsRecipients: Bool) async throws
        -> ResealReport
    {
        try await ResealRun(
            entry: try await vault.find(name), vault: vault, recipients: recipients, keepsRecipients: keepsRecipients,
            environment: environment(ProgressMeter())
        ).run()
    }

    /// Asks for the passphrase of these backups now, if one of them wants one: before anything is drawn over the
    /// question.
    package func askForPassphrase(of names: [String]) async throws {
        guard configuration.keys.hasPrompt else { return }
        for name in names {
            let entry = try await vault.find(name)
            guard entry.file.isSealed else { continue }
            let sealed = try await SealedArchive.read(try await vault.open(entry).bytes, of: entry.file)
            try await configuration.keys.prepare(for: sealed.front)
        }
    }

    /// Removes a backup from every copy, or from those that are buckets.
    ///
    /// - Throws: ``HoldfastError`` `.conflict` when directories are to keep it, and do not have it or other backups need it.
    package func delete(_ name: String, keepsDirectories: Bool = false) async throws -> DeleteReport {
        let entry = try await vault.find(name)
        let environment = environment(ProgressMeter())
        guard keepsDirectories else {
            return try await DeleteRun(entry: entry, vault: vault, environment: environment).run()
        }
        return try await BucketRemoval(entry: entry, vault: vault, environment: environment).run()
    }

    /// Removes what the policies do not keep.
    package func prune(_ policies: RetentionPolicies, options: PruneRun.Options, progress: ProgressMeter) async throws
        -> PruneReport
    {
        try await PruneRun(
            vault: vault, policies: policies, options: options, environment: environment(progress)
        ).run()
    }

    /// Compares a backup with another one, in the keys that both were to hold.
    ///
    /// - Returns: how many keys are the same.
    package func diff(
        _ before: OpenedBackup, _ after: OpenedBackup, _ report: (Difference) throws -> Void
    ) async throws -> Int {
        try await BackupDiff(
            before: before.catalog, after: after.catalog, comparesAttributes: true,
            selections: [before, after].compactMap(\.metadata?.selection),
            tests: [before, after].compactMap(\.metadata?.test)
        ).run(report)
    }

    /// Compares a backup with a bucket of the source as it is now, by size and ETag.
    ///
    /// - Returns: how many keys are the same.
    package func diff(
        _ before: OpenedBackup, bucket: String, progress: ProgressMeter, _ report: (Difference) throws -> Void
    ) async throws -> Int {
        let source = try source
        do {
            let after = try await CatalogReader.objects(of: source.store(for: bucket), environment(progress))
            return try await BackupDiff(
                before: before.catalog, after: after, comparesAttributes: false,
                selections: [before].compactMap(\.metadata?.selection), tests: [before].compactMap(\.metadata?.test)
            ).run(report)
        } catch let error as ObjectStoreError {
            throw HoldfastError(storage: error, "Cannot list \(bucket) at \(source.name)")
        }
    }

    /// Brings a bucket of the source back, in place, to what it was at a moment; `report` is told each step.
    package func rollBack(
        bucket: String, to moment: Date, selection: KeySelection, planOnly: Bool, progress: ProgressMeter,
        _ report: (RollbackStep) throws -> Void
    ) async throws -> RollbackReport {
        try await RollbackRun(
            bucket: bucket, moment: moment, source: try source, selection: selection, planOnly: planOnly,
            environment: environment(progress)
        ).run(report)
    }

    /// Tries everything that a backup needs and says what is wrong, with the fix.
    package func check(bucket: String?, progress: ProgressMeter) async -> [CheckResult] {
        await HealthCheck(
            source: configuredSource, origin: configuration.source?.origin, vault: vault,
            environment: environment(progress)
        ).run(bucket: bucket)
    }

    private func withServer<Result>(
        _ configuration: StorageConfiguration, _ body: (any StorageService) async throws -> Result
    ) async throws -> Result {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let servers = Servers(group: group, logger: logger, self.configuration)
        do {
            let result = try await body(try servers.service(configuration))
            await servers.shutdown()
            return result
        } catch {
            await servers.shutdown()
            throw error
        }
    }
}
