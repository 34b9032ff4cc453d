// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Archive
import Catalog
import Foundation
import Holdfast
import Logging
import ObjectStorage
import SystemPackage
import TestSupport

/// A source bucket and a vault of a directory and a bucket, each on a server of its own in memory.
struct Scene: Sendable {
    static let bucket = "source"

    let root: FilePath
    let source: InMemoryStorageService
    var vaultService = InMemoryStorageService()
    /// For how long archives in the vault's bucket are locked, and by which clock.
    var lock: ArchiveLock?
    var vaultServices = SystemServices.live

    /// Runs `body` with a new scene, whose files are gone afterwards.
    static func with<Result>(
        _ options: InMemoryOptions = InMemoryOptions(), _ body: (Scene) async throws -> Result
    ) async throws -> Result {
        try await withTemporaryDirectory { root in
            let scene = Scene(root: root, source: InMemoryStorageService(options))
            try await scene.source.createBucket(bucket)
            return try await body(scene)
        }
    }

    var store: any ObjectStore { source.store(for: Self.bucket) }

    var directoryCopy: DirectoryCopy { DirectoryCopy(root.appending("vault")) }
    var bucketCopy: BucketCopy {
        BucketCopy(service: vaultService, bucket: "backups", lock: lock, services: vaultServices)
    }
    var vault: Vault { Vault(copies: [directoryCopy, bucketCopy]) }
    /// Where the directory copy keeps archives.
    var archives: FilePath { root.appending("vault").appending("buckets") }

    var environment: RunEnvironment { environment(.live) }

    func environment(_ services: SystemServices) -> RunEnvironment {
        RunEnvironment(
            services: services, logger: Logger(label: "tests") { _ in SwiftLogNoOpLogHandler() },
            state: StateDirectory(root.appending("state")), progress: ProgressMeter())
    }

    @discardableResult
    func backUp(
        _ name: String = "first", from source: (any StorageService)? = nil, to vault: Vault? = nil,
        codec: ArchiveCodec = .gzip, compression: CompressionLevel = .fast, allowEmpty: Bool = false,
        isFull: Bool = true, sweep: MetadataSweep = .always, allVersions: Bool = false, moment: Date? = nil,
        acls: Bool = false, deltas: Bool = false
    ) async throws -> BackupReport {
        var options = BackupRun.Options(
            codec: codec, compression: compression, allowEmpty: allowEmpty, isFull: isFull, sweep: sweep,
            allVersions: allVersions, moment: moment, acls: acls)
        if deltas { options.deltaLimits = .short }
        return try await BackupRun(
            bucket: Self.bucket, name: BackupName(name), source: source ?? self.source, vault: vault ?? self.vault,
            options: options, environment: environment
        ).run()
    }

    /// As if another host looked at the vault.
    func forgetState() throws {
        try FileManager.default.removeItem(atPath: root.appending("state").string)
    }

    func open(_ name: String = "first", in vault: Vault? = nil) async throws -> OpenedBackup {
        let vault = vault ?? self.vault
        return try await OpenedBackup.open(try await vault.find(name), in: vault, environment)
    }

    /// The keys of a backup, in byte order, one for each version.
    func keys(_ name: String = "first") async throws -> [String] {
        var keys: [String] = []
        for try await row in KeyOrder(catalog: try await open(name).catalog) {
            keys.append(String(decoding: row.key, as: UTF8.self))
        }
        return keys
    }

    @discardableResult
    func restore(
        _ name: String = "first", from vault: Vault? = nil, into bucket: String = "target",
        at target: (any StorageService)? = nil, options: RestoreRun.Options = RestoreRun.Options()
    ) async throws -> RestoreReport {
        try await RestoreRun(
            backup: try await open(name, in: vault), target: target ?? source, bucket: bucket, options: options,
            environment: environment
        ).run()
    }

    func verify(
        _ depth: VerifyDepth, _ name: String = "first", in vault: Vault? = nil,
        verified: VerifiedContents = VerifiedContents()
    ) async throws -> VerifyReport {
        let vault = vault ?? self.vault
        return try await VerifyRun(
            entry: try await vault.find(name), vault: vault, depth: depth, verified: verified, environment: environment
        ).run()
    }

    @discardableResult
    func delete(_ name: String) async throws -> DeleteReport {
        try await DeleteRun(entry: try await vault.find(name), vault: vault, environment: environment).run()
    }

    func list(_ vault: Vault? = nil) async throws -> (backups: [BackupSummary], unreachable: [CopyProblem]) {
        try await BackupList(vault: vault ?? self.vault).read()
    }
}

extension CatalogDelta.Limits {
    /// For small buckets: whatever changed, up to three deltas follow one another.
    static var short: CatalogDelta.Limits {
        var limits = CatalogDelta.Limits()
        limits.wholeRows = 0
        limits.chainLength = 3
        limits.part = 1
        return limits
    }
}
