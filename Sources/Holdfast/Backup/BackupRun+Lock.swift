// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

/// Where copies of the vault lock archives.
extension BackupRun {
    /// Of a copy that cannot be asked now, whoever writes to it next says why.
    func checkProtection() async throws {
        for copy in vault.copies {
            do {
                try await copy.checkProtection()
            } catch let error as HoldfastError where error.code == .invalidConfiguration {
                throw error
            } catch {
                try Task.checkCancellation()
            }
        }
    }

    /// What this backup needs must not be removable before it is itself: in each copy, before it is committed there.
    ///
    /// - Returns: what should be known of it.
    func renewRetention(of archives: [String], in sink: CopiesSink) async throws -> [String] {
        guard vault.copies.contains(where: { $0.lock != nil }) else { return [] }
        let files = archives.compactMap { ArchiveFile(fileName: $0) }
        return try await sink.keep { [vault] label in
            guard let copy = vault.copies.first(where: { $0.label == label }) else { return [] }
            var notes: [String] = []
            for file in files {
                if let note = try await copy.renewRetention(of: file) { notes.append(note) }
            }
            return notes
        }
    }

    /// Until when nobody can remove it, in each copy that was told to lock it.
    func retention(in copies: [String]) async -> [CopyRetention] {
        var found: [CopyRetention] = []
        for copy in vault.copies where copy.lock != nil && copies.contains(copy.label) {
            found.append(await copy.shownRetention(of: file, now: environment.services.now()))
        }
        return found
    }
}
