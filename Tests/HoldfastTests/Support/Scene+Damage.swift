// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Archive
import Holdfast
import NIOCore
import ObjectStorage
import Streams
import SystemPackage
import TestSupport
import Testing

extension Scene {
    /// The copy that is damaged, alone.
    var local: Vault { Vault(copies: [directoryCopy]) }

    /// Replaces the bytes of an archive in the directory copy.
    func alter(_ file: String = "first.tar.gz", _ change: (inout [UInt8]) throws -> Void) throws {
        let path = archives.appending(file)
        var content = try bytes(of: path)
        try change(&content)
        try write(content, to: path)
    }

    /// What a restore from a damaged archive may do: refuse, or bring back objects that are as they were; never wrong
    /// bytes, and never less than everything without saying so.
    ///
    /// - Returns: how many objects came back.
    @discardableResult
    func expectHonestRestore(
        of truth: BucketContents, into target: String, sourceLocation: SourceLocation = #_sourceLocation
    ) async throws -> Int {
        let report: RestoreReport
        do {
            report = try await restore(from: local, into: target)
        } catch let error as HoldfastError {
            #expect(!error.message.isEmpty, sourceLocation: sourceLocation)
            return 0
        }
        let restored = try await BucketContents(of: source.store(for: target))
        for (key, seen) in restored.objects {
            #expect(truth.objects[key] == seen, "\(key) is not what it was", sourceLocation: sourceLocation)
        }
        #expect(report.restoredCount == restored.objects.count, sourceLocation: sourceLocation)
        if restored.objects.count < truth.objects.count {
            #expect(!report.complete || !report.warnings.isEmpty, sourceLocation: sourceLocation)
        }
        return restored.objects.count
    }

    /// The archive once more with another catalog: SQL statements say what it lies about.
    func rewriteCatalog(_ sql: String, of file: String = "first.tar.gz") async throws {
        let content = ByteBuffer(bytes: try bytes(of: archives.appending(file)))
        let database = root.appending("lying.db")
        let written = Guarded(ByteBuffer())
        let writer = ArchiveWriter(options: ArchiveOptions()) { bytes in
            written.with { _ = $0.writeImmutableBuffer(bytes) }
        }
        let tar = TarReader(decompressed(BufferBytes(content).stream(0..<Int64(content.readableBytes))))
        while let member = try await tar.next() {
            var read = ByteBuffer()
            while var piece = try await tar.readPiece() { read.writeBuffer(&piece) }
            if member.name.elementsEqual(ArchiveLayout.indexName.utf8) { break }
            guard member.name.elementsEqual(ArchiveLayout.catalogName.utf8) else {
                _ = try await writer.append(member, content: read)
                continue
            }
            try write(read.readableBytesView, to: database)
            try await Tool(name: "sqlite3", directory: root).run("-bail", database.string, sql)
            let altered = try bytes(of: database)
            var other = member
            other.size = Int64(altered.count)
            _ = try await writer.append(other, content: ByteBuffer(bytes: altered))
        }
        _ = try await writer.finish()
        try write(written.value.readableBytesView, to: archives.appending(file))
    }
}
