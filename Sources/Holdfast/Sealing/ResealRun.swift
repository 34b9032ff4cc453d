// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Age
import Archive
import Foundation
import NIOCore

/// What resealing did.
package struct ResealReport: Codable, Sendable {
    /// One of the archives that hold the backup.
    package struct Archive: Codable, Sendable {
        package let file: String
        /// Copies that have the new header.
        package var resealed: [String] = []
        /// Copies that still have the old one, and why.
        package var failed: [CopyProblem] = []
    }

    package var name: String
    /// Who can open it now besides those who could before, in short forms.
    package var sealedTo: [String]
    /// Whether those who could open it before still can.
    package var keptRecipients: Bool
    /// The archives that it refers to, and its own as the last.
    package var archives: [Archive] = []
}

/// Gives a sealed backup other recipients: the header is made anew, the payload stays as it lies.
///
/// Each copy is replaced at once and whole: killed at any moment, it has the old header or the new one. Done again, it
/// brings the rest of the copies there.
package struct ResealRun: Sendable {
    package let entry: VaultEntry
    package let vault: Vault
    package let recipients: SealRecipients
    /// Whether those who can open it now still can.
    package let keepsRecipients: Bool
    package let environment: RunEnvironment

    package init(
        entry: VaultEntry, vault: Vault, recipients: SealRecipients, keepsRecipients: Bool, environment: RunEnvironment
    ) {
        self.entry = entry
        self.vault = vault
        self.recipients = recipients
        self.keepsRecipients = keepsRecipients
        self.environment = environment
    }

    /// - Throws: ``HoldfastError`` `.wrongKey` when no identity opens any copy; `.invalidConfiguration` for a backup that
    ///   is not sealed.
    package func run() async throws -> ResealReport {
        guard entry.file.isSealed else {
            throw HoldfastError(
                .invalidConfiguration, "\(entry.file.fileName) is not sealed, so it has no recipients to change.",
                hint: "Back the bucket up again with --recipient, then delete this one.")
        }
        var report = ResealReport(
            name: entry.file.name.rawValue, sealedTo: recipients.labels, keptRecipients: keepsRecipients)
        var missingKey: HoldfastError?
        for file in try await archives() {
            let outcome = try await vault.withLock("reseal", file.name, services: environment.services) {
                try await resealCopies(of: file)
            }
            report.archives.append(outcome.archive)
            missingKey = outcome.missingKey ?? missingKey
        }
        if let missingKey, report.archives.allSatisfy(\.resealed.isEmpty) { throw missingKey }
        return report
    }

    /// The archives that the backup needs, its own as the last: who can open only that one could not restore.
    private func archives() async throws -> [ArchiveFile] {
        for copy in vault.copies {
            do {
                guard let archive = try await copy.openArchive(entry.file, environment) else { continue }
                let metadata = try await BackupMetadata.read(from: try await ArchiveReader.open(archive.bytes))
                let needed = (metadata?.dependsOn ?? []).compactMap { ArchiveFile(fileName: $0) }
                return needed.filter(\.isSealed) + [entry.file]
            } catch {
                // What is wrong with a copy is told when it is its turn.
                try Task.checkCancellation()
            }
        }
        return [entry.file]
    }

    private func resealCopies(
        of file: ArchiveFile
    ) async throws -> (archive: ResealReport.Archive, missingKey: HoldfastError?) {
        var archive = ResealReport.Archive(file: file.fileName)
        var missingKey: HoldfastError?
        // Copies that were the same stay the same: wrapping a key twice gives two headers.
        var made: [[UInt8]: [UInt8]] = [:]
        for copy in vault.copies {
            do {
                if try await reseal(file, in: copy, &made) { archive.resealed.append(copy.label) }
            } catch let error as HoldfastError where error.code == .invalidConfiguration {
                throw error
            } catch {
                try Task.checkCancellation()
                if let error = error as? HoldfastError, error.code == .wrongKey { missingKey = error }
                archive.failed.append(CopyProblem(label: copy.label, problem: "\(error)"))
            }
        }
        return (archive, missingKey)
    }

    /// - Returns: `false` when the copy does not have the archive.
    private func reseal(
        _ file: ArchiveFile, in copy: any VaultCopy, _ made: inout [[UInt8]: [UInt8]]
    ) async throws -> Bool {
        guard let bytes = try await copy.open(file) else { return false }
        let sealed = try await SealedArchive.read(bytes, of: file)
        // Opened to its end, so that a file that was cut short is not given a new front and taken for a whole one.
        if let flaw = try await sealed.unseal(environment).flaw {
            throw HoldfastError(
                .corrupt, "It is damaged and was left as it is. \(flaw)",
                hint: "holdfast verify \(file.name) tells which copies are sound.")
        }
        let header: [UInt8]
        do {
            let known = made[sealed.front.header]
            header = if let known { known } else { try await newHeader(of: sealed) }
            made[sealed.front.header] = header
        } catch AgeError.passphraseNotAlone {
            throw HoldfastError(
                .invalidConfiguration,
                "A passphrase is the only way into the archives that it seals; nobody can be added to it or beside it.",
                hint: "Leave --add away: the recipients that you name then replace all others.")
        }
        try await copy.replaceFront(
            of: file, upTo: sealed.front.payload.lowerBound, with: ByteBuffer(bytes: header))
        try await confirm(header, sealed, in: copy)
        try await noteRecipients(header, sealed)
        return true
    }

    private func newHeader(of sealed: SealedArchive) async throws -> [UInt8] {
        try await sealed.front.header(
            for: recipients.recipients, keepsRecipients: keepsRecipients,
            with: await environment.keys.identities(for: sealed.front))
    }

    /// The copy's front is what was made, and what follows it is as long as it was and the same.
    private func confirm(_ header: [UInt8], _ old: SealedArchive, in copy: any VaultCopy) async throws {
        let file = old.file
        guard let bytes = try await copy.open(file) else {
            throw HoldfastError(.failed, "It is not there any more.")
        }
        let new = try await SealedArchive.read(bytes, of: file).front
        guard new.header == header, new.nonce == old.front.nonce, new.payload.count == old.front.payload.count else {
            throw HoldfastError(
                .corrupt, "It is not what it should be after its front was replaced.",
                hint: "holdfast verify \(file.name) tells which copies are sound.")
        }
    }

    private func noteRecipients(_ header: [UInt8], _ sealed: SealedArchive) async throws {
        let kept = KeptCatalogs(environment.state)
        let before = keepsRecipients ? try await kept.find(sealed.file, sealed.front)?.record.recipients ?? [] : []
        let after = before + recipients.names.filter { !before.contains($0) }
        try await kept.note(after, header: header, of: sealed.file, sealed.front)
    }
}
