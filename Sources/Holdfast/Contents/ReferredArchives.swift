// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Archive
import Catalog
import Streams

/// The earlier archives in which bytes of a backup lie, each opened when the first of these bytes is wanted.
///
/// Holds one index for each archive that was read: some 10 bytes a frame of 1 MiB.
package actor ReferredArchives {
    private let names: [Int: String]
    private let vault: Vault
    /// With what sealed archives are opened.
    private let environment: RunEnvironment?
    private var opened: [Int: Task<ArchiveReader, any Error>] = [:]

    /// - Parameter catalog: names the archives and gives each its number.
    init(of catalog: CatalogReader, in vault: Vault, _ environment: RunEnvironment) async throws {
        names = Dictionary(try await catalog.archives().map { ($0.id, $0.name) }) { first, _ in first }
        self.vault = vault
        self.environment = environment
    }

    private init() {
        names = [:]
        vault = Vault(copies: [])
        environment = nil
    }

    /// Of an archive that is read without its catalog.
    static let none = ReferredArchives()

    /// The numbers that the catalog gives them.
    nonisolated var numbers: [Int] { names.keys.sorted() }

    /// The file name of an archive; `nil` for a number that the catalog does not explain.
    nonisolated func name(_ number: Int) -> String? { names[number] }

    /// - Throws: ``HoldfastError`` `.corrupt` when no copy of the vault has the archive, or none that can be read.
    func reader(_ number: Int) async throws -> ArchiveReader {
        if let task = opened[number] { return try await task.value }
        guard let name = names[number], let file = ArchiveFile(fileName: name), let environment else {
            throw HoldfastError(.corrupt, "The catalog refers to an archive \(number) that it does not name.")
        }
        // Shared by all who want the same archive at the same time.
        let task = Task { [vault] in try await Self.open(file, in: vault, environment) }
        opened[number] = task
        return try await task.value
    }

    /// Opens an archive in the first copy that has it, with the others beside it where it is damaged.
    static func open(
        _ file: ArchiveFile, in vault: Vault, _ environment: RunEnvironment
    ) async throws -> ArchiveReader {
        var problems: [String] = []
        var missingKey: HoldfastError?
        var remains: (any RandomAccessBytes)?
        for (index, copy) in vault.copies.enumerated() {
            do {
                guard let bytes = try await copy.openArchive(file, environment)?.bytes else {
                    problems.append("it is not in \(copy.label)")
                    continue
                }
                var archive: ArchiveReader
                do {
                    archive = try await ArchiveReader.open(bytes)
                } catch let error as ArchiveError {
                    remains = remains ?? bytes
                    throw error
                }
                let others = vault.copies[(index + 1)...]
                archive.spares = { _ in
                    var found: [any RandomAccessBytes] = []
                    for other in others {
                        if let spare = try? await other.openArchive(file, environment) { found.append(spare.bytes) }
                    }
                    return found
                }
                return archive
            } catch let error as HoldfastError where error.code == .wrongKey {
                missingKey = error
            } catch {
                try Task.checkCancellation()
                problems.append("in \(copy.label): \(error)")
            }
        }
        // What is left of an archive without its end still holds what lies there; each frame is checked as it is read.
        if let remains {
            do {
                return try await ArchiveReader.recover(remains)
            } catch {
                try Task.checkCancellation()
            }
        }
        if problems.isEmpty, let missingKey { throw missingKey }
        throw HoldfastError(
            .corrupt,
            "Bytes of this backup lie in \(file.fileName), which cannot be read: \(problems.joined(separator: "; ")).",
            hint: "Bring that archive back into the vault; every backup made after it may need it.")
    }
}
