// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

package import Foundation

/// What a deletion did.
package struct DeleteReport: Codable, Sendable {
    package var name: String
    package var file: String
    /// Copies from which the archive is gone, or in which it is hidden.
    package var deleted: [String] = []
    /// Copies that still have it, and why.
    package var failed: [CopyProblem] = []
    /// Backups that need its bytes: the archive is hidden, and removed with the last of them.
    package var neededBy: [String] = []
    /// Why the archive is only hidden although nothing is known to need it; the next deletion or prune removes it.
    package var waiting: String?
    /// When the lock ends that keeps it, UTC: the first prune after that removes it.
    package var lockedUntil: Date?
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
        var report = DeleteReport(name: entry.file.name.rawValue, file: entry.file.fileName)
        let services = environment.services
        let hidden = try await vault.withLock("delete", entry.file.name, services: services) {
            try await vault.hide(entry.file, now: services.now())
        }
        report.deleted = hidden.marked
        report.failed = hidden.failed
        guard !hidden.marked.isEmpty else { return report }
        do {
            let outcome = try await vault.withVaultLock("delete", services: services) { lock in
                try await HiddenSweep(vault: vault, environment: environment, lock: lock).run()
            }
            try await tell(outcome, &report)
        } catch let error as HoldfastError where error.code == .conflict || error.code == .unreachable {
            report.waiting = error.message
        }
        return report
    }

    private func tell(_ outcome: HiddenSweep.Outcome, _ report: inout DeleteReport) async throws {
        let file = entry.file.fileName
        report.alsoRemoved = outcome.removed.map(\.file).filter { $0 != file }
        if let waiting = outcome.waiting.first(where: { $0.file == file }) {
            report.neededBy = waiting.neededBy
            report.waiting = waiting.reason
            report.lockedUntil = waiting.lockedUntil
            // What another copy failed to do, the next prune does with the rest.
            report.failed += outcome.failed.filter { $0.file == file }.map(\.problem)
            return
        }
        report.deleted = outcome.removed.first { $0.file == file }?.copies ?? []
        let kept = outcome.failed.filter { $0.file == file }.map(\.problem)
        report.failed = kept + outcome.failed.filter { $0.file != file }.map(\.problem)
        // Where a copy keeps it, it is still a backup, and can be deleted again by its name.
        if !kept.isEmpty { try await vault.unhide(entry.file) }
    }
}
