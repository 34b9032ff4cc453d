// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

package import Archive
import AsyncAlgorithms
package import Catalog
import Crypto
package import Foundation
import Logging
import NIOCore
package import ObjectStorage
import Streams
import SystemPackage

/// Backs up one bucket: list, fetch, pack, store, record.
package struct BackupRun: Sendable {
    package let bucket: String
    package let name: BackupName
    let origin: BackupOrigin
    package let vault: Vault
    package let options: Options
    package let environment: RunEnvironment

    /// What the operator chose.
    package struct Options: Sendable {
        package var codec: ArchiveCodec
        package var compression: CompressionLevel
        /// Back up a bucket that lists no objects. Without it that is an error: an empty answer looks like a lost source.
        package var allowEmpty: Bool
        /// Fetch every object, whatever earlier backups have.
        package var isFull: Bool
        package var sweep: MetadataSweep
        /// Older versions and delete markers too, where the bucket keeps them.
        package var allVersions: Bool
        /// The moment to show, of a bucket with versions; `nil` for now.
        package var moment: Date?
        /// Ask every object for its ACL, a request each.
        package var acls: Bool
        /// Who can read the backup; `nil` for everybody who can read the vault.
        package var recipients: SealRecipients?
        /// Whether a backup may be open that is made of a sealed one.
        package var leavesSeal = false
        /// Words that retention can be told to keep.
        package var tags: [String] = []
        /// The keys to back up.
        package var selection = KeySelection()
        /// When the catalog in the archive is a whole one, and when it says only what changed.
        package var deltaLimits = CatalogDelta.Limits()

        package init(
            codec: ArchiveCodec = .gzip, compression: CompressionLevel = .fast, allowEmpty: Bool = false,
            isFull: Bool = false, sweep: MetadataSweep = .daily, allVersions: Bool = false, moment: Date? = nil,
            acls: Bool = false, recipients: SealRecipients? = nil
        ) {
            self.codec = codec
            self.compression = compression
            self.allowEmpty = allowEmpty
            self.isFull = isFull
            self.sweep = sweep
            self.allVersions = allVersions
            self.moment = moment
            self.acls = acls
            self.recipients = recipients
        }
    }

    package init(
        bucket: String, name: BackupName, source: any StorageService, vault: Vault, options: Options,
        environment: RunEnvironment
    ) {
        self.bucket = bucket
        self.name = name
        origin = .server(source)
        self.vault = vault
        self.options = options
        self.environment = environment
    }

    /// Makes a full backup of an earlier one, without the source. Which objects and versions it has, that one says.
    init(
        of base: SyntheticBase, name: BackupName, vault: Vault, options: Options, environment: RunEnvironment
    ) {
        bucket = base.metadata.bucketName
        self.name = name
        origin = .backup(base)
        self.vault = vault
        var options = options
        options.isFull = true
        // That it is empty was accepted when it was made.
        options.allowEmpty = true
        options.selection = base.metadata.selection
        options.allVersions = base.metadata.includeVersions
        self.options = options
        self.environment = environment
    }

    /// Objects being read at once. A server on the same two cores is busy with 16; one across a network needs more.
    static let concurrentObjects = 48
    /// Bytes of objects read and not yet packed.
    static let fetchBudget = 48 << 20

    private var progress: ProgressMeter { environment.progress }
    var file: ArchiveFile {
        ArchiveFile(name: name, codec: options.codec, isSealed: options.recipients != nil)
    }

    /// - Throws: ``HoldfastError``; then there is no backup of this name, in no copy.
    package func run() async throws -> BackupReport {
        let clock = ContinuousClock.now
        progress.update { $0.phase = "looking" }
        // Before anything is asked or written: an age that is none.
        _ = try ObjectTest(options.selection.filter, at: environment.services.now())
        let span = try await checkSource()
        try await checkNameIsFree()
        try await checkProtection()
        return try await vault.withLock("backup", name, services: environment.services) {
            try await removeLeftovers()
            try await removeStrayMark()
            let sink = try await CopiesSink.begin(file, in: vault.copies)
            do {
                var report = try await write(to: sink, span)
                report.seconds = (ContinuousClock.now - clock).seconds
                return report
            } catch let error as ObjectStoreError {
                await sink.abort()
                throw HoldfastError(storage: error, "Cannot read \(bucket) at \(origin.name); no backup was made")
            } catch {
                await sink.abort()
                throw error
            }
        }
    }

    /// What is backed up: when the run began, and of which moment.
    private struct Span {
        let started: Date
        var scope = ListingScope.current
        var warning: String?
    }

    private func checkSource() async throws -> Span {
        let source: any StorageService
        switch origin {
        case .server(let service): source = service
        case .backup(let base): return Span(started: environment.services.now(), scope: base.scope)
        }
        do {
            guard try await source.bucketExists(bucket) else {
                throw HoldfastError(
                    .notFound, "There is no bucket \(bucket) at \(source.name).",
                    hint: "holdfast buckets lists the buckets that these credentials see.")
            }
            var span = Span(started: environment.services.now())
            span.scope = try await ListingScope.find(
                in: bucket, at: source, moment: options.moment, includesAll: options.allVersions,
                started: span.started, warning: &span.warning)
            return span
        } catch let error as ObjectStoreError {
            throw HoldfastError(storage: error, "Cannot reach the bucket \(bucket) at \(source.name)")
        }
    }

    private func checkNameIsFree() async throws {
        let listing = try await vault.backups()
        if let taken = (listing.entries + listing.hidden).first(where: { $0.file.name == name }) {
            let places = taken.copies.map(\.label).joined(separator: " and ")
            throw HoldfastError.nameTaken(name.rawValue, in: places)
        }
    }

    /// A mark that outlived its archive, because whoever removed that was killed, would hide the new one.
    private func removeStrayMark() async throws {
        let listing = try await vault.backups()
        // A copy that cannot be asked may have the archive; then it is no stray.
        guard listing.strayMarks.contains(HiddenArchive.fileName(of: file)), listing.unreachable.isEmpty else { return }
        try await vault.unhide(file)
    }

    private func removeLeftovers() async throws {
        let now = environment.services.now()
        for copy in vault.copies {
            do {
                let removed = try await copy.removeLeftovers { other in
                    guard other != name else { return false }
                    return try await vault.isAlive(other, in: copy, now: now)
                }
                for file in removed {
                    environment.logger.info(
                        "leftover of a killed run removed",
                        metadata: ["vault.copy": "\(copy.label)", "file": "\(file)"])
                }
            } catch {
                try Task.checkCancellation()
                environment.logger.warning(
                    "leftovers not removed", metadata: ["vault.copy": "\(copy.label)", "error": "\(error)"])
            }
        }
    }

    private func write(to sink: CopiesSink, _ span: Span) async throws -> BackupReport {
        let digest = FileDigest()
        let seal = try await beginSeal(digest, sink)
        let writer = ArchiveWriter(options: ArchiveOptions(codec: options.codec, level: options.compression)) { bytes in
            let bytes = try seal?.seal(bytes) ?? bytes
            digest.update(bytes)
            try await sink.write(bytes)
        }
        return try await withWorkFile { path in
            let earlier =
                options.isFull
                ? nil
                : try await EarlierBackup.find(
                    of: bucket, options.selection, at: origin.name, sealedTo: options.recipients, in: vault,
                    environment)
            let catalog = try await CatalogWriter.create(at: path, base: earlier?.base)
            do {
                progress.update { $0.phase = "backing up" }
                // Of what an earlier backup did not ask for, every object is asked now.
                let sweeps =
                    options.sweep.isDue(last: earlier?.swept, now: span.started)
                    || options.acls && earlier?.hasACLs == false
                let packed = try await pack(into: writer, catalog, span, sweeps: sweeps)
                try await refuseWhenNothingWasRead(packed, catalog)
                let facts = try await origin.base?.backup.catalog.info()
                let read = earlier == nil || sweeps ? span.started : earlier?.swept
                // Of a backup that nobody asked the source for, what was read of it when it was made.
                let swept =
                    facts.map { $0[EarlierBackup.sweptFact].flatMap { Int64($0) } } ?? read.map(TimeText.milliseconds)
                if options.acls || facts?[EarlierBackup.aclsFact] != nil {
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
                report.archiveSHA256 = digest.hex
                report.sweptAt = swept.map(TimeText.date(milliseconds:))
                try await checkReferred(report.dependsOn)
                report.warnings += try await renewRetention(of: report.dependsOn, in: sink)
                try await sink.commit()
                if let seal {
                    try await keep(path, recorded.metadata, of: seal, &report)
                } else if report.deltaRows != nil {
                    await cacheCatalog(path)
                }
                report.copies = await sink.committed
                report.retention = await retention(in: report.copies)
                await ProofRecords(environment).noteWritten(
                    file, to: report.copies, of: vault, sha256: report.archiveSHA256)
                report.degraded = await sink.failures.map { CopyProblem(label: $0.label, problem: "\($0.error)") }
                return report
            } catch {
                await writer.cancel()
                throw error
            }
        }
    }

    /// Whoever deletes a backup does not see that this run builds on it: what it refers to must still be there when it
    /// becomes visible.
    private func checkReferred(_ archives: [String]) async throws {
        guard !archives.isEmpty else { return }
        let listing = try await vault.backups()
        let present = Set((listing.entries + listing.hidden).map(\.file.fileName))
        if let gone = archives.first(where: { !present.contains($0) }) {
            throw HoldfastError(
                .conflict, "\(gone) was deleted while this backup was built on it; no backup was made.",
                hint: "Run it again; --full builds on nothing.")
        }
    }

    /// Draws the key and writes the header, when the backup is to be sealed.
    private func beginSeal(_ digest: FileDigest, _ sink: CopiesSink) async throws -> SealedOutput? {
        guard let recipients = options.recipients else { return nil }
        let seal = try await SealedOutput(to: recipients)
        digest.update(seal.header)
        try await sink.write(seal.header)
        return seal
    }

    /// - Returns: bytes of the sealed file; `nil` when there is no seal.
    private func endSeal(_ seal: SealedOutput?, _ digest: FileDigest, _ sink: CopiesSink) async throws -> Int64? {
        guard let seal else { return nil }
        let last = try seal.finish()
        digest.update(last)
        try await sink.write(last)
        return seal.length
    }

    /// Keeps in plain what this host can not read back, after the commit: it is a cache, and the backup is made.
    private func keep(
        _ catalog: FilePath, _ metadata: ByteBuffer, of seal: SealedOutput, _ report: inout BackupReport
    ) async throws {
        report.sealedTo = options.recipients?.labels
        let header = Data(seal.header.readableBytesView.dropLast(seal.nonce.count))
        let record = KeptCatalogs.Record(
            recipients: options.recipients?.names ?? [], header: header, currentHeader: header,
            sha256: report.archiveSHA256, metadata: Data(metadata.readableBytesView))
        do {
            try await KeptCatalogs(environment.state).keep(catalog, record, of: file, nonce: seal.nonce)
        } catch {
            report.warnings.append("The catalog could not be kept on this host, which cannot read the backup: \(error)")
        }
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
        into writer: ArchiveWriter, _ catalog: CatalogWriter, _ span: Span, sweeps: Bool
    ) async throws -> Packing {
        switch origin {
        case .server(let source):
            try await packObjects(of: source, into: writer, catalog, span, sweeps: sweeps)
        case .backup(let base): try await packBackup(base, into: writer, catalog)
        }
    }

    /// Lists and reads at the same time; packs in listing order.
    private func packObjects(
        of source: any StorageService, into writer: ArchiveWriter, _ catalog: CatalogWriter, _ span: Span, sweeps: Bool
    ) async throws -> Packing {
        let (scope, started) = (span.scope, span.started)
        let store = source.store(for: bucket)
        let identity = try await source.identify()
        let fetch = ObjectFetch(
            store: store,
            details: DetailReading(tagCountIsTold: identity.tellsTagCount, readsACLs: options.acls))
        let moment = scope.cut ?? started
        let filter = options.selection.filter
        let channel = AsyncThrowingChannel<PendingObject.Page, any Error>()
        let listing = SourceListing(
            store: store, catalog: catalog, scope: scope, selection: options.selection,
            test: filter.isEverything ? nil : try ObjectTest(filter, at: moment), sweeps: sweeps, progress: progress,
            channel: channel)
        var packing = Packing(
            catalog: catalog, identity: identity, progress: progress, logger: environment.logger)

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
            }
            for try await findings in group { packing.findings = findings }
        }
        try await packing.rows.flush()
        return packing
    }

    /// Writes the archive's last members: the metadata and the catalog.
    private func record(
        _ packed: Packing, _ catalog: CatalogWriter, at path: FilePath, since earlier: EarlierBackup?,
        _ writer: ArchiveWriter, _ span: Span, finished: Date
    ) async throws -> (report: BackupReport, metadata: ByteBuffer) {
        let configuration = await origin.configuration(of: bucket)
        try await catalog.set("bucket", bucket)
        try await catalog.set("name", name.rawValue)
        let timestamp = origin.base?.metadata.timestamp ?? BackupMetadata.naiveTimestamp(span.started)
        try await catalog.set(
            CatalogDelta.idFact,
            BackupMetadata.catalogID(bucket: bucket, name: name.rawValue, timestamp: timestamp))
        let referred = try await catalog.referredArchives()
        let totals = try await catalog.finish()
        let stored = try await storedCatalog(path, since: earlier, without: catalog.foldedArchives)
        let dependsOn = Set(referred + stored.chain).sorted()
        let complete = totals.exceptions == 0
        let selection = options.selection.canonical
        var metadata = BackupMetadata(
            bucketName: bucket, backupName: name.rawValue, timestamp: timestamp,
            objectCount: totals.listed, totalSizeBytes: totals.storedBytes,
            includeVersions: options.allVersions, formatVersion: 1,
            cut: span.scope.cut ?? span.started, cutEnd: span.scope.cut == nil ? finished : nil,
            kind: dependsOn.isEmpty ? "full" : "incremental", complete: complete,
            exceptions: totals.exceptions,
            currentCount: totals.listed - packed.findings.olderVersions - packed.findings.deleteMarkers,
            storedCount: totals.stored, storedBytes: totals.storedBytes, dependsOn: dependsOn,
            tags: options.tags.isEmpty ? nil : options.tags,
            include: selection.includes.isEmpty ? nil : selection.includes,
            exclude: selection.excludes.isEmpty ? nil : selection.excludes,
            filter: selection.filter.isEverything ? nil : selection.filter,
            source: .init(endpoint: origin.name, server: packed.identity.product, region: packed.identity.region),
            bucketConfiguration: configuration.documents, bucketConfigurationUnread: configuration.unread,
            holdfastVersion: HoldfastVersion.current)
        origin.base?.adopt(&metadata)
        let modified = TimeText.milliseconds(finished)
        let json = ByteBuffer(bytes: try metadata.encoded())
        _ = try await writer.append(
            ArchiveMember(
                name: Array(ArchiveLayout.metadataName.utf8), kind: .file, size: Int64(json.readableBytes),
                modified: modified, records: []), content: json)
        try await append(stored, modified: modified, to: writer)
        let report = BackupReport(
            name: name.rawValue, bucket: bucket, source: origin.name, syntheticOf: metadata.syntheticOf,
            file: file.fileName,
            started: span.started, finished: finished, cut: span.scope.cut, seconds: 0, listedCount: totals.listed,
            storedCount: totals.stored,
            totalBytes: totals.storedBytes, include: selection.includes, exclude: selection.excludes,
            filter: metadata.filter, includesVersions: options.allVersions,
            olderVersionCount: packed.findings.olderVersions, deleteMarkerCount: packed.findings.deleteMarkers,
            unchangedCount: totals.stored - packed.rows.storedCount - packed.replacedCount, dependsOn: dependsOn,
            sharedCount: packed.sharedCount, sharedBytes: packed.sharedBytes, folded: catalog.foldedArchives,
            deltaRows: stored.deltaRows, archiveBytes: 0, archiveSHA256: "", changedCount: packed.changedCount,
            exceptionCount: totals.exceptions, deferredCount: packed.rows.deferredCount,
            exceptions: packed.rows.firstExceptions, complete: complete, copies: [],
            degraded: [],
            warnings: [span.warning, lostKeysWarning(packed.findings)].compactMap { $0 } + warnings(configuration))
        return (report, json)
    }
}

extension Duration {
    /// Seconds as a number with a fraction.
    package var seconds: Double {
        Double(components.seconds) + Double(components.attoseconds) / 1e18
    }
}
