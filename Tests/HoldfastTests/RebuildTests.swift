// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Archive
import Catalog
import Crypto
import Foundation
import Holdfast
import NIOCore
import ObjectStorage
import Streams
import SystemPackage
import TestSupport
import Testing

/// Where index or catalog are lost in every copy, they are made again; what later backups refer to stays in its place.
@Suite struct RebuildTests {
    private func fill(_ scene: Scene) async throws {
        var random = SeededGenerator(seed: 22)
        for number in 0..<5 { try await scene.store.put("o\(number)", random.bytes(1 << 20)) }
        let attributes = ObjectAttributes(
            headers: [Field("content-type", "text/plain")], metadata: [Field("author", "Ada")])
        _ = try await scene.store.put(
            ObjectKey("described"), ReplayableBody(ByteBuffer(string: "text")), PutOptions(attributes: attributes))
    }

    /// Where the catalog begins and ends in the file of a backup of one copy.
    private func catalogFrames(_ scene: Scene, _ file: String) async throws -> Range<Int> {
        let reader = try await ArchiveReader.open(
            BufferBytes(ByteBuffer(bytes: try bytes(of: scene.archives.appending(file)))))
        let frames = reader.frames.frames(covering: try #require(reader.catalog))
        return Int(
            reader.frames[frames.lowerBound].fileRange.lowerBound)..<Int(
                reader.frames[frames.upperBound - 1].fileRange.upperBound)
    }

    @Test(arguments: ArchiveCodec.allCases)
    func aLostIndexIsMadeAgain(codec: ArchiveCodec) async throws {
        try await Scene.with { scene in
            try await fill(scene)
            let file = try await scene.backUp(to: scene.local, codec: codec).file
            try scene.alter(file) { $0.removeLast(60) }
            let report = try await scene.repair(in: scene.local)
            #expect(report.archives[0].copies.map(\.outcome) == [.rebuilt])
            #expect(report.lostCount == 0)
            #expect(try await scene.verify(.contents, in: scene.local).isSound)
            let restored = try await scene.restore(from: scene.local)
            #expect(restored.complete && restored.warnings.isEmpty)
            #expect(
                try await BucketContents(of: scene.source.store(for: "target")).objects
                    == BucketContents(of: scene.store).objects)
        }
    }

    /// - Parameter deltas: a later catalog builds on the one that is lost.
    @Test(arguments: [false, true])
    func aLostCatalogIsMadeOfTheMembers(deltas: Bool) async throws {
        try await Scene.with { scene in
            try await fill(scene)
            let file = try await scene.backUp().file
            let later = try await scene.backUp("second", isFull: false, deltas: deltas)
            #expect(later.dependsOn == [file] && (later.deltaRows != nil) == deltas)
            // The catalog takes a frame that begins within the last object: what is behind it must go, no more.
            let content = try bytes(of: scene.archives.appending(file))
            let reader = try await ArchiveReader.open(BufferBytes(ByteBuffer(bytes: content)))
            let metadata = try #require(reader.metadata)
            let catalog = try #require(reader.catalog)
            #expect(metadata.upperBound < catalog.lowerBound)
            try await cut(scene, file, keepingTar: catalog.lowerBound + 700)
            try await scene.setBucketBytes(try bytes(of: scene.archives.appending(file)), file)

            if deltas { try scene.forgetState() }
            let report = try await scene.repair()
            #expect(report.archives[0].copies.map(\.outcome) == [.rebuilt, .rebuilt])
            #expect(try scene.sha256(file) == Hex.text(SHA256.hash(data: try await scene.bucketBytes(file))))
            for name in ["first", "second"] {
                #expect(try await scene.verify(.contents, name).isSound)
                try await scene.restore(name, into: "from-\(name)")
                #expect(
                    try await BucketContents(of: scene.source.store(for: "from-\(name)")).objects
                        == BucketContents(of: scene.store).objects)
            }
        }
    }

    /// The header of a large object is written before its parts are known; a catalog made of members finds them again.
    @Test func aRebuiltCatalogKnowsInWhichPartsALargeObjectWasUploaded() async throws {
        try await Scene.with { scene in
            let etag = try await PartSizeTests.upload("x", [8 << 20, 8 << 20, 5], to: scene.store)
            let file = try await scene.backUp(to: scene.local).file
            let reader = try await ArchiveReader.open(
                BufferBytes(ByteBuffer(bytes: try bytes(of: scene.archives.appending(file)))))
            try await cut(scene, file, keepingTar: try #require(reader.catalog).lowerBound + 700)
            let report = try await scene.repair(in: scene.local)
            #expect(report.archives[0].copies.map(\.outcome) == [.rebuilt])
            let row = try #require(try await scene.open(in: scene.local).catalog.object(key: Array("x".utf8)))
            #expect(row.partSize == 8 << 20)
            try await scene.restore(from: scene.local)
            #expect(try await scene.source.store(for: "target").head(ObjectKey("x"), version: nil).etag == etag)
        }
    }

    /// Writes the archive again with small frames, and cuts it after so many bytes of tar stream.
    private func cut(_ scene: Scene, _ file: String, keepingTar length: Int64) async throws {
        let content = ByteBuffer(bytes: try bytes(of: scene.archives.appending(file)))
        let written = Guarded(ByteBuffer())
        let writer = ArchiveWriter(options: ArchiveOptions(frameSize: 512)) { bytes in
            written.with { _ = $0.writeImmutableBuffer(bytes) }
        }
        let tar = TarReader(decompressed(BufferBytes(content).stream(0..<Int64(content.readableBytes))))
        while let member = try await tar.next(), !member.name.elementsEqual(ArchiveLayout.indexName.utf8) {
            var read = ByteBuffer()
            while var piece = try await tar.readPiece() { read.writeBuffer(&piece) }
            _ = try await writer.append(member, content: read)
        }
        _ = try await writer.finish()
        let reader = try await ArchiveReader.open(BufferBytes(written.value))
        let frame = try #require(reader.frames.frame(at: length))
        let end = Int(reader.frames[frame].fileRange.lowerBound)
        try write(written.value.readableBytesView.prefix(end), to: scene.archives.appending(file))
    }

    @Test func anIncrementalBackupKeepsItsOwnCatalogOrIsNamed() async throws {
        try await Scene.with { scene in
            try await fill(scene)
            try await scene.backUp()
            try await scene.store.put("added", Array("later".utf8))
            let file = try await scene.backUp("second", isFull: false).file
            // The index alone is lost: the catalog is the archive's own.
            let whole = try bytes(of: scene.archives.appending(file))
            try scene.alter(file) { $0.removeLast(60) }
            try await scene.setBucketBytes(Array(whole.dropLast(60)), file)
            let report = try await scene.repair("second")
            #expect(report.archives.map(\.file) == [file, "first.tar.gz"])
            #expect(report.archives[0].copies.map(\.outcome) == [.rebuilt, .rebuilt])
            #expect(try await scene.verify(.contents, "second").isSound)

            // The catalog is lost: what lies in the first one cannot be known from the second.
            let range = try await catalogFrames(scene, file)
            try scene.alter(file) { $0.removeSubrange((range.lowerBound + 100)...) }
            try await scene.setBucketBytes(try bytes(of: scene.archives.appending(file)), file)
            let lost = try await scene.repair("second")
            #expect(!lost.archives[0].isSound)
            #expect(lost.unexamined.map(\.label) == ["second"])
        }
    }

    @Test func anArchiveThatIsGoneTakesWhatOthersNeedOfIt() async throws {
        try await Scene.with { scene in
            try await fill(scene)
            let first = try await scene.backUp().file
            try await scene.store.put("added", Array("later".utf8))
            try await scene.backUp("second", isFull: false)
            let file = try await scene.vault.find("first").file
            for copy in scene.vault.copies { _ = try await copy.remove(file) }
            for name in ["second", nil] {
                let report = try await scene.repair(name)
                #expect(Set(report.lost.map(\.key)) == ["o0", "o1", "o2", "o3", "o4", "described"])
                #expect(report.lost.allSatisfy { $0.backup == "second" && $0.archive == first })
                #expect(report.archives.first { $0.file == first }?.isSound == false)
            }
        }
    }

    @Test func whatIsCutBeforeItsEndIsNotCalledWhole() async throws {
        try await Scene.with { scene in
            try await fill(scene)
            let file = try await scene.backUp(to: scene.local).file
            try scene.alter(file) { $0.removeLast($0.count / 2) }
            let before = try bytes(of: scene.archives.appending(file))
            let report = try await scene.repair(in: scene.local)
            #expect(!report.archives[0].isSound)
            #expect(report.archives[0].copies.map(\.outcome) == [.untouched])
            #expect(report.unexamined.count == 1)
            #expect(try bytes(of: scene.archives.appending(file)) == before)
        }
    }

    @Test func whatIsLeftOfAnArchiveServesTheBackupsThatNeedIt() async throws {
        try await Scene.with { scene in
            try await fill(scene)
            let first = try await scene.backUp().file
            try await scene.store.put("added", Array("later".utf8))
            try await scene.backUp("second", isFull: false)
            let content = try bytes(of: scene.archives.appending(first))
            for copy in 0...1 {
                let left = Array(content[..<(content.count / 2 + copy)])
                if copy == 0 { try write(left, to: scene.archives.appending(first)) }
                if copy == 1 { try await scene.setBucketBytes(left, first) }
            }
            let report = try await scene.repair("second")
            #expect(!report.lost.isEmpty && report.lost.count < 6)
            #expect(report.lost.allSatisfy { $0.archive == first })
            let restored = try await scene.restore("second", into: "back")
            #expect(restored.restoredCount == 7 - report.lostCount)
            #expect(Set(restored.exceptions.map(\.key)) == Set(report.lost.map(\.key)))
            #expect(try await !scene.verify(.contents, "second").isSound)
        }
    }
}
