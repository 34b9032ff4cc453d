// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Archive
import Catalog
import Foundation
import NIOCore
import Streams

/// Makes one archive whole in every copy, as far as the copies allow.
///
/// A good copy is only ever read. A damaged one is replaced at once and whole, by bytes that were checked before.
struct ArchiveRepair: Sendable {
    let entry: VaultEntry
    let vault: Vault
    let dryRun: Bool
    let environment: RunEnvironment

    private typealias Copy = RepairReport.Copy

    /// One copy of the archive, read.
    private struct Examined: Sendable {
        let place: any VaultCopy
        var bytes: (any RandomAccessBytes)?
        var finding: ArchiveFinding?
        var report: RepairReport.Copy
    }

    private var file: ArchiveFile { entry.file }
    private var writing: ArchiveWriting { ArchiveWriting(file: file, vault: vault, environment: environment) }

    /// - Returns: what was found and done, and which bytes are in no copy any more.
    func run() async throws -> (report: RepairReport.Archive, lost: LostBytes) {
        var report = RepairReport.Archive(file: file.fileName)
        var copies: [Examined] = []
        for copy in vault.copies { copies.append(try await examine(copy)) }
        let lost = try await repair(&copies, &report)
        report.copies = copies.map(\.report)
        return (report, lost)
    }

    private func examine(_ place: any VaultCopy) async throws -> Examined {
        var examined = Examined(place: place, report: Copy(copy: place.label, found: .missing))
        do {
            guard let bytes = try await place.open(file) else { return examined }
            let finding = try await ArchiveCheck(entry: entry, vault: vault, environment: environment)
                .run(bytes, place.label)
            examined.bytes = bytes
            examined.finding = finding
            examined.report.found =
                finding.isSound ? .sound : finding.problem == nil ? .unopened : .damaged
            examined.report.problem = finding.problem ?? (finding.isSound ? nil : finding.missingKey?.message)
        } catch {
            try Task.checkCancellation()
            examined.report.found = .unreadable
            examined.report.problem = "\(error)"
        }
        return examined
    }

    private func repair(_ copies: inout [Examined], _ report: inout RepairReport.Archive) async throws -> LostBytes {
        let sound = copies.indices.filter { copies[$0].report.found == .sound }
        if let good = sound.first {
            // What was opened is told by what is inside, what was not by its seal: the two cannot be compared.
            let kinds = [true, false].map { isOpen in
                Set(
                    sound.compactMap { copies[$0].finding }.filter { ($0.missingKey == nil) == isOpen }
                        .map(\.fingerprint))
            }
            guard kinds.allSatisfy({ $0.count <= 1 }) else {
                report.problem =
                    "The copies hold different archives, each of them sound, and nothing tells which one is right."
                return LostBytes()
            }
            try await fill(&copies, from: good)
            return LostBytes()
        }
        let closed = copies.indices.filter { copies[$0].report.found == .unopened }
        if let only = closed.first {
            let isOne = Set(closed.map { copies[$0].finding?.fingerprint }).count == 1
            report.problem =
                isOne
                ? "It is sealed and was not opened: whether its bytes are right is not known."
                : "It is sealed and was not opened; its copies differ, and nothing tells which one is right."
            // Better than none, and a damaged one may hold what this one has lost.
            if isOne { try await fill(&copies, from: only, onlyMissing: true) }
            return LostBytes()
        }
        guard copies.contains(where: { $0.report.found == .damaged }) else {
            report.problem =
                copies.contains { $0.report.found == .unreadable }
                ? "No copy of it can be read now." : "It is in no copy."
            let isGone = copies.allSatisfy { $0.report.found == .missing }
            return isGone ? .all : LostBytes()
        }
        return try await save(&copies, &report)
    }

    /// Copies a whole archive to where it is missing or damaged.
    private func fill(_ copies: inout [Examined], from source: Int, onlyMissing: Bool = false) async throws {
        guard let bytes = copies[source].bytes else { return }
        let wanted = copies.indices.filter {
            copies[$0].report.found == .missing || (copies[$0].report.found == .damaged && !onlyMissing)
        }
        guard !wanted.isEmpty else { return }
        // What was checked is what is written: the bytes must be the same both times.
        let expected = dryRun ? nil : try await checksum(of: copies[source])
        for index in wanted {
            try await write(to: &copies[index], from: copies[source].report.copy, outcome: nil) { place, isMissing in
                try await writing.put(bytes, into: place, isMissing: isMissing, expected: expected)
            }
        }
    }

    private func checksum(of examined: Examined) async throws -> String? {
        guard file.isSealed || examined.finding?.seal != nil, let bytes = examined.bytes else {
            return examined.finding?.fingerprint
        }
        // The fingerprint is that of what is inside.
        return try await FileDigest.hex(of: bytes)
    }

    /// Puts an archive into one copy and notes how that went. One copy that fails keeps none of the others from it.
    ///
    /// - Parameter outcome: `nil` for what follows from what was found: filled or replaced.
    /// - Returns: whether it is there now.
    @discardableResult
    private func write(
        to copy: inout Examined, from source: String, outcome: RepairReport.Outcome?,
        _ put: (any VaultCopy, Bool) async throws -> Void
    ) async throws -> Bool {
        let isMissing = copy.report.found == .missing
        copy.report.source = source
        do {
            if !dryRun { try await put(copy.place, isMissing) }
            copy.report.outcome = outcome ?? (isMissing ? .filled : .replaced)
            return true
        } catch {
            try Task.checkCancellation()
            copy.report.outcome = .failed
            copy.report.problem = "\(error)"
            return false
        }
    }

    /// No copy is whole: takes from each what it has.
    private func save(_ copies: inout [Examined], _ report: inout RepairReport.Archive) async throws -> LostBytes {
        let damaged = copies.indices.filter { copies[$0].report.found == .damaged }
        let sources = damaged.compactMap { index -> AssembledBytes.Source? in
            guard let bytes = copies[index].bytes, let finding = copies[index].finding else { return nil }
            return AssembledBytes.Source(copies[index].report.copy, bytes, finding)
        }
        environment.progress.begin("looking for what is left")
        guard var assembled = try await AssembledBytes.make(from: sources) else {
            return try await rebuild(&copies, from: bestWithoutIndex(copies), &report)
        }
        let check = ArchiveCheck(entry: entry, vault: vault, environment: environment)
        var finding = try await check.run(assembled, "what is left")
        var names = sources.map(\.label)
        if !finding.lost.isNone {
            let found = try await FrameRebuild(
                entry: entry, vault: vault, finding: finding, copies: sources.compactMap(\.finding.inside),
                environment: environment
            ).run()
            if try await assembled.take(found.frames, finding) {
                names += found.donors
                finding = try await check.run(assembled, "what is left")
            }
        }
        let origin = names.joined(separator: " and ")
        if finding.isSound, try await objectsAreRight(assembled, finding, &report) {
            let expected = try await FileDigest.hex(of: assembled)
            for index in copies.indices where [.damaged, .missing].contains(copies[index].report.found) {
                try await write(to: &copies[index], from: origin, outcome: nil) { place, isMissing in
                    try await writing.put(assembled, into: place, isMissing: isMissing, expected: expected)
                }
                // What the others hold is still needed when a disk does not keep what it is given.
                if copies[index].report.outcome == .failed { break }
            }
            return LostBytes()
        }
        guard report.problem == nil else { return finding.lost }
        if let end = finding.reader?.metadata?.upperBound, let start = finding.lost.start, start >= end, !file.isSealed
        {
            return try await rebuild(&copies, from: (assembled, "what is left", finding), &report)
        }
        report.problem = "Parts of it are damaged in every copy."
        try await spread(assembled, origin, &copies)
        return finding.lost
    }

    /// Gives every copy that gains by it what is left in any.
    private func spread(_ assembled: AssembledBytes, _ names: String, _ copies: inout [Examined]) async throws {
        let expected = try await FileDigest.hex(of: assembled)
        for index in copies.indices where [.damaged, .missing].contains(copies[index].report.found) {
            let lacking = assembled.damaged[copies[index].report.copy, default: 0]
            guard copies[index].report.found == .missing || lacking > assembled.lostCount else { continue }
            try await write(to: &copies[index], from: names, outcome: .improved) { place, isMissing in
                try await writing.put(assembled, into: place, isMissing: isMissing, expected: expected)
            }
            if copies[index].report.outcome == .failed { return }
        }
    }

    /// Whether each object of the assembled archive is what was backed up: frames of two archives of one name could fit
    /// together.
    private func objectsAreRight(
        _ assembled: AssembledBytes, _ finding: ArchiveFinding, _ report: inout RepairReport.Archive
    ) async throws -> Bool {
        guard let inside = finding.inside else { return false }
        do {
            let backup = try await OpenedBackup.openIndexed(
                entry, "what is left", inside, in: vault, flaws: [], trustsCache: false, environment)
            try await backup.catalog.check()
            for try await object in PositionOrder(catalog: backup.catalog) {
                let places = try backup.extents(of: object)
                guard places[0].archive == 0 else { break }
                // What lies in part in other archives says nothing of this one alone; its frames have been checked.
                guard places.allSatisfy({ $0.archive == 0 }) else { continue }
                try await CheckedContent(backup: backup, object: object).read { _ in }
            }
            return true
        } catch let error where ArchiveCheck.isDamage(error) {
            report.problem = "What is left in the copies does not make one archive: \(error)"
            return false
        }
    }

    /// The copy without an index of which the most is left.
    private func bestWithoutIndex(_ copies: [Examined]) -> (any RandomAccessBytes, String, ArchiveFinding)? {
        var best: (bytes: any RandomAccessBytes, label: String, finding: ArchiveFinding)?
        for copy in copies {
            guard let finding = copy.finding, let inside = finding.inside, finding.reader == nil else { continue }
            if best.map({ ($0.finding.lost.start ?? .max) < (finding.lost.start ?? .max) }) ?? true {
                best = (inside, copy.report.copy, finding)
            }
        }
        return best.map { ($0.bytes, $0.label, $0.finding) }
    }

    /// Makes index and catalog again, in one copy; the others then get theirs from there.
    private func rebuild(
        _ copies: inout [Examined],
        from source: (bytes: any RandomAccessBytes, label: String, finding: ArchiveFinding)?,
        _ report: inout RepairReport.Archive
    ) async throws -> LostBytes {
        guard let source else {
            report.problem = "No copy of it tells where its parts lie."
            return .all
        }
        guard !file.isSealed else {
            report.problem = "The end of it is lost within its seal, which is not written anew."
            return source.finding.lost
        }
        let tail = TailRebuild(entry: entry, copy: source.label, source: source.bytes, environment: environment)
        do {
            // Once for nothing: whether it can be done is known before anything is replaced.
            environment.progress.begin("making the index of \(source.label)")
            let digest = FileDigest()
            try await tail.write { digest.update($0) }
            let expected = digest.hex
            for index in copies.indices where [.damaged, .missing].contains(copies[index].report.found) {
                try await write(to: &copies[index], from: source.label, outcome: .rebuilt) { place, isMissing in
                    try await writing.put(into: place, isMissing: isMissing, expected: expected) { sink in
                        try await tail.write(to: sink)
                    }
                }
                if copies[index].report.outcome == .failed { break }
            }
            return LostBytes()
        } catch let error where ArchiveCheck.isDamage(error) {
            report.problem = (error as? HoldfastError)?.message ?? "\(error)"
            return source.finding.lost
        }
    }
}
