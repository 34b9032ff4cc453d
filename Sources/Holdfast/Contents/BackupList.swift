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
    /// The server that the bucket is at; `nil` when the archive does not say.
    package var source: String?
    /// When the backup was begun; for strangers' archives, when the file was written. UTC.
    package var time: Date
    /// Bytes of the archive.
    package var archiveBytes: Int64
    package var objectCount: Int?
    /// Objects that the bucket listed.
    package var listedCount: Int?
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
    /// The archive of which it was made without the source; absent for all others.
    package var syntheticOf: String?
    /// What `--tag` gave it.
    package var tags: [String] = []
    /// The globs of the keys that it was to hold, and of those that it was not; absent for the whole bucket.
    package var include: [String]?
    package var exclude: [String]?
    /// What it was to hold of these keys; absent when all of it.
    package var filter: ObjectFilter?
    /// Whether it takes an identity to read it.
    package var sealed = false
    /// What is wrong with it, if anything is.
    package var problem: String?
    /// What this host knows to have been proven of it, for each copy of which it knows anything.
    package var proofs: [CopyProofs] = []
    /// Until when nobody can remove it, for each copy that locks archives.
    package var retention: [CopyRetention] = []
}

/// Reads what each archive says of itself: three small reads an archive.
package struct BackupList: Sendable {
    package let vault: Vault
    /// With what sealed archives are opened; without it, they are not.
    private let environment: RunEnvironment?
    /// What need not be read again; `nil` reads everything.
    private let known: KnownMetadata?

    package init(vault: Vault, environment: RunEnvironment? = nil) {
        self.vault = vault
        self.environment = environment
        known = nil
    }

    init(vault: Vault, environment: RunEnvironment, known: KnownMetadata) {
        self.vault = vault
        self.environment = environment
        self.known = known
    }

    /// Every backup by time, oldest first, and the copies that could not be listed.
    package func read() async throws -> (backups: [BackupSummary], unreachable: [CopyProblem]) {
        let listing = try await vault.backups()
        let readable = Self.readable(listing)
        var summaries: [BackupSummary] = []
        for entry in listing.entries { summaries.append(try await summary(of: entry, readable: readable)) }
        return (summaries.sorted { ($0.time, $0.name) < ($1.time, $1.name) }, listing.unreachable)
    }

    /// Every archive, those of deleted backups too, in no order.
    ///
    /// - Throws: also when a copy cannot be listed.
    func readArchives() async throws -> (listed: [BackupSummary], hidden: [(entry: VaultEntry, summary: BackupSummary)])
    {
        let listing = try await vault.backups()
        if let copy = listing.unreachable.first {
            throw HoldfastError(
                .unreachable, "\(copy.label) cannot be listed, so nobody knows what it needs: \(copy.problem)")
        }
        let readable = Self.readable(listing)
        var listed: [BackupSummary] = []
        for entry in listing.entries { listed.append(try await summary(of: entry, readable: readable)) }
        var hidden: [(entry: VaultEntry, summary: BackupSummary)] = []
        for entry in listing.hidden { hidden.append((entry, try await summary(of: entry, readable: readable))) }
        return (listed, hidden)
    }

    private static func readable(_ listing: VaultListing) -> [String] {
        listing.copies.filter { label in !listing.unreachable.contains { $0.label == label } }
    }

    private func summary(of entry: VaultEntry, readable: [String]) async throws -> BackupSummary {
        let held = entry.copies.map(\.label)
        var summary = BackupSummary(
            name: entry.file.name.rawValue, file: entry.file.fileName, time: entry.modified, archiveBytes: entry.size,
            copies: held, missingCopies: readable.filter { !held.contains($0) })
        if let environment {
            summary.proofs = await ProofRecords(environment).proofs(of: entry)
            summary.retention = await vault.retention(of: entry, now: environment.services.now())
        }
        if Set(entry.copies.map(\.size)).count > 1 { summary.problem = "its copies differ in size" }
        if let metadata = known?.metadata(of: entry) {
            summary.sealed = entry.file.isSealed
            summary.describe(metadata)
            return summary
        }
        var bytes: any RandomAccessBytes
        do {
            bytes = try await vault.open(entry).bytes
        } catch {
            try Task.checkCancellation()
            summary.problem = "\(error)"
            return summary
        }
        do {
            if entry.file.isSealed {
                summary.sealed = true
                guard let inside = try await unseal(bytes, of: entry.file, &summary) else { return summary }
                bytes = inside
            }
            let archive = try await ArchiveReader.open(bytes)
            guard let metadata = try await BackupMetadata.read(from: archive) else { throw ArchiveError.noIndex }
            summary.describe(metadata)
            known?.note(metadata, of: entry)
        } catch ArchiveError.noIndex {
            // An archive of the older system: what it says of itself stands at its end, a whole read away.
            // One of ours that has lost its end is not taken for it: nobody knows what it needs.
            summary.bucket = nil
            if !entry.file.isSealed, try await ArchiveReader.isOfOlderSystem(bytes) { summary.dependsOn = [] }
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
    /// Which keys of the bucket it is a backup of.
    package var selection: KeySelection {
        KeySelection(includes: include ?? [], excludes: exclude ?? [], filter: filter ?? ObjectFilter()).canonical
    }

    fileprivate mutating func describe(_ metadata: BackupMetadata) {
        bucket = metadata.bucketName
        source = metadata.source?.endpoint
        tags = metadata.tags ?? []
        syntheticOf = metadata.syntheticOf
        // Histories grow while a bucket shrinks: they say nothing of what is in it.
        listedCount = metadata.currentCount ?? (metadata.includeVersions ? nil : metadata.objectCount)
        (include, exclude, filter) = (metadata.include, metadata.exclude, metadata.filter)
        time = metadata.cut ?? time
        objectCount = metadata.storedCount ?? metadata.objectCount
        totalBytes = metadata.storedBytes ?? metadata.totalSizeBytes
        complete = metadata.complete
        dependsOn = metadata.dependsOn ?? []
        exceptionCount = metadata.exceptions
    }
}
