// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import ObjectStorage

/// Finding the interrupted backup to go on with.
extension BackupRun {
    /// What dead runs of this host left.
    struct Leftovers {
        /// The one to go on with.
        var found: InterruptedBackup?
        /// The files of others that stay for other runs to go on with.
        var kept: Set<String> = []
        /// What the report must say.
        var reasons: [String] = []
    }

    /// Looks for the interrupted backup that this run goes on with: of this bucket, into this vault, with these options. One
    /// that this run was to go on with and cannot is given up.
    func lookForInterrupted(_ span: Span) async throws -> Leftovers {
        // Made of the vault alone, a backup is made anew when it was interrupted.
        guard origin.base == nil else { return Leftovers() }
        let (all, removed) = try await InterruptedBackup.all(environment)
        var leftovers = Leftovers(reasons: removed)
        let taken = try await all.isEmpty ? [] : takenNames()
        for backup in all.sorted(by: { $0.journal.saved > $1.journal.saved }) {
            if isOurs(backup), taken.contains(backup.file.name) {
                // Killed between the commit and the removal of its journal, or overtaken.
                if !isNameChosen {
                    leftovers.reasons.append(Self.sentence(backup, "there is a backup of that name by now"))
                }
                await backup.place.remove()
                continue
            }
            guard leftovers.found == nil, isOurs(backup), !isNameChosen || backup.file.name == name else {
                leftovers.kept.insert(backup.file.fileName)
                backup.place.release()
                continue
            }
            if let why = obstacle(to: backup, span) {
                leftovers.reasons.append(Self.sentence(backup, why))
                await backup.place.remove()
            } else if try await isBeingWritten(backup) {
                leftovers.kept.insert(backup.file.fileName)
                backup.place.release()
            } else {
                leftovers.found = backup
            }
        }
        if let found = leftovers.found { leftovers.kept.insert(found.file.fileName) }
        return leftovers
    }

    static func sentence(_ backup: InterruptedBackup, _ why: String) -> String {
        "The interrupted backup \(backup.file.name) was not gone on with, and this one was begun anew: \(why)."
    }

    /// Whether it is of this bucket and went into this vault.
    private func isOurs(_ backup: InterruptedBackup) -> Bool {
        backup.journal.bucket == bucket && backup.journal.source == origin.name
            && vault.copies.contains { backup.journal.copies[$0.label] != nil }
    }

    /// What keeps it from being gone on with for good.
    private func obstacle(to backup: InterruptedBackup, _ span: Span) -> String? {
        guard options.recipients == nil, backup.journal.choices == BackupJournal.Choices(options) else {
            return "it was begun with other options"
        }
        guard (backup.journal.cut == nil) == (span.scope.cut == nil) else {
            return "versioning of the bucket was switched meanwhile"
        }
        return nil
    }

    private func takenNames() async throws -> Set<BackupName> {
        let listing = try await vault.backups()
        return Set((listing.entries + listing.hidden).map(\.file.name))
    }

    /// Whether somebody else is at work on its name.
    private func isBeingWritten(_ backup: InterruptedBackup) async throws -> Bool {
        guard !isNameChosen else { return false }
        for copy in vault.copies {
            let content = try? await copy.readFile(VaultLock.path(for: backup.file.name))
            try Task.checkCancellation()
            guard let content, let lock = VaultLock(content) else { continue }
            // This host knows that the run that wrote the journal is dead.
            if lock.token != backup.journal.lockToken, lock.isAlive(now: environment.services.now()) { return true }
        }
        return false
    }
}
