// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Logging
import SystemPackage

/// What was proven of the archives of the vault, in the state directory: `proofs/<archive>.json`.
///
/// Nothing here can make an operation fail. Two runs that note something of one archive at the same moment may lose
/// the one or the other note; lost, it is history that is lost.
struct ProofRecords: Sendable {
    private let environment: RunEnvironment

    init(_ environment: RunEnvironment) {
        self.environment = environment
    }

    private struct Record: Codable {
        var copies: [CopyProofs] = []
    }

    /// The most bytes of a record that are read: that of a vault of many copies has some kilobytes.
    private static let limit: Int64 = 1 << 20

    /// What is known of the files that lie in the copies now, in the order of the entry.
    func proofs(of entry: VaultEntry) async -> [CopyProofs] {
        let known = (try? await read(entry.file))?.copies ?? []
        return entry.copies.compactMap { copy in
            let present = CopyProofs(copy)
            return known.first { $0.fits(present) }
        }
    }

    /// Notes what was seen of the copies of an archive; `change` is asked for each.
    func update(_ entry: VaultEntry, _ change: (inout CopyProofs) -> Void) async {
        do {
            let known = (try? await read(entry.file))?.copies ?? []
            var record = Record(copies: known.filter { old in !entry.copies.contains { $0.label == old.copy } })
            for copy in entry.copies {
                let present = CopyProofs(copy)
                var proofs = known.first { $0.fits(present) } ?? present
                change(&proofs)
                if !proofs.isEmpty { record.copies.append(proofs) }
            }
            guard record.copies != known else { return }
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.sortedKeys]
            try await environment.state.replace(try await path(of: entry.file), with: try encoder.encode(record))
        } catch {
            environment.logger.warning(
                "proofs not recorded", metadata: ["archive": "\(entry.file.fileName)", "error": "\(error)"])
        }
    }

    /// Notes that copies got an archive, as they list it now.
    ///
    /// - Parameter isReadBack: whether all of its bytes were then read from there, and found to be right.
    func noteWritten(
        _ file: ArchiveFile, to labels: [String], of vault: Vault, sha256: String, isReadBack: Bool = false
    ) async {
        var entry = VaultEntry(file: file)
        for copy in vault.copies where labels.contains(copy.label) {
            // A copy that cannot be listed now has the archive all the same; only nothing is noted of it.
            guard let stored = try? await copy.archives().first(where: { $0.file == file }) else { continue }
            entry.add(stored, in: copy.label)
        }
        let now = environment.services.now()
        await update(entry) { proofs in
            proofs.sha256 = sha256
            proofs.written = now
            if isReadBack { proofs.checksummed = now }
        }
    }

    /// Forgets an archive that was deleted.
    func forget(_ file: ArchiveFile) async {
        guard let path = try? await path(of: file) else { return }
        await environment.state.remove(path)
    }

    private func path(of file: ArchiveFile) async throws -> FilePath {
        try await environment.state.proofs().appending(file.fileName + ".json")
    }

    private func read(_ file: ArchiveFile) async throws -> Record? {
        let path = try await path(of: file)
        return try await FileThread.run {
            guard let facts = try FileSystemNames.regularFile(path), facts.size <= Self.limit,
                let data = FileManager.default.contents(atPath: path.string)
            else { return nil }
            return try JSONDecoder().decode(Record.self, from: data)
        }
    }
}
