// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Archive
package import Foundation
import NIOCore
import Streams

/// What `holdfast backups` says of one backup.
package struct BackupSummary: Codable, Sendable {
    package var name: String
    package var file: String
    /// `nil` when the archive does not say, or cannot be read.
    package var bucket: String?
    /// When the backup was begun; for strangers' archives, when the file was written. UTC.
    package var time: Date
    /// Bytes of the archive.
    package var archiveBytes: Int64
    package var objectCount: Int?
    /// Bytes of the objects.
    package var totalBytes: Int64?
    /// `nil` when nobody knows: archives of the older system do not say.
    package var complete: Bool?
    package var exceptionCount: Int?
    package var copies: [String]
    /// Copies of the vault that lack it.
    package var missingCopies: [String]
    /// The other archives in which bytes of it lie, by file name; `nil` when nobody knows.
    package var dependsOn: [String]?
    /// Whether it takes an identity to read it.
    package var sealed = false
    /// What is wrong with it, if anything is.
    package var problem: String?
    /// What this host knows to have been proven of it, for each copy of which it knows anything.
    package var proofs: [CopyProofs] = []
}

/// Reads what each archive says of itself: three small reads an archive.
package struct BackupList: Sendable {
    package let vault: Vault
    /// With what sealed archives are opened; without it, they are not.
    private let environment: RunEnvironment?

    package init(vault: Vault, environment: RunEnvironment? = nil) {
        self.vault = vault
        self.environment = environment
    }

    /// Every backup by time, oldest first, and the copies that could not be listed.
    package func read() async throws -> (backups: [BackupSummary], unreachable: [CopyProblem]) {
        let listing = try await vault.backups()
        let readable = listing.copies.filter { label in !listing.unreachable.contains { $0.label == label } }
        var summaries: [BackupSummary] = []
        for entry in listing.entries { summaries.append(try await summary(of: entry, readable: readable)) }
        return (summaries.sorted { ($0.time, $0.name) < ($1.time, $1.name) }, listing.unreachable)
    }

    private func summary(of entry: VaultEntry, readable: [String]) async throws -> BackupSummary {
        let held = entry.copies.map(\.label)
        var summary = BackupSummary(
            name: entry.file.name.rawValue, file: entry.file.fileName, time: entry.modified, archiveBytes: entry.size,
            copies: held, missingCopies: readable.filter { !held.contains($0) })
        if let environment { summary.proofs = await ProofRecords(environment).proofs(of: entry) }
        if Set(entry.copies.map(\.size)).count > 1 { summary.problem = "its copies differ in size" }
        do {
            var bytes = try await vault.open(entry).bytes
            if entry.file.isSealed {
                summary.sealed = true
                guard let inside = try await unseal(bytes, of: entry.file, &summary) else { return summary }
                bytes = inside
            }
            let archive = try await ArchiveReader.open(bytes)
            guard let metadata = try await BackupMetadata.read(from: archive) else { throw ArchiveError.noIndex }
            summary.describe(metadata)
        } catch ArchiveError.noIndex {
            // An archive of the older system: what it says of itself stands at its end, a whole read away.
            summary.bucket = nil
            summary.dependsOn = []
        } catch {
            try Task.checkCancellation()
            summary.problem = "\(error)"
        }
        return summary
    }

    /// What is inside a sealed archive; `nil` when what is known of it is known without that, or cannot be known here.
    private func unseal(
        _ bytes: any RandomAccessBytes, of file: ArchiveFile, _ summary: inout BackupSummary
    ) async throws -> (any RandomAccessBytes)? {
        guard let environment else { return nil }
        let sealed = try await SealedArchive.read(bytes, of: file)
        if let kept = try await KeptCatalogs(environment.state).find(file, sealed.front)?.record {
            summary.describe(try BackupMetadata.decoded(from: kept.metadata))
            return nil
        }
        do {
            // Not for each line of a list: a second a line.
            return try await sealed.unseal(environment, triesPassphrase: false).bytes
        } catch let error as HoldfastError where error.code == .wrongKey {
            return nil
        }
    }
}

extension BackupSummary {
    fileprivate mutating func describe(_ metadata: BackupMetadata) {
        bucket = metadata.bucketName
        time = metadata.cut ?? time
        objectCount = metadata.storedCount ?? metadata.objectCount
        totalBytes = metadata.storedBytes ?? metadata.totalSizeBytes
        complete = metadata.complete
        dependsOn = metadata.dependsOn ?? []
        exceptionCount = metadata.exceptions
    }
}
