// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Archive
import Catalog
import Crypto
import Foundation
import NIOCore
import ObjectStorage
import Streams

/// Reads an archive without an index from its beginning and makes the catalog that it lacks: archives of the older
/// system, and our own with a lost tail.
///
/// A later member of the same name replaces an earlier one, as it does for `tar`. Links are never followed: a symbolic
/// link is an exception. Where the archive breaks, what came before is kept and the break is a flaw.
struct ArchiveScan {
    let entry: VaultEntry
    let copy: String
    let source: any RandomAccessBytes
    var flaws: [String]

    /// The fact of the catalog that counts the objects of which no checksum was kept.
    static let uncheckedFact = "scan.unchecked"

    func open(_ environment: RunEnvironment) async throws -> OpenedBackup {
        environment.progress.begin("reading an archive without an index")
        // A name of its own each time: the result is valid for this process only.
        let path = try await environment.state.workFile(name: "scan")
        let catalog = try await CatalogWriter.create(at: path)
        var scan = Scan(catalog: catalog, flaws: flaws, progress: environment.progress)
        do {
            try await scan.read(TarReader(decompressed(source.stream(0..<source.size))))
        } catch {
            try Task.checkCancellation()
            let objects = scan.count == 1 ? "1 object" : "\(scan.count) objects"
            scan.flaws.append("The archive in \(copy) breaks off after \(objects): \(error)")
        }
        scan.loseChunks()
        // Not even an end: these bytes are of something else, or nothing is left of them.
        guard scan.count > 0 || scan.metadata != nil || scan.hasEnd else {
            await environment.state.remove(path)
            throw HoldfastError(
                .corrupt,
                "\(entry.file.fileName) in \(copy) is not an archive that can be read. \(scan.flaws.last ?? "")",
                hint: "holdfast verify \(entry.file.name) looks at every copy.")
        }
        // What lies elsewhere stands in the catalog alone, which is lost with the index.
        let others = scan.metadata?.dependsOn ?? []
        if !others.isEmpty {
            let names = others.joined(separator: ", ")
            scan.flaws.append("Most of its objects may lie in \(names): the catalog that says where is lost in \(copy)")
        }
        try await catalog.set(Self.uncheckedFact, String(scan.uncheckedCount))
        _ = try await catalog.finish()
        let reader = try await CatalogReader.open(at: path)
        // The open database keeps the file; its name can go, so that nothing is left behind.
        await environment.state.remove(path)
        return OpenedBackup(
            entry: entry, copy: copy, metadata: scan.metadata, catalog: reader, content: .sequential(source),
            flaws: scan.flaws, isWhole: scan.isWhole && others.isEmpty, referred: .none)
    }

    /// What a pass over the members has found.
    private struct Scan {
        let catalog: CatalogWriter
        let progress: ProgressMeter
        var flaws: [String]
        var metadata: BackupMetadata?
        var count = 0
        /// Whether the archive ends as a tar file does.
        var hasEnd = false
        /// Members that should be objects and are not, or not as they were.
        var lossCount = 0
        /// Chunks of large objects, of which only the catalog tells the order.
        var chunkCount = 0
        /// Objects that no checksum was kept of.
        var uncheckedCount = 0

        /// Whether nothing of what the archive held is missing. One that breaks off behind its objects, as its metadata
        /// counts them, lacks the index alone.
        var isWhole: Bool { lossCount == 0 && (hasEnd || metadata?.storedCount == count) }

        init(catalog: CatalogWriter, flaws: [String], progress: ProgressMeter) {
            self.catalog = catalog
            self.progress = progress
            self.flaws = flaws
        }

        mutating func read(_ tar: TarReader) async throws {
            while let member = try await tar.next() {
                let name = Self.withoutDotSlash(member.name)
                if name == Array(ArchiveLayout.metadataName.utf8) {
                    metadata = try await readMetadata(tar)
                    continue
                }
                let isOurs =
                    name.starts(with: ".holdfast/".utf8) && !member.records.contains { $0.name == "HOLDFAST.key" }
                if name.starts(with: ArchiveLayout.chunkFolder.utf8), isOurs { chunkCount += 1 }
                guard !isOurs else { continue }
                switch member.kind {
                case .directory: continue
                case .file: try await readFile(member, name, tar)
                case .hardLink(let target): try await link(member, name, to: Self.withoutDotSlash(target))
                default: lose("\(ObjectKey(name)) is neither a file nor a folder and is left alone.")
                }
            }
            hasEnd = tar.endedProperly
            if !hasEnd { flaws.append("The archive lacks the blocks that end a tar file.") }
        }

        private func readMetadata(_ tar: TarReader) async throws -> BackupMetadata? {
            var json = ByteBuffer()
            while var piece = try await tar.readPiece() {
                guard json.readableBytes + piece.readableBytes <= BackupMetadata.limit else { return nil }
                json.writeBuffer(&piece)
            }
            return try? BackupMetadata.decoded(from: Data(json.readableBytesView))
        }

        private mutating func readFile(_ member: ArchiveMember, _ name: [UInt8], _ tar: TarReader) async throws {
            var info = MemberRecords.info(of: member)
            if info.key.bytes == member.name { info.key = ObjectKey(name) }
            let offset = tar.contentOffset
            // The header of a large object was written before anybody knew in what parts it had been uploaded.
            let partSizes = info.partSize == nil ? PartSizes.candidates(of: info, first: nil) : []
            var digests = RunningDigests(wantsMD5: false, partSizes: partSizes)
            while let piece = try await tar.readPiece() {
                digests.update(piece)
                progress.finished(objects: 0, bytes: piece.readableBytes)
            }
            progress.finished(bytes: 0)
            info.partSize = info.partSize ?? digests.partSize(making: info.etag)
            let object = CatalogObject(
                info, at: MemberRecords.place(of: member), member: member.name, extent: offset..<offset + member.size,
                sha256: digests.sha256)
            if let promised = MemberRecords.sha256(of: member) {
                if promised != digests.sha256 { lose("\(info.key) has other bytes than its record says.") }
            } else {
                uncheckedCount += 1
            }
            try await put(object)
        }

        private mutating func link(_ member: ArchiveMember, _ name: [UInt8], to target: [UInt8]) async throws {
            guard let earlier = try await catalog.stored(key: target, ordinal: 0) else {
                lose("\(ObjectKey(name)) is a link to \(ObjectKey(target)), which does not come before it.")
                return
            }
            guard member.records.contains(where: { $0.name == "HOLDFAST.etag" }) else {
                var object = earlier
                object.listed.key = name
                object.member = member.name
                return try await put(object)
            }
            // One of ours: it describes itself, and shares the bytes alone.
            var info = MemberRecords.info(of: member)
            if info.key.bytes == member.name { info.key = ObjectKey(name) }
            info.size = earlier.size
            var object = CatalogObject(
                info, at: MemberRecords.place(of: member), member: member.name, extent: 0..<0, sha256: earlier.sha256)
            object.extents = earlier.extents
            if let promised = MemberRecords.sha256(of: member), promised != earlier.sha256 {
                lose("\(info.key) has other bytes than its record says.")
            }
            try await put(object)
        }

        private mutating func put(_ object: CatalogObject) async throws {
            if let fault = object.fault {
                return lose("\(ObjectKey(object.key)) is left out: it has \(fault).")
            }
            count += 1
            if try await catalog.list([object.listed])[0].isNew {
                try await catalog.store([object])
            } else {
                try await catalog.replace(object)
            }
        }

        /// Says what nothing but a catalog can put together.
        mutating func loseChunks() {
            guard chunkCount > 0 else { return }
            lose("It holds \(chunkCount) chunks of large objects, and the catalog that says of which is lost.")
        }

        private mutating func lose(_ flaw: String) {
            flaws.append(flaw)
            lossCount += 1
        }

        private static func withoutDotSlash(_ name: [UInt8]) -> [UInt8] {
            name.starts(with: "./".utf8) ? Array(name.dropFirst(2)) : name
        }
    }
}
