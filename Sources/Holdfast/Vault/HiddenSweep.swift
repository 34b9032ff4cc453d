// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

package import Foundation

/// A hidden archive that stays for now, and why.
package struct WaitingArchive: Codable, Equatable, Sendable {
    package var file: String
    /// Backups that need its bytes.
    package var neededBy: [String] = []
    /// Why it stays although nothing is known to need it.
    package var reason: String?
    /// When the last lock on it ends, UTC, where one keeps it.
    package var lockedUntil: Date?

    package init(file: String, neededBy: [String] = [], reason: String? = nil) {
        self.file = file
        self.neededBy = neededBy
        self.reason = reason
    }
}

/// An archive that was removed.
package struct RemovedArchive: Codable, Equatable, Sendable {
    package var file: String
    /// Copies from which it is gone.
    package var copies: [String]
}

/// What the removal of archives freed in one copy.
package struct FreedSpace: Codable, Equatable, Sendable {
    package var copy: String
    package var archives = 0
    /// Bytes of these archives as the copy listed them.
    package var bytes: Int64 = 0
}

/// Removes the archives that are hidden and that nothing refers to any more (I6).
///
/// A backup on another host may just build on an archive, and nobody sees that before its commit. So the order is: hide;
/// look for living locks; then read what every listed backup refers to; remove. A run whose lock came later lists the vault
/// later, and does not build on what is hidden by then; one whose lock was gone by then has committed, and is among the
/// backups that were read. While a run is at work, only what was hidden long before it began can go. An archive that was
/// hidden later counts as listed: somebody may have built on it before.
struct HiddenSweep: Sendable {
    let vault: Vault
    let environment: RunEnvironment
    /// The lock on the vault, under which this runs.
    let lock: HeldLock

    struct Outcome: Sendable {
        var removed: [RemovedArchive] = []
        var waiting: [WaitingArchive] = []
        var freed: [FreedSpace] = []
        /// Archives that a copy still has, and why.
        var failed: [(file: String, problem: CopyProblem)] = []
    }

    /// - Parameter check: is given the backups that are listed before anything is removed, and throws to prevent that.
    func run(check: ([BackupSummary]) throws -> Void = { _ in }) async throws -> Outcome {
        var outcome = Outcome(freed: vault.copies.map { FreedSpace(copy: $0.label) })
        let (marks, others) = try await look()
        guard !marks.isEmpty else { return outcome }
        let archives = try await BackupList(vault: vault, environment: environment).readArchives()
        try check(archives.listed)
        let isMarked = { (file: ArchiveFile) in marks.contains(HiddenArchive.fileName(of: file)) }
        var living = archives.listed
        living += archives.hidden.filter { !isMarked($0.entry.file) }.map(\.summary)
        var busy: [ArchiveFile: VaultLock] = [:]
        for (entry, summary) in archives.hidden where isMarked(entry.file) {
            guard let other = try await firstWithout(entry.file, others) else { continue }
            busy[entry.file] = other
            living.append(summary)
        }
        // Newest first: what refers to others goes before them, so that whoever is killed leaves nothing that lacks bytes.
        let hidden = archives.hidden.filter { isMarked($0.entry.file) }
            .sorted { ($0.entry.modified, $0.entry.file.fileName) > ($1.entry.modified, $1.entry.file.fileName) }
        for (entry, summary) in hidden {
            let needed = Self.needing(entry.file, among: living.filter { $0.file != entry.file.fileName })
            let other = busy[entry.file]
            guard needed.isEmpty, other == nil else {
                let reason = needed.isEmpty ? other.map { "it may be needed while \($0.holder)" } : nil
                outcome.waiting.append(
                    WaitingArchive(file: entry.file.fileName, neededBy: needed, reason: reason))
                continue
            }
            guard await lock.isStillHeld() else {
                throw HoldfastError(
                    .conflict,
                    "Another run took over the lock on the vault, because this one was too slow to renew it.",
                    hint: "Run it again; what was hidden stays hidden, and nothing is lost.")
            }
            // What a copy still has may still be shown by it: what it refers to is needed.
            if try await !remove(entry, &outcome) { living.append(summary) }
        }
        try await removeStrayMarks()
        return outcome
    }

    /// Hosts' clocks differ by less.
    private static let margin: TimeInterval = 86_400

    /// The first of these runs that may have begun before an archive was hidden, and so may build on it.
    private func firstWithout(_ file: ArchiveFile, _ others: [VaultLock]) async throws -> VaultLock? {
        guard let first = others.first else { return nil }
        var hidden: Date?
        for copy in vault.copies {
            guard let content = try await copy.readFile(HiddenArchive.path(of: file)) else { continue }
            // The first time counts, whichever copy knows of it; a mark that says nothing is as of now.
            if let mark = HiddenArchive(content) { hidden = min(mark.hidden, hidden ?? mark.hidden) }
        }
        guard let hidden else { return first }
        return others.first { $0.started < hidden.addingTimeInterval(Self.margin) }
    }

    /// What is hidden, and then who else is at work.
    private func look() async throws -> (marks: Set<String>, others: [VaultLock]) {
        do {
            let marks = try await vault.marks()
            // A lock of a host whose clock goes after this one looks dead here while its run is at work.
            let latest = environment.services.now().addingTimeInterval(-Self.margin)
            let alive = try await vault.locks(now: latest).alive
            return (marks, alive.filter { !lock.isSame(as: $0) })
        } catch {
            try Task.checkCancellation()
            throw HoldfastError(
                .unreachable, "A copy of the vault cannot be read, so nobody knows who is at work there: \(error)",
                hint: "holdfast check tries each copy and says what is wrong with it.")
        }
    }

    /// The backups that refer to an archive, or may do so: of what cannot be read nobody knows. Sealed backups refer to
    /// sealed archives only, and others to others.
    static func needing(_ file: ArchiveFile, among backups: [BackupSummary]) -> [String] {
        backups.filter { $0.dependsOn?.contains(file.fileName) ?? ($0.sealed == file.isSealed) }.map(\.name)
    }

    /// The archive first, so that a mark without an archive is all that a kill leaves.
    ///
    /// - Returns: whether it is gone from every copy.
    private func remove(_ entry: VaultEntry, _ outcome: inout Outcome) async throws -> Bool {
        var removed = RemovedArchive(file: entry.file.fileName, copies: [])
        var isGone = true
        var held: [(label: String, archive: HeldArchive)] = []
        for (index, copy) in vault.copies.enumerated() {
            do {
                guard try await copy.remove(entry.file) else { continue }
                removed.copies.append(copy.label)
                outcome.freed[index].archives += 1
                outcome.freed[index].bytes += entry.copies.first { $0.label == copy.label }?.size ?? 0
            } catch let archive as HeldArchive {
                isGone = false
                held.append((copy.label, archive))
            } catch {
                try Task.checkCancellation()
                isGone = false
                outcome.failed.append(
                    (entry.file.fileName, CopyProblem(label: copy.label, problem: "\(error)")))
            }
        }
        if !held.isEmpty {
            var waiting = WaitingArchive(
                file: entry.file.fileName,
                reason: held.map { "\($0.archive) in \($0.label)" }.joined(separator: "; "))
            // Nobody knows how long a legal hold lasts.
            let dates = held.compactMap(\.archive.until)
            waiting.lockedUntil = dates.count == held.count ? dates.max() : nil
            outcome.waiting.append(waiting)
        }
        if !removed.copies.isEmpty { outcome.removed.append(removed) }
        try await CatalogCache(vault: vault, environment: environment).forget(entry.file)
        await ProofRecords(environment).forget(entry.file)
        guard isGone else { return false }
        try await KeptCatalogs(environment.state).forget(entry.file)
        try await vault.unhide(entry.file)
        return true
    }

    /// Marks whose archives are gone: they would hide a new backup of the same name.
    private func removeStrayMarks() async throws {
        let listing = try await vault.backups()
        guard listing.unreachable.isEmpty else { return }
        for mark in listing.strayMarks.sorted() {
            for copy in vault.copies { try await copy.removeFile(VaultLayout.hidden + mark) }
        }
    }
}
