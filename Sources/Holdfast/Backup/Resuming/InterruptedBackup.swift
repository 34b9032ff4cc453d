// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Archive
import Catalog
import Foundation
import Logging

/// A backup that a run of this host was making when it ended.
struct InterruptedBackup: Sendable {
    let place: JournalPlace
    let journal: BackupJournal
    let frames: FrameIndex
    let file: ArchiveFile

    /// Reads the journal of a dead run.
    ///
    /// - Throws: when it cannot be read, or is not to be believed.
    private init(at place: JournalPlace) async throws {
        let found = try await CatalogJournal.read(at: place.path)
        var frames = FrameIndex()
        for chunk in found.chunks { try frames.append(lengths: chunk) }
        guard let fact = found.facts[BackupJournal.fact], let journal = BackupJournal(fact, frames: frames),
            let file = ArchiveFile(fileName: journal.file)
        else {
            throw HoldfastError(.corrupt, "its journal contradicts itself, or is of another version of Holdfast")
        }
        self.place = place
        self.journal = journal
        self.frames = frames
        self.file = file
    }

    /// What the dead runs of this host left to go on with. What is too old, or cannot be read, is removed.
    ///
    /// - Returns: and what was removed, for people.
    static func all(_ environment: RunEnvironment) async throws -> (found: [InterruptedBackup], removed: [String]) {
        var found: [InterruptedBackup] = []
        var removed: [String] = []
        let oldest = environment.services.now().addingTimeInterval(-BackupJournal.lifetime)
        for place in try await JournalPlace.ofTheDead(in: environment.state) {
            do {
                let backup = try await InterruptedBackup(at: place)
                if backup.journal.saved >= oldest {
                    found.append(backup)
                    continue
                }
                removed.append("The interrupted backup \(backup.file.name) was given up: it is older than 7 days.")
            } catch {
                try Task.checkCancellation()
                removed.append("An interrupted backup was given up: \(error)")
            }
            await place.remove()
        }
        for line in removed { environment.logger.warning("\(line)") }
        return (found, removed)
    }

    /// The files that are to be gone on with: nobody may remove what the copies have of them.
    static func files(_ environment: RunEnvironment) async -> Set<String> {
        guard let all = try? await all(environment).found else { return [] }
        for backup in all { backup.place.release() }
        return Set(all.map(\.file.fileName))
    }
}

/// Why an interrupted backup is not gone on with; then it is made anew.
struct ResumeRefusal: Error {
    let why: String
}
