// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Logging

/// What a run asks of the vault beside the archive's own place.
extension BackupRun {
    func checkNameIsFree() async throws {
        let listing = try await vault.backups()
        if let taken = (listing.entries + listing.hidden).first(where: { $0.file.name == name }) {
            let places = taken.copies.map(\.label).joined(separator: " and ")
            throw HoldfastError.nameTaken(name.rawValue, in: places)
        }
    }

    /// A mark that outlived its archive, because whoever removed that was killed, would hide the new one.
    func removeStrayMark() async throws {
        let listing = try await vault.backups()
        // A copy that cannot be asked may have the archive; then it is no stray.
        guard listing.strayMarks.contains(HiddenArchive.fileName(of: file)), listing.unreachable.isEmpty else { return }
        try await vault.unhide(file)
    }

    /// - Parameter kept: files that an interrupted run left, and that this one or another goes on with.
    func removeLeftovers(keeping kept: Set<String>) async throws {
        let now = environment.services.now()
        for copy in vault.copies {
            do {
                let removed = try await copy.removeLeftovers(keeping: kept) { other in
                    guard other != name else { return false }
                    return try await vault.isAlive(other, in: copy, now: now)
                }
                for file in removed {
                    environment.logger.info(
                        "leftover of a killed run removed",
                        metadata: ["vault.copy": "\(copy.label)", "file": "\(file)"])
                }
            } catch {
                try Task.checkCancellation()
                environment.logger.warning(
                    "leftovers not removed", metadata: ["vault.copy": "\(copy.label)", "error": "\(error)"])
            }
        }
    }

    /// Whoever deletes a backup does not see that this run builds on it: what it refers to must still be there when it
    /// becomes visible.
    func checkReferred(_ archives: [String]) async throws {
        guard !archives.isEmpty else { return }
        let listing = try await vault.backups()
        let present = Set((listing.entries + listing.hidden).map(\.file.fileName))
        if let gone = archives.first(where: { !present.contains($0) }) {
            throw HoldfastError(
                .conflict, "\(gone) was deleted while this backup was built on it; no backup was made.",
                hint: "Run it again; --full builds on nothing.")
        }
    }
}
