// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Archive
import Catalog
import Foundation
import Logging
import Streams
import SystemPackage

/// The backup that an incremental one builds on.
struct EarlierBackup: Sendable {
    let base: CatalogBase
    let name: String
    /// When tags and metadata of every object were last read; `nil` when nobody knows.
    let swept: Date?
    /// Whether every object of it was asked for its ACL.
    let hasACLs: Bool

    /// The name of the fact in a catalog that says when every object was last asked for its description: milliseconds
    /// since 1970, UTC.
    static let sweptFact = "swept"
    /// The name of the fact in a catalog that says that every object was asked for its ACL.
    static let aclsFact = "acls"

    /// The newest backup of these keys of `bucket` at `source` that has all of its archives in every copy of the vault.
    ///
    /// What cannot be read is passed over: the worst that comes of it is a full backup.
    ///
    /// - Parameter recipients: to whom the new backup is sealed. It builds only on what all of them can open, and one
    ///   that is not sealed on none that is.
    static func find(
        of bucket: String, _ selection: KeySelection, at source: String, sealedTo recipients: SealRecipients?,
        in vault: Vault, _ environment: RunEnvironment
    ) async throws -> EarlierBackup? {
        let listing = try await vault.backups()
        guard listing.unreachable.isEmpty else { return nil }
        let everywhere = Set(
            (listing.entries + listing.hidden).filter { $0.copies.count == vault.copies.count }
                .map(\.file.fileName))
        let newest = listing.entries.sorted { ($0.modified, $0.file.fileName) > ($1.modified, $1.file.fileName) }
        let isSealed = recipients != nil
        let fits = { (metadata: BackupMetadata) in
            metadata.formatVersion == 1 && metadata.bucketName == bucket && metadata.source?.endpoint == source
                && metadata.selection == selection.canonical
        }
        for entry in newest where everywhere.contains(entry.file.fileName) && entry.file.isSealed == isSealed {
            do {
                let found: EarlierBackup?
                if let recipients {
                    let archives = (listing.entries + listing.hidden).filter { everywhere.contains($0.file.fileName) }
                    found = try await openKept(entry, fits, recipients, archives, in: vault, environment)
                } else {
                    found = try await open(entry, fits, in: vault, environment) { names in
                        names.allSatisfy { everywhere.contains($0) }
                    }
                }
                if let found { return found }
            } catch {
                try Task.checkCancellation()
                environment.logger.debug(
                    "backup not usable as a base", metadata: ["backup": "\(entry.file.fileName)", "error": "\(error)"])
            }
        }
        return nil
    }

    private static func open(
        _ entry: VaultEntry, _ fits: (BackupMetadata) -> Bool, in vault: Vault, _ environment: RunEnvironment,
        hasAll: ([String]) -> Bool
    ) async throws -> EarlierBackup? {
        let (bytes, label) = try await vault.open(entry)
        let archive = try await ArchiveReader.open(bytes)
        guard let metadata = try await BackupMetadata.read(from: archive), fits(metadata),
            hasAll(metadata.dependsOn ?? []), let range = archive.catalog
        else { return nil }
        let cache = CatalogCache(vault: vault, environment: environment)
        let path = try await cache.file(of: entry, label: label) { archive.stream(range) }
        let facts = try await CatalogReader.open(at: path).info()
        return EarlierBackup(
            base: CatalogBase(path: path, archive: entry.file.fileName), name: entry.file.name.rawValue,
            swept: facts[sweptFact].flatMap { Int64($0) }.map { TimeText.date(milliseconds: $0) },
            hasACLs: facts[aclsFact] != nil)
    }
}

/// How often an incremental backup asks for tags and metadata of objects whose bytes did not change: both can change
/// without a trace in a listing.
package enum MetadataSweep: String, Sendable, CaseIterable {
    /// With every backup: one request an object.
    case always
    /// When the last time is a day ago or more.
    case daily
    case never

    func isDue(last: Date?, now: Date) -> Bool {
        switch self {
        case .always: true
        case .never: false
        // A clock that was set back must not put it off.
        case .daily: last.map { now.timeIntervalSince($0) >= 86_400 || now < $0 } ?? true
        }
    }
}
