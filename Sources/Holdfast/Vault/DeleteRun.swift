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
}

/// Removes a backup from every copy of the vault.
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
            for copy in vault.copies {
                do {
                    if try await copy.remove(entry.file) { report.deleted.append(copy.label) }
                } catch {
                    try Task.checkCancellation()
                    report.failed.append(CopyProblem(label: copy.label, problem: "\(error)"))
                }
            }
            try await CatalogCache(state: environment.state).forget(entry.file)
            return report
        }
    }
}
