// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Catalog
import Logging
import ObjectStorage

/// The backup of which a synthetic full one is made.
struct SyntheticBase: Sendable {
    let backup: OpenedBackup
    let metadata: BackupMetadata

    /// - Throws: ``HoldfastError`` `.wrongKey` when it cannot be read for want of an identity, `.invalidConfiguration`
    ///   when it is of another bucket, or an archive that has no catalog.
    init(_ backup: OpenedBackup, bucket: String) throws {
        let name = backup.entry.file.fileName
        if let missingKey = backup.missingKey { throw missingKey }
        guard let metadata = backup.metadata, metadata.formatVersion == 1, case .indexed = backup.content else {
            throw HoldfastError(
                .invalidConfiguration,
                "\(name) has no index, so no new archive can be made of it: it is of an older system, or damaged.",
                hint: "holdfast repair mends a damaged one; holdfast backup \(bucket) --full asks the source.")
        }
        guard metadata.bucketName == bucket else {
            throw HoldfastError(
                .invalidConfiguration, "\(name) is a backup of \(metadata.bucketName), not of \(bucket).")
        }
        self.backup = backup
        self.metadata = metadata
    }

    /// Opens the named backup, or the newest one of a whole bucket that can be read.
    ///
    /// - Throws: ``HoldfastError`` `.notFound` when there is none, `.conflict` when there are backups of two buckets of
    ///   that name.
    static func find(
        of bucket: String, named name: String?, in vault: Vault, _ environment: RunEnvironment
    ) async throws -> SyntheticBase {
        if let name {
            return try SyntheticBase(
                try await OpenedBackup.open(try await vault.find(name), in: vault, environment), bucket: bucket)
        }
        let all = try await BackupList(vault: vault, environment: environment).read().backups
        let known = all.filter { $0.bucket == bucket && $0.selection.isEverything }
        guard Set(known.map(\.source)).count <= 1 else {
            throw HoldfastError(
                .conflict, "The vault has backups of buckets named \(bucket) at several servers.",
                hint: "Name the backup that is meant with --of.")
        }
        var failure: (any Error)?
        // One that its first copy does not tell the bucket of may be whole in another.
        for summary in all.reversed() where summary.bucket ?? bucket == bucket && summary.selection.isEverything {
            do {
                let opened = try await OpenedBackup.open(try await vault.find(summary.file), in: vault, environment)
                let isMeant = opened.metadata.map { $0.bucketName == bucket && $0.selection.isEverything } ?? true
                guard isMeant else { continue }
                return try SyntheticBase(opened, bucket: bucket)
            } catch {
                try Task.checkCancellation()
                environment.logger.warning(
                    "backup cannot be read", metadata: ["backup": "\(summary.file)", "error": "\(error)"])
                failure = failure ?? error
            }
        }
        throw failure
            ?? HoldfastError(
                .notFound, "There is no backup of the whole of \(bucket).",
                hint: "holdfast backups lists those there are; one of a part can be named with --of.")
    }

    /// The server as the backup names it.
    var source: String { metadata.source?.endpoint ?? "a server that the backup does not name" }

    var identity: ServerIdentity {
        ServerIdentity(
            product: metadata.source?.server, region: metadata.source?.region ?? "", tellsTagCount: true)
    }

    var configuration: BucketConfiguration {
        BucketConfiguration(
            documents: metadata.bucketConfiguration ?? [:], unread: metadata.bucketConfigurationUnread ?? [:])
    }

    /// What it shows: of a bucket without versions there is an interval, and no moment.
    var scope: ListingScope {
        guard let cut = metadata.cut, metadata.cutEnd == nil else { return .current }
        return .versions(cut: cut, includesAll: metadata.includeVersions)
    }

    /// What stays as it was said: the new archive shows the bucket at the same moment.
    func adopt(_ new: inout BackupMetadata) {
        new.timestamp = metadata.timestamp
        new.cut = metadata.cut
        new.cutEnd = metadata.cutEnd
        new.source = metadata.source
        new.bucketConfiguration = metadata.bucketConfiguration
        new.bucketConfigurationUnread = metadata.bucketConfigurationUnread
        new.syntheticOf = backup.entry.file.fileName
    }
}

/// Where a backup takes its objects from.
enum BackupOrigin: Sendable {
    case server(any StorageService)
    /// The vault alone.
    case backup(SyntheticBase)

    /// The server that the bucket is at, asked or not.
    var name: String {
        switch self {
        case .server(let service): service.name
        case .backup(let base): base.source
        }
    }

    var base: SyntheticBase? {
        if case .backup(let base) = self { base } else { nil }
    }

    func configuration(of bucket: String) async -> BucketConfiguration {
        switch self {
        case .server(let service): await BucketConfiguration.read(of: bucket, from: service)
        case .backup(let base): base.configuration
        }
    }
}

extension ObjectInfo {
    /// What a catalog knows of an object, as a server would say it.
    init(_ object: CatalogObject) {
        self.init(
            key: ObjectKey(object.key), version: object.listed.versionID.map { VersionID($0) }, size: object.size,
            etag: object.listed.etag, lastModified: TimeText.date(milliseconds: object.listed.lastModified),
            attributes: object.attributes)
        partCount = object.partCount
        partSize = object.partSize
        retention = ProtectionText.retention(from: object.retention)
        hasLegalHold = ProtectionText.hasLegalHold(from: object.legalHold)
        acl = ProtectionText.acl(from: object.acl)
    }
}

extension CatalogObject {
    /// All that this row says, of bytes that lie elsewhere by now.
    func lying(as other: CatalogObject) -> CatalogObject {
        var row = self
        row.member = other.member
        row.extents = other.extents
        row.sha256 = other.sha256
        row.chunks = other.chunks
        return row
    }
}
