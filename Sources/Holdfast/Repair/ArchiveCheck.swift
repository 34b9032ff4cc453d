// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Age
import Archive
import AsyncAlgorithms
import Catalog
import Crypto
import Foundation
import NIOCore
import Streams

/// What one copy's bytes of an archive are worth, found by reading all of them.
struct ArchiveFinding: Sendable {
    /// The first thing that is wrong; `nil` for a sound archive.
    var problem: String?
    /// SHA-256 of what must be the same in every copy: the archive, within its seal where that was opened.
    var fingerprint: String?
    /// What is inside the seal, or the file itself; `nil` where a seal stays closed or shows nothing.
    var inside: (any RandomAccessBytes)?
    var seal: SealedFront?
    /// The seal, opened to its end.
    var opened: OpenedBytes?
    /// `nil` for an archive that has no index at its end.
    var reader: ArchiveReader?
    /// Why the seal was not opened.
    var missingKey: HoldfastError?
    /// Whether a closed seal's bytes were compared with what this host wrote.
    var isCompared = false
    var lost = LostBytes()

    var isSound: Bool { problem == nil && (missingKey == nil || isCompared) }

    mutating func add(_ problem: String) {
        if self.problem == nil { self.problem = problem }
    }
}

/// Reads an archive whole: every frame is decompressed and compared with its checksum, and hashed on the way.
struct ArchiveCheck: Sendable {
    let entry: VaultEntry
    let vault: Vault
    let environment: RunEnvironment

    /// Frames being read at once.
    private static let concurrentReads = 8

    /// - Throws: what says nothing of the bytes: a server that does not answer, a file that may not be read.
    func run(_ bytes: any RandomAccessBytes, _ label: String) async throws -> ArchiveFinding {
        var finding = ArchiveFinding()
        do {
            var inside = bytes
            if entry.file.isSealed {
                let sealed = try await SealedArchive.read(bytes, of: entry.file)
                finding.seal = sealed.front
                do {
                    let opened = try await sealed.unseal(environment)
                    if let flaw = opened.flaw { finding.add(flaw) }
                    inside = opened.bytes
                    finding.opened = opened.opened
                } catch let error as HoldfastError where error.code == .wrongKey {
                    try await compareSeal(bytes, label, missing: error, &finding)
                    return finding
                }
            }
            finding.inside = inside
            let reader = try await ArchiveReader.open(inside)
            finding.reader = reader
            try await checkFrames(reader, inside, label, &finding)
            try await reader.checkStructure()
        } catch ArchiveError.noIndex {
            if let inside = finding.inside { try await scan(inside, label, &finding) }
        } catch let error where Self.isDamage(error) {
            finding.add("\(error)")
            if finding.reader == nil, let inside = finding.inside {
                try await findRemains(inside, label, &finding)
            }
        }
        if finding.problem != nil { finding.fingerprint = nil }
        return finding
    }

    /// Whether an error tells of the bytes themselves. Of all others nothing follows: a copy that cannot be read now is
    /// not to be written over.
    static func isDamage(_ error: any Error) -> Bool {
        switch error {
        case is ArchiveError, is ByteStreamError: true
        case let error as CatalogError: error.isDamage
        case let error as HoldfastError: error.code == .corrupt
        default: false
        }
    }

    /// The same for the reading of a file that is open: what cannot be read, the disk has lost.
    static func isLoss(_ error: any Error) -> Bool {
        isDamage(error) || (error as? HoldfastError)?.code == .failed
    }

    private func checkFrames(
        _ reader: ArchiveReader, _ inside: any RandomAccessBytes, _ label: String, _ finding: inout ArchiveFinding
    ) async throws {
        environment.progress.begin("reading \(label)", objects: 0, bytes: reader.tarLength)
        var found = finding
        var hash = SHA256()
        try await (0..<reader.frames.count).async.mapInOrder(width: Self.concurrentReads) { index in
            do {
                return (index, Result<ByteBuffer, ArchiveProblem>.success(try await reader.checkedFrame(index)))
            } catch let error where Self.isLoss(error) {
                return (index, .failure(ArchiveProblem(text: "\(error)")))
            }
        } consume: { (index, result) in
            let tarRange = reader.frames[index].tarRange
            environment.progress.finished(objects: 0, bytes: tarRange.count)
            switch result {
            case .success(let frame): frame.withUnsafeReadableBytes { hash.update(bufferPointer: $0) }
            case .failure(let problem):
                found.add(problem.text)
                found.lost.add(tarRange)
            }
        }
        for try await block in inside.stream(reader.frames.fileLength..<inside.size) {
            block.withUnsafeReadableBytes { hash.update(bufferPointer: $0) }
        }
        found.fingerprint = Hex.text(hash.finalize())
        finding = found
    }

    private struct ArchiveProblem: Error {
        let text: String
    }

    /// An archive without an index: sound if it is one of the older system, which have none.
    private func scan(
        _ inside: any RandomAccessBytes, _ label: String, _ finding: inout ArchiveFinding
    ) async throws {
        let backup: OpenedBackup
        do {
            backup = try await ArchiveScan(entry: entry, copy: label, source: inside, flaws: []).open(environment)
        } catch let error as HoldfastError where error.code == .corrupt {
            finding.add(error.message)
            return try await findRemains(inside, label, &finding)
        }
        if backup.metadata?.formatVersion == nil, backup.flaws.isEmpty, backup.isWhole {
            finding.fingerprint = try await FileDigest.hex(of: inside)
            return
        }
        let count = try await backup.catalog.totals().stored
        let left = count == 1 ? "1 object is" : "\(count) objects are"
        finding.add((["Its index is lost; \(left) left of it."] + backup.flaws).joined(separator: " "))
        try await findRemains(inside, label, &finding)
    }

    /// Which frames are left of an archive without an index that can be believed.
    private func findRemains(
        _ inside: any RandomAccessBytes, _ label: String, _ finding: inout ArchiveFinding
    ) async throws {
        do {
            let recovered = try await ArchiveReader.recover(inside)
            var ignored = finding
            try await checkFrames(recovered, inside, label, &ignored)
            finding.lost = ignored.lost
            finding.lost.loseAll(from: recovered.tarLength)
        } catch let error where Self.isDamage(error) {
            finding.lost = .all
        }
    }

    /// A seal that nothing opens: its bytes are compared with those that this host wrote, if it did.
    private func compareSeal(
        _ bytes: any RandomAccessBytes, _ label: String, missing: HoldfastError, _ finding: inout ArchiveFinding
    ) async throws {
        finding.missingKey = missing
        var seen = CopyVerification(copy: label, depth: .seal)
        _ = try await VerifyRun(entry: entry, vault: vault, depth: .seal, environment: environment)
            .openSeal(bytes, &seen)
        finding.fingerprint = seen.sealedSHA256
        finding.isCompared = seen.isSealCompared
        if let problem = seen.problems.first { finding.add(problem) }
    }
}

extension FileDigest {
    /// SHA-256 (hex) of bytes that are read from their beginning to their end.
    static func hex(of bytes: any RandomAccessBytes) async throws -> String {
        let digest = FileDigest()
        for try await block in bytes.stream(0..<bytes.size) { digest.update(block) }
        return digest.hex
    }
}
