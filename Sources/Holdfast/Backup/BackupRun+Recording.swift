// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Archive
import Catalog
import Foundation
import NIOCore
import ObjectStorage
import Streams
import SystemPackage

extension BackupRun {
    /// Writes the archive's last members: the metadata and the catalog.
    func record(
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
        // What an interrupted run stored may lie in chunks too.
        let isExtractable =
            dependsOn.isEmpty && !packed.hasChunks && (earlier == nil || packed.findings.durableCount == 0)
        let complete = totals.exceptions == 0
        let selection = options.selection.canonical
        var metadata = BackupMetadata(
            bucketName: bucket, backupName: name.rawValue, timestamp: timestamp,
            objectCount: totals.listed, totalSizeBytes: totals.storedBytes,
            includeVersions: options.allVersions, formatVersion: 1,
            cut: span.scope.cut ?? span.started, cutEnd: span.scope.cut == nil ? finished : nil,
            kind: isExtractable ? "full" : "incremental", complete: complete,
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
            unchangedCount: totals.stored - packed.rows.storedCount - packed.replacedCount
                - packed.findings.durableCount,
            dependsOn: dependsOn,
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
