// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

/// Removes a backup from the copies that are buckets, and leaves it in the directories.
///
/// Only a backup that no other one needs: its bytes may be in one copy alone.
struct BucketRemoval: Sendable {
    let entry: VaultEntry
    let vault: Vault
    let environment: RunEnvironment

    /// - Throws: ``HoldfastError`` `.conflict` when another backup needs it, or no directory has it.
    func run() async throws -> DeleteReport {
        let file = entry.file.fileName
        let services = environment.services
        return try await vault.withLock("delete", entry.file.name, services: services) {
            try await vault.withVaultLock("delete", services: services) { _ in
                let directories = vault.copies.filter { copy in
                    copy is DirectoryCopy && entry.copies.contains { $0.label == copy.label }
                }
                guard !directories.isEmpty else {
                    throw HoldfastError(.conflict, "\(file) is in no directory that could keep it: it was not removed.")
                }
                try await demandUnneeded()
                var report = DeleteReport(name: entry.file.name.rawValue, file: file)
                for copy in vault.copies where !(copy is DirectoryCopy) {
                    do {
                        if try await copy.remove(entry.file) { report.deleted.append(copy.label) }
                    } catch {
                        try Task.checkCancellation()
                        report.failed.append(CopyProblem(label: copy.label, problem: "\(error)"))
                    }
                }
                return report
            }
        }
    }

    private func demandUnneeded() async throws {
        let archives = try await BackupList(vault: vault, environment: environment).readArchives()
        let others = (archives.listed + archives.hidden.map(\.summary)).filter { $0.file != entry.file.fileName }
        guard let needing = others.first(where: { $0.dependsOn?.contains(entry.file.fileName) ?? true }) else { return }
        throw HoldfastError(
            .conflict, "\(needing.file) needs \(entry.file.fileName), or may need it: it was not removed.",
            hint: "Delete it from every copy instead: what others need of it is kept then.")
    }
}
