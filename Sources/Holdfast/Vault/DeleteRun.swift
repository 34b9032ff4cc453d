// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Foundation

/// What a deletion did.
package struct DeleteReport: Codable, Sendable {
    package var name: String
    package var file: String
    /// Copies from which the archive is gone.
    package var deleted: [String] = []
    /// Copies that still have it, and why.
    package var failed: [CopyProblem] = []
    /// Backups that need its bytes: the archive is hidden, and removed with the last of them.
    package var neededBy: [String] = []
    /// Archives hidden earlier that nothing needed any more, by file name.
    package var alsoRemoved: [String] = []
}

/// Removes a backup from every copy of the vault; its bytes stay, hidden, as long as another backup needs them.
package struct DeleteRun: Sendable {
    package let entry: VaultEntry
    package let vault: Vault
    package let environment: RunEnvironment

    package init(entry: VaultEntry, vault: Vault, environment: RunEnvironment) {
        self.entry = entry
        self.vault = vault
        self.environment = environment
    }

    package func run() async throws -> DeleteReport {
        try await vault.withLock("delete", entry.file.name, services: environment.services) {
            var report = DeleteReport(name: entry.file.name.rawValue, file: entry.file.fileName)
            let backups = try await BackupList(vault: vault, environment: environment).read().backups
                .filter { $0.file != entry.file.fileName }
            report.neededBy = Self.needing(entry.file, among: backups)
            if report.neededBy.isEmpty {
                try await remove(entry.file, &report)
            } else {
                try await hide(&report)
            }
            try await removeUnneeded(backups, &report)
            return report
        }
    }

    /// The backups that refer to an archive, or may do so: of what cannot be read nobody knows. Sealed backups refer to
    /// sealed archives only, and others to others.
    private static func needing(_ file: ArchiveFile, among backups: [BackupSummary]) -> [String] {
        backups.filter { $0.dependsOn?.contains(file.fileName) ?? ($0.sealed == file.isSealed) }.map(\.name)
    }

    private func remove(_ file: ArchiveFile, _ report: inout DeleteReport) async throws {
        for copy in vault.copies {
            do {
                if try await copy.remove(file) { report.deleted.append(copy.label) }
            } catch {
                try Task.checkCancellation()
                report.failed.append(CopyProblem(label: copy.label, problem: "\(error)"))
            }
        }
        try await CatalogCache(state: environment.state).forget(file)
        await ProofRecords(environment).forget(file)
        if report.failed.isEmpty { try await KeptCatalogs(environment.state).forget(file) }
    }

    private func hide(_ report: inout DeleteReport) async throws {
        let mark = HiddenArchive(archive: entry.file.fileName, hidden: environment.services.now())
        for copy in vault.copies {
            do {
                try await copy.prepare()
                try await copy.replaceFile(HiddenArchive.path(of: entry.file), try mark.encoded())
                report.deleted.append(copy.label)
            } catch {
                try Task.checkCancellation()
                report.failed.append(CopyProblem(label: copy.label, problem: "\(error)"))
            }
        }
    }

    /// Removes hidden archives that no backup refers to any more: the archive first, so that a mark without an archive
    /// is all that a crash leaves.
    private func removeUnneeded(_ backups: [BackupSummary], _ report: inout DeleteReport) async throws {
        for hidden in try await vault.backups().hidden where hidden.file != entry.file {
            guard Self.needing(hidden.file, among: backups).isEmpty else { continue }
            var removal = DeleteReport(name: hidden.file.name.rawValue, file: hidden.file.fileName)
            try await remove(hidden.file, &removal)
            report.failed += removal.failed
            guard removal.failed.isEmpty else { continue }
            for copy in vault.copies { try await copy.removeFile(HiddenArchive.path(of: hidden.file)) }
            report.alsoRemoved.append(hidden.file.fileName)
        }
    }
}
