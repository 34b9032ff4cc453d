// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Archive
import Catalog
import Holdfast
import NIOCore
import ObjectStorage
import Streams
import SystemPackage
import TestSupport
import Testing

/// What no copy of an archive has any more is made again of the same contents in other archives, byte for byte.
@Suite(.timeLimit(.minutes(5))) struct RepairFromOthersTests {
    /// Puts noise, and text that shrinks, in objects of all sizes; with another seed, other bytes.
    private static func fill(_ scene: Scene, prefix: String, seed: UInt64 = 31) async throws {
        var random = SeededGenerator(seed: seed)
        for number in 0..<4 { try await scene.store.put("\(prefix)noise\(number)", random.bytes(1 << 20)) }
        for number in 0..<300 {
            let line = "\(number) \(seed) the quick brown fox jumps over the lazy dog \(random.bytes(8))\n"
            var attributes = ObjectAttributes(
                headers: [Field("content-type", "text/plain")], metadata: [Field("number", "\(number)")])
            attributes.tags = [ObjectStorage.Tag("colour", "red")]
            let content = Array(String(repeating: line, count: 1 + number).utf8)
            try await scene.store.put("\(prefix)text\(number)", content, attributes)
        }
        try await scene.store.put("\(prefix)empty", [])
    }

    private static func rename(_ scene: Scene) async throws {
        for key in try await scene.keys() { _ = try await scene.store.delete([ObjectReference(ObjectKey(key))]) }
        try await fill(scene, prefix: "other/")
    }

    /// Flips bytes in both copies, so that neither has the right ones.
    private func damage(_ scene: Scene, _ file: String, _ range: Range<Int64>) async throws {
        var other = try await scene.bucketBytes(file)
        for offset in range {
            try #require(other.indices.contains(Int(offset)))
            other[Int(offset)] ^= 2
        }
        try await scene.setBucketBytes(other, file)
        try scene.alter(file) { content in for offset in range { content[Int(offset)] ^= 1 } }
    }

    private func reader(_ scene: Scene, _ file: String) async throws -> ArchiveReader {
        try await ArchiveReader.open(BufferBytes(ByteBuffer(bytes: try bytes(of: scene.archives.appending(file)))))
    }

    /// Damages one byte in the middle of each frame that holds objects alone.
    private func damageFrames(_ scene: Scene, _ file: String) async throws -> Int {
        let reader = try await reader(scene, file)
        let end = try #require(reader.metadata).lowerBound - 4096
        var count = 0
        for index in 0..<reader.frames.count where reader.frames[index].tarRange.upperBound <= end {
            let range = reader.frames[index].fileRange
            let middle = (range.lowerBound + range.upperBound) / 2
            try await damage(scene, file, middle..<middle + 1)
            count += 1
        }
        return count
    }

    private func expectAsItWas(_ scene: Scene, _ report: RepairReport, _ backup: BackupReport) async throws {
        #expect(report.lostCount == 0 && report.archives[0].isSound)
        #expect(report.archives[0].copies.map(\.outcome) == [.replaced, .replaced])
        #expect(try scene.sha256(backup.file) == backup.archiveSHA256)
        let name = try #require(ArchiveFile(fileName: backup.file)).name.rawValue
        #expect(try await scene.verify(.contents, name).isSound)
    }

    @Test(arguments: ArchiveCodec.allCases, CompressionLevel.allCases)
    func contentsUnderOtherKeysMakeEveryFrameAgain(codec: ArchiveCodec, level: CompressionLevel) async throws {
        try await Scene.with { scene in
            try await Self.fill(scene, prefix: "")
            let first = try await scene.backUp(codec: codec, compression: level)
            try await Self.rename(scene)
            let second = try await scene.backUp("second", compression: .fast)
            #expect(second.dependsOn == [])
            let count = try await damageFrames(scene, first.file)
            #expect(count >= (codec == .gzip ? 6 : 2), "\(count) frames")

            let before = try scene.sha256(first.file)
            let dry = try await scene.repair(dryRun: true)
            #expect(dry.archives[0].isSound && dry.lostCount == 0)
            #expect(try scene.sha256(first.file) == before)

            let report = try await scene.repair()
            #expect(report.archives[0].copies[0].source?.contains(second.file) == true)
            try await expectAsItWas(scene, report, first)
        }
    }

    /// Nothing of the frame is left, not even the checksum of what it held: contents prove themselves, headers do not.
    @Test func aFrameOfWhichNothingIsLeftIsMadeOfContentAlone() async throws {
        try await Scene.with { scene in
            try await Self.fill(scene, prefix: "")
            var random = SeededGenerator(seed: 32)
            try await scene.store.put("a-large", random.bytes(5 << 20))
            let first = try await scene.backUp()
            try await scene.backUp("second")
            let reader = try await reader(scene, first.file)
            // The second of the large object's frames, which has no header.
            let frame = try #require(reader.frames.frame(at: 2 << 20))
            try await damage(scene, first.file, reader.frames[frame].fileRange)
            try await expectAsItWas(scene, try await scene.repair(), first)

            let headed = try #require(reader.frames.frame(at: 0))
            try await damage(scene, first.file, reader.frames[headed].fileRange)
            let report = try await scene.repair()
            #expect(!report.archives[0].isSound && report.lost.map(\.key) == ["a-large"])
        }
    }

    @Test func whatIsDamagedEverywhereIsStillNamed() async throws {
        try await Scene.with { scene in
            try await Self.fill(scene, prefix: "")
            let first = try await scene.backUp()
            try await scene.backUp("second")
            let opened = try await scene.open()
            let lost = try #require(try await opened.object(Array("noise1".utf8)).extents.first)
            let saved = try #require(try await opened.object(Array("noise3".utf8)).extents.first)
            for file in [first.file, "second.tar.gz"] {
                let reader = try await reader(scene, file)
                let frame = try #require(reader.frames.frame(at: lost.offset + lost.length / 2))
                let middle = reader.frames[frame].fileRange.lowerBound + 5000
                try await damage(scene, file, middle..<middle + 1)
            }
            let reader = try await reader(scene, first.file)
            let frame = try #require(reader.frames.frame(at: saved.offset + saved.length / 2))
            let place = reader.frames[frame].fileRange.lowerBound + 9000
            try await damage(scene, first.file, place..<place + 1)

            let report = try await scene.repair()
            #expect(report.archives[0].copies.map(\.outcome) == [.improved, .improved])
            #expect(report.lost.contains { $0.key == "noise1" } && !report.lost.contains { $0.key == "noise3" })
            let restored = try await scene.restore(into: "back")
            #expect(restored.exceptions.map(\.key).sorted() == report.lost.map(\.key).sorted())
        }
    }

    @Test func chunksOfAnotherVersionMakeALargeObjectWhole() async throws {
        try await Scene.with { scene in
            var random = SeededGenerator(seed: 33)
            let content = random.bytes(28 << 20)
            try await scene.store.put("large", content)
            let first = try await scene.backUp()
            _ = try await scene.store.delete([ObjectReference(ObjectKey("large"))])
            try await scene.store.put("other", random.bytes(1000) + content)
            try await scene.backUp("second")
            try await damage(scene, first.file, 20 << 20..<20 << 20 + 3000)
            try await expectAsItWas(scene, try await scene.repair(), first)
        }
    }

    /// The frame has a chunk of an incremental backup and its header.
    @Test func aChunkThatWasStoredForItselfIsMadeAgain() async throws {
        try await Scene.with { scene in
            var random = SeededGenerator(seed: 34)
            let content = random.bytes(28 << 20)
            try await scene.store.put("large", content)
            try await scene.backUp()
            try await scene.store.put("large", content[..<(14 << 20)] + random.bytes(100) + content[(14 << 20)...])
            let second = try await scene.backUp("second", isFull: false, sweep: .never)
            #expect(second.dependsOn == ["first.tar.gz"] && second.archiveBytes > 1 << 20)
            try await scene.backUp("third")
            try await damage(scene, second.file, 5000..<5001)
            try await expectAsItWas(scene, try await scene.repair("second"), second)
        }
    }
}
