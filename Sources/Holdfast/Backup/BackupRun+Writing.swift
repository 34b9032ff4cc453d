// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Archive
import AsyncAlgorithms
import Catalog
import Foundation
import NIOCore
import ObjectStorage
import Streams
import SystemPackage

/// The way of the objects from the source into the archive.
extension BackupRun {
    /// Objects being read at once. A server on the same two cores is busy with 16; one across a network needs more.
    static let concurrentObjects = 48
    /// Bytes of objects read and not yet packed.
    static let fetchBudget = 48 << 20

    func write(_ start: Start, _ span: Span) async throws -> BackupReport {
        let (sink, digest) = (start.sink, start.digest)
        let seal = try await beginSeal(digest, sink)
        let options = ArchiveOptions(codec: options.codec, level: options.compression)
        let writer = ArchiveWriter(options: options, continuing: start.frames) { bytes in
            let bytes = try seal?.seal(bytes) ?? bytes
            digest?.update(bytes)
            try await sink.write(bytes)
        }
        return try await withWorkFile { path in
            let earlier = try await findEarlier()
            let catalog = try await openCatalog(at: path, base: earlier?.base, start)
            do {
                progress.update { $0.phase = "backing up" }
                // Of what an earlier backup did not ask for, every object is asked now.
                let sweeps =
                    self.options.sweep.isDue(last: earlier?.swept, now: span.started)
                    || self.options.acls && earlier?.hasACLs == false
                let packed = try await pack(into: writer, catalog, start, span, sweeps: sweeps)
                try await refuseWhenNothingWasRead(packed, catalog)
                let facts = try await origin.base?.backup.catalog.info()
                let read = earlier == nil || sweeps ? span.started : earlier?.swept
                // Of a backup that nobody asked the source for, what was read of it when it was made.
                let swept =
                    facts.map { $0[EarlierBackup.sweptFact].flatMap { Int64($0) } } ?? read.map(TimeText.milliseconds)
                if self.options.acls || facts?[EarlierBackup.aclsFact] != nil {
                    try await catalog.set(EarlierBackup.aclsFact, "1")
                }
                if let swept { try await catalog.set(EarlierBackup.sweptFact, String(swept)) }
                progress.update { $0.phase = "finishing" }
                let finished = environment.services.now()
                let recorded = try await record(
                    packed, catalog, at: path, since: earlier, writer, span, finished: finished)
                var report = recorded.report
                let summary = try await writer.finish()
                report.archiveBytes = try await endSeal(seal, digest, sink) ?? summary.fileLength
                report.sweptAt = swept.map(TimeText.date(milliseconds:))
                report.resumed = start.interrupted.map { ResumedPart($0.journal, packed.findings) }
                try await checkReferred(report.dependsOn)
                report.warnings += try await renewRetention(of: report.dependsOn, in: sink)
                try await sink.commit()
                report.copies = await sink.committed
                report.degraded = await sink.failures.map { CopyProblem(label: $0.label, problem: "\($0.error)") }
                report.retention = await retention(in: report.copies)
                await noteHash(digest, &report)
                if let seal {
                    try await keep(path, recorded.metadata, of: seal, &report)
                } else if report.deltaRows != nil {
                    await cacheCatalog(path)
                }
                return report
            } catch {
                await writer.cancel()
                await catalog.close()
                if start.interrupted != nil, let error = error as? CatalogError, !error.isOfStorage {
                    throw ResumeRefusal(why: "\(error)")
                }
                throw error
            }
        }
    }

    private func findEarlier() async throws -> EarlierBackup? {
        guard !options.isFull else { return nil }
        return try await EarlierBackup.find(
            of: bucket, options.selection, at: origin.name, sealedTo: options.recipients, in: vault, environment)
    }

    private func openCatalog(at path: FilePath, base: CatalogBase?, _ start: Start) async throws -> CatalogWriter {
        guard let interrupted = start.interrupted else { return try await CatalogWriter.create(at: path, base: base) }
        do {
            return try await CatalogWriter.create(
                at: path, base: base, continuing: (start.place.path, interrupted.journal.tarLength))
        } catch let error as CatalogError where !error.isOfStorage {
            throw ResumeRefusal(why: "\(error)")
        }
    }

    /// Puts the archive's hash into the report and the records. Nothing that goes wrong here takes the backup back.
    private func noteHash(_ digest: FileDigest?, _ report: inout BackupReport) async {
        if let digest {
            report.archiveSHA256 = digest.hex
        } else {
            do {
                report.archiveSHA256 = try await readBack(from: report.copies)
            } catch {
                report.warnings.append(
                    "The SHA-256 of the archive is not known: it was made by several runs, and could not be read back: \(error)"
                )
                return
            }
        }
        await ProofRecords(environment).noteWritten(
            file, to: report.copies, of: vault, sha256: report.archiveSHA256)
    }

    /// A place for the catalog while it grows; gone when `body` ends.
    private func withWorkFile<Result>(_ body: (FilePath) async throws -> Result) async throws -> Result {
        let path = try await environment.state.workFile(name: "\(name).catalog")
        do {
            let result = try await body(path)
            await environment.state.remove(path)
            return result
        } catch {
            await environment.state.remove(path)
            throw error
        }
    }

    private func pack(
        into writer: ArchiveWriter, _ catalog: CatalogWriter, _ start: Start, _ span: Span, sweeps: Bool
    ) async throws -> Packing {
        switch origin {
        case .server(let source):
            try await packObjects(of: source, into: writer, catalog, start, span, sweeps: sweeps)
        case .backup(let base): try await packBackup(base, into: writer, catalog)
        }
    }

    /// Lists and reads at the same time; packs in listing order.
    private func packObjects(
        of source: any StorageService, into writer: ArchiveWriter, _ catalog: CatalogWriter, _ start: Start,
        _ span: Span, sweeps: Bool
    ) async throws -> Packing {
        let store = source.store(for: bucket)
        let identity = try await source.identify()
        let fetch = ObjectFetch(
            store: store,
            details: DetailReading(tagCountIsTold: identity.tellsTagCount, readsACLs: options.acls))
        let filter = options.selection.filter
        let test = filter.isEverything ? nil : try ObjectTest(filter, at: span.scope.cut ?? span.started)
        let channel = AsyncThrowingChannel<PendingObject.Page, any Error>()
        let listing = SourceListing(
            store: store, catalog: catalog, scope: span.scope, selection: options.selection, test: test,
            tags: filter.asksForTags ? TagReading(filter: filter, fetch: fetch) : nil, sweeps: sweeps,
            progress: progress, channel: channel)
        var packing = Packing(
            catalog: catalog, identity: identity, progress: progress, logger: environment.logger)
        if let interrupted = start.interrupted { packing.counts = interrupted.journal.counts }
        var checkpoints = Checkpoints(
            self, span, start.place, lockToken: start.lockToken, start.sink, start.digest, after: start.frames)

        try await withThrowingTaskGroup(of: SourceListing.Findings.self) { group in
            group.addTask { try await listing.run() }
            let objects = channel.flatMap { $0.objects.async }
            try await objects.mapInOrder(
                width: Self.concurrentObjects, budget: Self.fetchBudget,
                cost: { $0.wholeBytes }
            ) { pending in
                try await Packing.read(pending, fetch)
            } consume: { reading in
                try await packing.pack(reading, into: writer)
                try await checkpoints.saveIfDue(&packing, writer)
            }
            for try await findings in group { packing.findings = findings }
        }
        try await packing.rows.flush()
        return packing
    }
}

extension ResumedPart {
    init(_ journal: BackupJournal, _ findings: SourceListing.Findings) {
        self.init(
            begun: journal.started, saved: journal.saved, objectCount: findings.durableCount,
            bytes: findings.durableBytes, archiveBytes: journal.fileLength)
    }
}
