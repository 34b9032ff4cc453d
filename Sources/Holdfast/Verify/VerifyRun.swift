// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Archive
import AsyncAlgorithms
import Catalog
import Foundation
import ObjectStorage
import Streams

/// Reads a backup in every copy of the vault and says what is wrong with it.
package struct VerifyRun: Sendable {
    package let entry: VaultEntry
    package let vault: Vault
    package let depth: VerifyDepth
    /// Which objects are read instead of all frames and contents.
    package let sample: VerifySample?
    /// What needs no second look.
    private let verified: VerifiedContents
    package let environment: RunEnvironment

    /// - Parameters:
    ///   - sample: draws objects; `depth` is then `structure` whatever it says.
    ///   - verified: shared by the verifications of one command.
    package init(
        entry: VaultEntry, vault: Vault, depth: VerifyDepth, sample: VerifySample? = nil,
        verified: VerifiedContents = VerifiedContents(), environment: RunEnvironment
    ) {
        self.entry = entry
        self.vault = vault
        self.depth = sample == nil ? depth : .structure
        self.sample = sample
        self.verified = verified
        self.environment = environment
    }

    /// Frames or objects being read at once.
    private static let concurrentReads = 8

    package func run() async throws -> VerifyReport {
        let clock = ContinuousClock.now
        var report = VerifyReport(
            name: entry.file.name.rawValue, file: entry.file.fileName, started: environment.services.now())
        for copy in vault.copies {
            do {
                guard let bytes = try await copy.open(entry.file) else {
                    report.missing.append(CopyProblem(label: copy.label, problem: "the archive is not there"))
                    continue
                }
                var result = try await verify(bytes, in: copy.label)
                if copy.lock != nil {
                    result.retention = await copy.shownRetention(of: entry.file, now: environment.services.now())
                }
                report.copies.append(result)
            } catch {
                try Task.checkCancellation()
                report.missing.append(CopyProblem(label: copy.label, problem: "\(error)"))
            }
        }
        Self.compareSeals(&report)
        report.sample = sample
        await record(&report)
        report.seconds = (ContinuousClock.now - clock).seconds
        return report
    }

    private func verify(_ bytes: any RandomAccessBytes, in label: String) async throws -> CopyVerification {
        environment.progress.begin("opening \(label)")
        var result = CopyVerification(
            copy: label, archiveBytes: bytes.size, depth: entry.file.isSealed ? depth : max(depth, .structure))
        var bytes = bytes
        do {
            if entry.file.isSealed {
                guard let inside = try await openSeal(bytes, &result) else { return result }
                bytes = inside
            }
            let archive = try await ArchiveReader.open(bytes)
            try await archive.checkStructure()
            let backup = try await OpenedBackup.openIndexed(
                entry, label, bytes, in: vault, flaws: [], trustsCache: false, environment)
            try await checkCatalog(backup, archive, &result)
            // Reading the objects would pass over what no object uses of a frame: the frames come first, each whole.
            if depth >= .frames { try await checkFrames(of: archive, in: label, &result) }
            if depth == .contents || sample != nil { try await checkContents(backup, &result) }
        } catch ArchiveError.noIndex {
            try await readWhole(bytes, label, &result)
        } catch {
            try Task.checkCancellation()
            result.add("\(error)")
        }
        return result
    }

    /// The catalog's tables are whole, and each object lies within the archive.
    private func checkCatalog(
        _ backup: OpenedBackup, _ archive: ArchiveReader, _ result: inout CopyVerification
    ) async throws {
        try await backup.catalog.check()
        let totals = try await backup.catalog.totals()
        if let count = backup.metadata?.storedCount, count != totals.stored {
            result.add("the metadata speaks of \(count) objects, the catalog of \(totals.stored)")
        }
        var lengths = [0: archive.tarLength]
        for number in backup.referred.numbers {
            do {
                lengths[number] = try await backup.referred.reader(number).tarLength
            } catch {
                try Task.checkCancellation()
                result.add("\(error)")
            }
        }
        var count = 0
        for try await object in KeyOrder(catalog: backup.catalog) {
            count += 1
            do {
                let isBeyond = try backup.extents(of: object).contains { number, range in
                    // Of an archive that cannot be read it is said once, not for each object.
                    lengths[number].map { range.upperBound > $0 } ?? false
                }
                if isBeyond { result.add("\(ObjectKey(object.key)) is said to lie beyond the archive's end") }
            } catch {
                result.add("\(error)")
            }
        }
        if count != totals.stored { result.add("the catalog has \(count) objects and says \(totals.stored)") }
    }

    private func checkFrames(
        of archive: ArchiveReader, in label: String, _ result: inout CopyVerification
    ) async throws {
        // Frames are no objects: bytes alone tell how far it is.
        environment.progress.begin("reading \(label)", objects: 0, bytes: archive.tarLength)
        var collected = result
        try await (0..<archive.frames.count).async.mapInOrder(width: Self.concurrentReads) { index in
            do {
                try await archive.checkFrame(index)
                return (index, nil as String?)
            } catch {
                try Task.checkCancellation()
                return (index, "\(error)")
            }
        } consume: { (index, problem) in
            let length = archive.frames[index].tarRange.count
            collected.framesRead += 1
            collected.bytesRead += Int64(length)
            if let problem { collected.add(problem) }
            environment.progress.finished(objects: 0, bytes: length)
        }
        result = collected
    }

    private func checkContents(_ backup: OpenedBackup, _ result: inout CopyVerification) async throws {
        let totals = try await backup.catalog.totals()
        var collected = result
        if let sample {
            collected.objectsInBackup = totals.stored
            collected.bytesInBackup = totals.storedBytes
            // How many bytes they have is known when they are drawn.
            environment.progress.begin("comparing \(backup.copy)", objects: sample.count(of: totals.stored), bytes: 0)
        } else {
            environment.progress.begin("comparing \(backup.copy)", objects: totals.stored, bytes: totals.storedBytes)
        }
        let chosen = DrawnObjects(
            of: backup.catalog, drawing: sample.map { Drawing($0, of: totals.stored) })
        try await chosen.mapInOrder(width: Self.concurrentReads) { [verified, sample] object in
            do {
                let reading = ContentReading(object: object, backup: backup)
                // Of a sample the report says how much was read.
                return (object, try await reading.run(sample == nil ? verified : nil), nil as String?)
            } catch {
                try Task.checkCancellation()
                return (object, .whole, "\(ObjectKey(object.key)): \(error)")
            }
        } consume: { (object, extent, problem) in
            guard extent != .nothing else {
                collected.objectsReadBefore += 1
                return environment.progress.finished(bytes: Int(object.size))
            }
            collected.objectsRead += 1
            collected.objectsWithoutChecksum += object.sha256 == nil ? 1 : 0
            // What a damaged catalog says of a size is believed only when so many bytes were read.
            switch (extent, problem) {
            case (_, let problem?): collected.add(problem)
            case (.part(let bytes), nil):
                collected.objectsReadInPart += 1
                collected.bytesRead += bytes
            case (_, nil): collected.bytesRead += object.size
            }
            environment.progress.finished(bytes: problem == nil ? Int(object.size) : 0)
        }
        result = collected
    }

    /// An archive without an index: the only way is from one end to the other, which proves the compression's checksums.
    private func readWhole(
        _ bytes: any RandomAccessBytes, _ label: String, _ result: inout CopyVerification
    ) async throws {
        do {
            let backup = try await ArchiveScan(entry: entry, copy: label, source: bytes, flaws: []).open(environment)
            let totals = try await backup.catalog.totals()
            result.depth = .frames
            result.objectsRead = totals.stored
            let unchecked = try await backup.catalog.info()[ArchiveScan.uncheckedFact].flatMap { Int($0) }
            result.objectsWithoutChecksum = unchecked ?? totals.stored
            result.bytesRead = totals.storedBytes
            for flaw in backup.flaws { result.add(flaw) }
            if backup.metadata?.formatVersion != nil {
                result.add("the archive has lost its index: it was cut short or its end was damaged")
            }
        } catch let error as HoldfastError {
            result.add(error.message)
        }
    }
}
