// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Age
import Catalog
import Foundation
import SystemPackage

extension EarlierBackup {
    /// A sealed backup that this host made and cannot read, by the catalog that it kept.
    ///
    /// - Parameters:
    ///   - fits: whether the new backup may build on a backup that says this of itself.
    ///   - archives: those that are in every copy of the vault.
    /// - Returns: `nil` when it does not fit, or when not all of `recipients` can open every archive that it needs.
    static func openKept(
        _ entry: VaultEntry, _ fits: (BackupMetadata) -> Bool, _ recipients: SealRecipients, _ archives: [VaultEntry],
        in vault: Vault, _ environment: RunEnvironment
    ) async throws -> EarlierBackup? {
        guard let kept = try await lookUp(entry, recipients, in: vault, environment) else { return nil }
        let metadata = try BackupMetadata.decoded(from: kept.record.metadata)
        guard fits(metadata) else { return nil }
        for name in metadata.dependsOn ?? [] {
            guard let needed = archives.first(where: { $0.file.fileName == name }), needed.file.isSealed,
                try await lookUp(needed, recipients, in: vault, environment) != nil
            else { return nil }
        }
        let facts = try await CatalogReader.open(at: kept.catalog).info()
        return EarlierBackup(
            base: CatalogBase(path: kept.catalog, archive: entry.file.fileName), name: entry.file.name.rawValue,
            swept: facts[sweptFact].flatMap { Int64($0) }.map { TimeText.date(milliseconds: $0) },
            hasACLs: facts[aclsFact] != nil)
    }

    /// What is kept of an archive that all of `recipients` can open. Two small reads.
    private static func lookUp(
        _ entry: VaultEntry, _ recipients: SealRecipients, in vault: Vault, _ environment: RunEnvironment
    ) async throws -> (record: KeptCatalogs.Record, catalog: FilePath)? {
        let front = try await SealedFront.read(try await vault.open(entry).bytes)
        guard let kept = try await KeptCatalogs(environment.state).find(entry.file, front),
            kept.record.currentHeader == Data(front.header), recipients.areAmong(kept.record.recipients)
        else { return nil }
        return kept
    }
}
