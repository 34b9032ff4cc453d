// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Catalog
import Foundation
import ObjectStorage
import Streams

/// Reads the archives of backups in every copy, makes them whole where another copy allows it, and names what is lost.
package struct RepairRun: Sendable {
    /// The backup, with or without extension; `nil` for every archive of the vault.
    package let name: String?
    package let vault: Vault
    package let dryRun: Bool
    package let environment: RunEnvironment

    package init(name: String?, vault: Vault, dryRun: Bool, environment: RunEnvironment) {
        self.name = name
        self.vault = vault
        self.dryRun = dryRun
        self.environment = environment
    }

    package func run() async throws -> RepairReport {
        let clock = ContinuousClock.now
        var report = RepairReport(dryRun: dryRun, started: environment.services.now())
        let listing = try await vault.backups()
        let present = listing.entries + listing.hidden
        let subject = if let name { try await vault.find(name) } else { nil as VaultEntry? }
        var lost: [String: LostBytes] = [:]
        func repair(_ entries: [VaultEntry]) async throws {
            for entry in entries {
                let outcome = try await self.repair(entry)
                report.archives.append(outcome.report)
                if !outcome.lost.isNone { lost[entry.file.fileName] = outcome.lost }
            }
        }
        try await repair(subject.map { [$0] } ?? present)
        // What it refers to is asked only now: it may have had no index before.
        let wanted = try await backups(subject)
        let handled = Set(report.archives.map(\.file))
        let needed = Set(wanted.flatMap(\.needs)).subtracting(handled).sorted()
        try await repair(
            needed.compactMap { name in
                present.first { $0.file.fileName == name } ?? ArchiveFile(fileName: name).map(VaultEntry.init(file:))
            })
        if !lost.isEmpty {
            for backup in wanted
            where ([backup.entry.file.fileName] + backup.needs).contains(where: { lost[$0] != nil }) {
                try await name(lost, of: backup.entry, &report)
            }
        }
        report.seconds = (ContinuousClock.now - clock).seconds
        return report
    }

    /// The backups whose losses are named, and the archives that each refers to.
    private func backups(_ subject: VaultEntry?) async throws -> [(entry: VaultEntry, needs: [String])] {
        guard let subject else {
            let summaries = try await BackupList(vault: vault, environment: environment).read().backups
            return try await vault.backups().entries.map { entry in
                (entry, summaries.first { $0.file == entry.file.fileName }?.dependsOn ?? [])
            }
        }
        do {
            let backup = try await OpenedBackup.open(subject, in: vault, environment)
            return [(subject, backup.metadata?.dependsOn ?? [])]
        } catch {
            // What is wrong with it was told when it was looked at.
            try Task.checkCancellation()
            return [(subject, [])]
        }
    }

    private func repair(_ entry: VaultEntry) async throws -> (report: RepairReport.Archive, lost: LostBytes) {
        let repair = ArchiveRepair(entry: entry, vault: vault, dryRun: dryRun, environment: environment)
        // Nothing is written: nobody needs to be kept away.
        if dryRun { return try await repair.run() }
        do {
            return try await vault.withLock("repair", entry.file.name, services: environment.services) {
                try await repair.run()
            }
        } catch let error as HoldfastError where error.code == .conflict {
            return (.init(file: entry.file.fileName, problem: error.message, isBusy: true), LostBytes())
        }
    }

    /// Names the objects of a backup whose bytes are lost, in its own archive or in one that it refers to.
    private func name(
        _ lost: [String: LostBytes], of entry: VaultEntry, _ report: inout RepairReport
    ) async throws {
        let own = entry.file.fileName
        do {
            let backup = try await OpenedBackup.open(entry, in: vault, environment)
            // Without an index the catalog is made of what is left; what is not, it does not know.
            guard case .indexed = backup.content, backup.missingKey == nil else {
                report.unexamined.append(
                    CopyProblem(
                        label: entry.file.name.rawValue,
                        problem: "Its catalog is lost: what else it held cannot be named. "
                            + backup.flaws.joined(separator: " ")))
                return
            }
            let archives = Dictionary(try await backup.catalog.archives().map { ($0.id, $0.name) }) { first, _ in first
            }
            for try await object in KeyOrder(catalog: backup.catalog) {
                let hit = object.extents.lazy.compactMap { extent -> String? in
                    let name = extent.archive == 0 ? own : archives[extent.archive] ?? "?"
                    let end = extent.offset.addingReportingOverflow(extent.length)
                    guard let bytes = lost[name], extent.length >= 0, !end.overflow,
                        bytes.contains(extent.offset..<end.partialValue)
                    else { return nil }
                    return name
                }.first
                guard let name = hit else { continue }
                report.lose(
                    .init(
                        backup: entry.file.name.rawValue, key: "\(ObjectKey(object.key))",
                        version: object.listed.versionID,
                        archive: name))
            }
        } catch {
            try Task.checkCancellation()
            report.unexamined.append(CopyProblem(label: entry.file.name.rawValue, problem: "\(error)"))
        }
    }
}
