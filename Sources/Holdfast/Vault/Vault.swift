// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

package import Foundation
package import Streams

/// Where backups live: one or more copies with the same layout.
package struct Vault: Sendable {
    package let copies: [any VaultCopy]

    package init(copies: [any VaultCopy]) {
        self.copies = copies
    }

    /// Every backup in any copy, by name.
    package func backups() async throws -> VaultListing {
        var entries: [ArchiveFile: VaultEntry] = [:]
        var unreachable: [CopyProblem] = []
        var hidden: Set<String> = []
        for copy in copies {
            do {
                for archive in try await copy.archives() {
                    entries[archive.file, default: VaultEntry(file: archive.file)].add(archive, in: copy.label)
                }
                hidden.formUnion(try await copy.files(in: VaultLayout.hidden))
            } catch {
                try Task.checkCancellation()
                unreachable.append(CopyProblem(label: copy.label, problem: "\(error)"))
            }
        }
        if unreachable.count == copies.count, let first = unreachable.first {
            throw HoldfastError(
                .unreachable, "No copy of the vault can be read. \(first.label): \(first.problem)",
                hint: "holdfast check tries each copy and says what is wrong with it.")
        }
        let marked = Set(entries.keys.map { HiddenArchive.fileName(of: $0) })
        let sorted = entries.values.sorted { ($0.file.name, $0.file.fileName) < ($1.file.name, $1.file.fileName) }
        return VaultListing(
            entries: sorted.filter { !hidden.contains(HiddenArchive.fileName(of: $0.file)) },
            hidden: sorted.filter { hidden.contains(HiddenArchive.fileName(of: $0.file)) },
            strayMarks: hidden.subtracting(marked).filter { $0.hasSuffix(".json") }, unreachable: unreachable,
            copies: copies.map(\.label))
    }

    /// The archive of a name, given with or without its extension.
    ///
    /// - Throws: ``HoldfastError`` `.notFound`, or `.conflict` when two archives differ in their extension only.
    package func find(_ text: String) async throws -> VaultEntry {
        let listing = try await backups()
        let file = ArchiveFile(fileName: text)
        if let entry = listing.entries.first(where: { $0.file == file }) { return entry }
        let name = try BackupName(withoutExtension: text)
        // Whoever names the one archive does not mean the other: it may be a deletion.
        let found = listing.entries.filter { $0.file.name == name && (file == nil || file?.codec == $0.file.codec) }
        guard let entry = found.first else {
            let missing = listing.unreachable.map { " \($0.label) could not be read." }.joined()
            throw HoldfastError(
                .notFound, "There is no backup named \(file?.fileName ?? name.rawValue).\(missing)",
                hint: "holdfast backups lists those there are.")
        }
        guard found.count == 1 else {
            let names = found.map(\.file.fileName).joined(separator: " and ")
            throw HoldfastError(.conflict, "\(name) could be \(names).", hint: "Give the name with its extension.")
        }
        return entry
    }

    /// Opens an archive in the first copy that has it whole.
    package func open(_ entry: VaultEntry) async throws -> (bytes: any RandomAccessBytes, copy: String) {
        var problems: [String] = []
        for copy in copies where entry.copies.contains(where: { $0.label == copy.label }) {
            do {
                if let bytes = try await copy.open(entry.file) { return (bytes, copy.label) }
            } catch {
                try Task.checkCancellation()
                problems.append("\(copy.label): \(error)")
            }
        }
        throw HoldfastError(
            .unreachable, "\(entry.file.fileName) cannot be opened. \(problems.joined(separator: "; "))")
    }
}

/// What a vault holds.
package struct VaultListing: Sendable {
    package let entries: [VaultEntry]
    /// Archives of deleted backups that other backups still need.
    package let hidden: [VaultEntry]
    /// The names of marks that hide nothing that can be seen.
    let strayMarks: Set<String>
    /// Copies that could not be listed: what they hold is unknown, not absent.
    package let unreachable: [CopyProblem]
    /// Every copy of the vault, readable or not.
    package let copies: [String]
}

/// A copy and what is wrong with it.
package struct CopyProblem: Sendable, Codable {
    package let label: String
    package let problem: String

    package init(label: String, problem: String) {
        self.label = label
        self.problem = problem
    }
}

/// One archive and the copies that have it.
package struct VaultEntry: Sendable {
    package let file: ArchiveFile
    package private(set) var copies: [(label: String, size: Int64, modified: Date)] = []

    init(file: ArchiveFile) {
        self.file = file
    }

    mutating func add(_ archive: StoredArchive, in label: String) {
        copies.append((label, archive.size, archive.modified))
    }

    /// Bytes in the first copy that has it.
    package var size: Int64 { copies.first?.size ?? 0 }

    /// When the first copy got it.
    package var modified: Date { copies.first?.modified ?? .distantPast }
}
