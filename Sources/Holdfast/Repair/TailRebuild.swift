// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Archive
import Catalog
import Foundation
import NIOCore
import Streams
import SystemPackage

/// Writes an archive anew whose objects and metadata are all there and whose catalog or index is not.
///
/// Every member keeps its place in the tar stream, so that later backups find in it what they refer to; the frames
/// around them are made again. The catalog is the archive's own where that is whole, else one made of the members.
struct TailRebuild: Sendable {
    let entry: VaultEntry
    let copy: String
    let source: any RandomAccessBytes
    let environment: RunEnvironment

    /// Hands over the new file.
    ///
    /// - Throws: ``HoldfastError`` `.corrupt` when what is left does not suffice; what `sink` throws.
    func write(to sink: @escaping @Sendable (ByteBuffer) async throws -> Void) async throws {
        let codec = try await ArchiveReader.recover(source).codec
        let writer = ArchiveWriter(options: ArchiveOptions(codec: codec), sink: sink)
        do {
            let found = try await copyMembers(to: writer)
            guard let metadata = found.metadata else { throw lost("its metadata is lost too") }
            if !found.hasCatalog { try await writeCatalog(metadata, modified: found.modified, to: writer) }
            _ = try await writer.finish()
        } catch {
            await writer.cancel()
            throw error
        }
    }

    private func lost(_ why: String) -> HoldfastError {
        HoldfastError(
            .corrupt, "\(entry.file.fileName) cannot be given an index again: \(why).",
            hint: "holdfast restore brings back what is left of it.")
    }

    /// Copies member after member, up to the end or to where the archive breaks off.
    private func copyMembers(
        to writer: ArchiveWriter
    ) async throws -> (metadata: BackupMetadata?, modified: Int64, hasCatalog: Bool) {
        let tar = TarReader(decompressed(source.stream(0..<source.size)))
        var metadata: BackupMetadata?
        var modified: Int64 = 0
        while true {
            do {
                guard let member = try await tar.next() else { return (metadata, modified, false) }
                switch member.name {
                case Array(ArchiveLayout.indexName.utf8):
                    return (metadata, modified, false)
                case Array(ArchiveLayout.catalogName.utf8):
                    let isWhole = try await copyCatalog(member, tar, to: writer)
                    return (metadata, modified, isWhole)
                case Array(ArchiveLayout.metadataName.utf8):
                    var json = ByteBuffer()
                    while var piece = try await tar.readPiece(), json.readableBytes <= BackupMetadata.limit {
                        json.writeBuffer(&piece)
                    }
                    metadata = try BackupMetadata.decoded(from: Data(json.readableBytesView))
                    modified = member.modified
                    try place(try await writer.append(member, content: json), tar, member)
                default:
                    try await writer.begin(member)
                    while let piece = try await tar.readPiece() {
                        try await writer.write(piece)
                        environment.progress.finished(objects: 0, bytes: piece.readableBytes)
                    }
                    try place(try await writer.end(), tar, member)
                }
            } catch let error where metadata != nil && ArchiveCheck.isDamage(error) && writer.isBetweenMembers {
                // Behind the metadata nothing stands that cannot be made again.
                return (metadata, modified, false)
            }
        }
    }

    /// - Throws: ``HoldfastError`` when a member would lie elsewhere than before: other backups would not find it.
    private func place(_ extent: Range<Int64>, _ tar: TarReader, _ member: ArchiveMember) throws {
        guard extent.lowerBound == tar.contentOffset else {
            throw lost("\(String(decoding: member.name, as: UTF8.self)) would not lie where it lay")
        }
    }

    /// Takes over the archive's own catalog.
    ///
    /// - Returns: `false` when it is not whole; nothing was written then.
    private func copyCatalog(_ member: ArchiveMember, _ tar: TarReader, to writer: ArchiveWriter) async throws -> Bool {
        let path = try await environment.state.workFile(name: "rebuilt")
        do {
            let size = member.size
            try await spool(tar, to: path)
            try await CatalogReader.check(path)
            let database = try await LocalFileBytes(path)
            guard database.size == size else { throw ArchiveError.truncated("in its catalog") }
            try await append(database, modified: member.modified, to: writer)
            await environment.state.remove(path)
            return true
        } catch let error where ArchiveCheck.isDamage(error) && writer.isBetweenMembers {
            await environment.state.remove(path)
            return false
        } catch {
            await environment.state.remove(path)
            throw error
        }
    }

    private func spool(_ tar: TarReader, to path: FilePath) async throws {
        let file = try await FileThread.run {
            try HoldfastError.withFile("write", path) {
                try SystemPackage.FileDescriptor.open(
                    path, .writeOnly, options: [.create, .exclusiveCreate, .closeOnExec], permissions: [.ownerReadWrite]
                )
            }
        }
        do {
            while let piece = try await tar.readPiece() {
                try await FileThread.run {
                    try HoldfastError.withFile("write", path) { _ = try file.writeAll(piece.readableBytesView) }
                }
            }
            try file.close()
        } catch {
            try? file.close()
            throw error
        }
    }

    /// Makes a catalog of what the members themselves say.
    private func writeCatalog(
        _ metadata: BackupMetadata, modified: Int64, to writer: ArchiveWriter
    ) async throws {
        let others = metadata.dependsOn ?? []
        guard others.isEmpty else {
            throw lost(
                "most of its objects may lie in \(others.joined(separator: ", ")), and the catalog that says where is lost"
            )
        }
        let scanned = try await ArchiveScan(entry: entry, copy: copy, source: source, flaws: []).open(environment)
        guard scanned.isWhole else { throw lost("not all of its objects are left") }
        let path = try await environment.state.workFile(name: "rebuilt")
        do {
            let catalog = try await CatalogWriter.create(at: path)
            var page: [CatalogObject] = []
            for try await object in PositionOrder(catalog: scanned.catalog) {
                page.append(object)
                if page.count == 1000 { try await take(&page, into: catalog) }
            }
            try await take(&page, into: catalog)
            try await catalog.set("bucket", metadata.bucketName)
            try await catalog.set("name", metadata.backupName)
            try await catalog.set(CatalogDelta.idFact, metadata.catalogID)
            _ = try await catalog.finish()
            try await append(try await LocalFileBytes(path), modified: modified, to: writer)
        } catch {
            await environment.state.remove(path)
            throw error
        }
        await environment.state.remove(path)
    }

    private func take(_ page: inout [CatalogObject], into catalog: CatalogWriter) async throws {
        _ = try await catalog.list(page.map(\.listed))
        try await catalog.store(page)
        page = []
    }

    private func append(_ database: LocalFileBytes, modified: Int64, to writer: ArchiveWriter) async throws {
        try await writer.begin(
            ArchiveMember(
                name: Array(ArchiveLayout.catalogName.utf8), kind: .file, size: database.size, modified: modified,
                records: []))
        for try await block in database.stream(0..<database.size) {
            try await writer.write(block)
        }
        _ = try await writer.end()
    }
}
