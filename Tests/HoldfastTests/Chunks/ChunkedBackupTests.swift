// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Archive
import Catalog
import Foundation
import Holdfast
import NIOCore
import ObjectStorage
import SystemPackage
import TestSupport
import Testing

/// Large objects of which an earlier backup has the most are stored as what is new in them.
@Suite(.timeLimit(.minutes(5))) struct ChunkedBackupTests {
    private static let mebibyte: Int64 = 1 << 20
    private static let size = 28 << 20

    private static func content() -> [UInt8] {
        var random = SeededGenerator(seed: 1)
        return random.bytes(size)
    }

    /// With an object of 28 MiB in a full backup called `first`, whose bytes do not shrink.
    private static func with(_ body: (Scene, [UInt8]) async throws -> Void) async throws {
        try await Scene.with { scene in
            let content = content()
            try await scene.store.put("large", content, ObjectAttributes(metadata: [Field("a", "b")]))
            try await scene.store.put("small", Array("small".utf8))
            let report = try await scene.backUp()
            #expect(report.archiveBytes > size && report.sharedBytes == 0)
            try await body(scene, content)
        }
    }

    private static func expectRestored(_ scene: Scene, _ name: String) async throws {
        let truth = try await BucketContents(of: scene.store)
        try await scene.restore(name, into: "target-\(name)")
        let restored = try await BucketContents(of: scene.source.store(for: "target-\(name)"))
        #expect(truth.differences(from: restored) == [])
        #expect(try await scene.verify(.contents, name).isSound)
    }

    @Test func anAppendedTailIsAllThatIsStored() async throws {
        try await Self.with { scene, content in
            var random = SeededGenerator(seed: 2)
            try await scene.store.put("large", content + random.bytes(1 << 20))
            let report = try await scene.backUp("second", isFull: false, sweep: .never)
            // What follows the last cut is new, and that may be 16 MiB; of this content it is less.
            #expect(report.archiveBytes < 8 * Self.mebibyte, "\(report.archiveBytes)")
            #expect(report.sharedCount == 1 && report.sharedBytes > 20 * Self.mebibyte)
            #expect(report.dependsOn == ["first.tar.gz"])
            let row = try await scene.open("second").object(Array("large".utf8))
            // What lies in one run of the earlier archive is one extent.
            #expect(row.extents.count == 2 && row.extents.map(\.archive) == [1, 0])
            try await Self.expectRestored(scene, "second")
        }
    }

    @Test func anInsertionStoresTheChunkAroundIt() async throws {
        try await Self.with { scene, content in
            var random = SeededGenerator(seed: 3)
            try await scene.store.put("large", content[..<(14 << 20)] + random.bytes(100) + content[(14 << 20)...])
            let report = try await scene.backUp("second", isFull: false, sweep: .never, deltas: true)
            #expect(report.archiveBytes < 12 * Self.mebibyte, "\(report.archiveBytes)")
            let row = try await scene.open("second").object(Array("large".utf8))
            #expect(row.extents.map(\.archive) == [1, 0, 1])
            try await Self.expectRestored(scene, "second")

            // Unchanged, it is taken over with every piece where it lies; and another host reads the same.
            try await scene.store.put("small", Array("other".utf8))
            let third = try await scene.backUp("third", isFull: false, sweep: .always, deltas: true)
            #expect(third.unchangedCount == 1 && third.archiveBytes < 100_000)
            #expect(third.deltaRows == 1)
            #expect(third.dependsOn == ["first.tar.gz", "second.tar.gz"])
            try scene.forgetState()
            try await Self.expectRestored(scene, "third")

            // What its chunks are is known from there on too.
            try await scene.store.put("again/large", content)
            let fourth = try await scene.backUp("fourth", isFull: false, sweep: .never, deltas: true)
            // All but the chunk that was cut in two.
            #expect(fourth.archiveBytes < 12 * Self.mebibyte, "\(fourth.archiveBytes)")
            try await Self.expectRestored(scene, "fourth")
        }
    }

    @Test func aRenamedObjectAndACopyStoreNothing() async throws {
        try await Self.with { scene, content in
            _ = try await scene.store.delete([ObjectReference(ObjectKey("large"))])
            try await scene.store.put("renamed/large", content)
            try await scene.store.put("copy", content, ObjectAttributes(metadata: [Field("other", "text")]))
            let report = try await scene.backUp("second", isFull: false, sweep: .never)
            #expect(report.archiveBytes < 100_000, "\(report.archiveBytes)")
            #expect(report.sharedCount == 2 && report.sharedBytes == Int64(2 * Self.size))
            let row = try await scene.open("second").object(Array("copy".utf8))
            #expect(row.extents.count == 1 && row.extents[0].length == Int64(Self.size))
            try await Self.expectRestored(scene, "second")
            // The archive that has the bytes is needed by name, though no object of its key is left.
            let hidden = try await scene.delete("first")
            #expect(hidden.neededBy == ["second"])
            try await Self.expectRestored(scene, "second")
        }
    }

    @Test func smallContentsOfARenamedFolderAreNotStoredAgain() async throws {
        try await Scene.with { scene in
            var random = SeededGenerator(seed: 4)
            let contents = [4096, 5000, 100_000, 9 << 20, 1000].map { random.bytes($0) }
            for (number, content) in contents.enumerated() { try await scene.store.put("old/\(number)", content) }
            try await scene.backUp()
            for (number, content) in contents.enumerated() {
                try await scene.store.put("new/\(number)", content, ObjectAttributes(metadata: [Field("a", "b")]))
                _ = try await scene.store.delete([ObjectReference(ObjectKey("old/\(number)"))])
            }
            let report = try await scene.backUp("second", isFull: false)
            // The one below 4 KiB is.
            #expect(report.sharedCount == 4 && report.sharedBytes == 4096 + 5000 + 100_000 + 9 << 20)
            #expect(report.archiveBytes < 60_000)
            #expect(report.unchangedCount == 0 && report.dependsOn == ["first.tar.gz"])
            try await Self.expectRestored(scene, "second")
            // Built on once more, they are objects like any other.
            let third = try await scene.backUp("third", isFull: false, sweep: .never)
            #expect(third.unchangedCount == 5)
            try await Self.expectRestored(scene, "third")
        }
    }

    /// Without anything that it refers to it is no full backup all the same: `tar` alone does not bring it back.
    @Test func aBackupOfNewChunksAloneIsNotCalledFull() async throws {
        try await Scene.with { scene in
            try await scene.store.put("small", [1])
            try await scene.backUp()
            _ = try await scene.store.delete([ObjectReference(ObjectKey("small"))])
            try await scene.store.put("large", Self.content())
            let report = try await scene.backUp("second", isFull: false)
            #expect(report.dependsOn == [])
            #expect(try await scene.open("second").metadata?.kind == "incremental")
            try await Self.expectRestored(scene, "second")
            // Its index lost, nothing makes objects of the chunks, and that is said.
            try scene.alter("second.tar.gz") { $0.removeLast(200) }
            let restored = try await scene.restore("second", from: scene.local, into: "lost")
            #expect(restored.restoredCount == 0)
            let backup = try await scene.open("second", in: scene.local)
            #expect(backup.flaws.contains { $0.contains("chunks of large objects") })
        }
    }

    @Test func aChunkThatComesTwiceIsStoredOnce() async throws {
        try await Scene.with { scene in
            try await scene.store.put("small", [1])
            try await scene.backUp()
            var random = SeededGenerator(seed: 5)
            let noise = random.bytes(4 << 20)
            let zeros = [UInt8](repeating: 0, count: 48 << 20)
            try await scene.store.put("zeros", zeros + noise)
            try await scene.store.put("more-zeros", zeros + noise)
            let report = try await scene.backUp("second", isFull: false, sweep: .never)
            #expect(report.sharedCount == 2 && report.sharedBytes == Int64(32 << 20 + 52 << 20))
            try await Self.expectRestored(scene, "second")
        }
    }

    @Test func piecesInAFoldedArchiveAreReadAgain() async throws {
        try await Scene.with { scene in
            var random = SeededGenerator(seed: 9)
            let content = random.bytes(18 << 20)
            try await scene.store.put("filler", random.bytes(44 << 20))
            try await scene.store.put("large", content)
            try await scene.backUp()
            _ = try await scene.store.delete([ObjectReference(ObjectKey("filler"))])
            try await scene.store.put("large", content + random.bytes(1000))
            let second = try await scene.backUp("second", isFull: false, sweep: .never)
            #expect(second.dependsOn == ["first.tar.gz"] && second.folded == [])
            // What is left of the first one is less than a third. The chunk in the second one is referred to still.
            let third = try await scene.backUp("third", isFull: false, sweep: .never)
            #expect(third.folded == ["first.tar.gz"] && third.dependsOn == ["second.tar.gz"])
            #expect(third.unchangedCount == 0 && third.sharedBytes > 0)
            #expect(try await scene.delete("first").neededBy == ["second"])
            #expect(try await scene.delete("second").neededBy == ["third"])
            try await Self.expectRestored(scene, "third")
        }
    }

    @Test func aBitFlippedInAnEarlierArchiveIsFoundInTheLaterBackup() async throws {
        try await Self.with { scene, content in
            try await scene.store.put("large", content + [1])
            try await scene.backUp("second", isFull: false, sweep: .never)
            for file in ["first.tar.gz"] {
                try scene.alter(file) { $0[5 << 20] ^= 4 }
            }
            let report = try await scene.verify(.contents, "second", in: scene.local)
            #expect(!report.isSound)
            #expect(report.copies[0].problems.contains { $0.contains("large") })
            // The other copy has it still.
            try await Self.expectRestored(scene, "second")
        }
    }

    /// Verified together, backups have the chunks that they share read once.
    @Test func sharedChunksAreReadOnceInOneVerification() async throws {
        try await Self.with { scene, content in
            var random = SeededGenerator(seed: 8)
            try await scene.store.put("large", content[..<(14 << 20)] + random.bytes(100) + content[(14 << 20)...])
            try await scene.backUp("second", isFull: false, sweep: .never)
            let together = VerifiedContents()
            let first = try await scene.verify(.contents, in: scene.local, verified: together).copies[0]
            #expect(first.objectsRead == 2 && first.objectsReadInPart == 0)
            let second = try await scene.verify(.contents, "second", in: scene.local, verified: together).copies[0]
            #expect(second.isSound && second.depth == .contents)
            #expect(second.objectsRead == 1 && second.objectsReadInPart == 1 && second.objectsReadBefore == 1)
            // The chunk that is its own: out of the frames, and once more as content.
            #expect(second.bytesRead < 26 << 20, "\(second.bytesRead)")
            // Alone, it is read and hashed whole.
            let alone = try await scene.verify(.contents, "second", in: scene.local).copies[0]
            #expect(alone.objectsReadInPart == 0 && alone.bytesRead > second.bytesRead + 10 << 20)

            try scene.alter { $0[5 << 20] ^= 4 }
            let after = VerifiedContents()
            #expect(!(try await scene.verify(.contents, in: scene.local, verified: after).isSound))
            let damaged = try await scene.verify(.contents, "second", in: scene.local, verified: after).copies[0]
            #expect(damaged.problems.contains { $0.contains("large") })
        }
    }

    @Test func aListThatNamesOtherChunksIsFoundThoughTheRestWasRead() async throws {
        try await Self.with { scene, content in
            try await scene.store.put("large", content + [1])
            try await scene.backUp("second", isFull: false, sweep: .never)
            try await scene.rewriteCatalog(
                """
                UPDATE objects SET chunks = CAST(substr(chunks, 1, 4) || zeroblob(32) || substr(chunks, 37) AS BLOB)
                    WHERE chunks IS NOT NULL
                """, of: "second.tar.gz")
            let together = VerifiedContents()
            #expect(try await scene.verify(.contents, in: scene.local, verified: together).isSound)
            let second = try await scene.verify(.contents, "second", in: scene.local, verified: together).copies[0]
            #expect(second.problems.contains { $0.contains("large") && $0.contains("has other bytes") })
        }
    }

    @Test func aListOfChunksThatLiesIsFound() async throws {
        try await Self.with { scene, _ in
            try await scene.rewriteCatalog(
                """
                UPDATE objects SET chunks = CAST(substr(chunks, 1, 4) || zeroblob(32) || substr(chunks, 37) AS BLOB)
                    WHERE chunks IS NOT NULL
                """)
            let found = try await scene.verify(.contents, in: scene.local)
            #expect(found.copies[0].problems.contains { $0.contains("the list of its chunks") })
            try await scene.rewriteCatalog("UPDATE objects SET chunks = substr(chunks, 1, 36) WHERE chunks IS NOT NULL")
            let structure = try await scene.verify(.structure, in: scene.local)
            #expect(structure.copies[0].problems.contains { $0.contains("is not a list of chunks") })
        }
    }

    @Test func theProgramOfThePagePutsPiecesTogether() async throws {
        try await Self.with { scene, content in
            var random = SeededGenerator(seed: 6)
            try await scene.store.put("large", content[..<(9 << 20)] + random.bytes(7) + content[(9 << 20)...])
            try await scene.store.put("copy", content)
            try await scene.store.put("empty", [])
            let second = try await scene.backUp("second", isFull: false, sweep: .never, deltas: true)
            #expect(second.deltaRows != nil)
            try await scene.store.put("copy", content + [1, 2, 3])
            try await scene.store.put("last", Array("last".utf8))
            let report = try await scene.backUp("third", isFull: false, sweep: .never, deltas: true)
            #expect(report.dependsOn == ["first.tar.gz", "second.tar.gz"])
            let folder = try await scene.recoverByHand(report.file)
            let truth = try await BucketContents(of: scene.store)
            #expect(truth.objects.count == 5)
            for (key, seen) in truth.objects {
                let found = try bytes(of: folder.appending(String(decoding: key.bytes, as: UTF8.self)))
                #expect(ByteBuffer(bytes: found) == seen.bytes, "\(key) has other bytes")
            }
        }
    }

    /// A host with recipients alone knows the chunks of what it made from the catalogs that it keeps.
    @Test func sealedBackupsShareChunksToo() async throws {
        let mine = TestIdentity()
        try await Scene.with { scene in
            let content = Self.content()
            try await scene.store.put("large", content)
            try await scene.backUp(sealedTo: [mine])
            try await scene.store.put("large", content + [1])
            try await scene.store.put("copy", content)
            let report = try await scene.backUp("second", sealedTo: [mine], isFull: false)
            #expect(report.archiveBytes < 8 * Self.mebibyte && report.dependsOn == ["first.tar.gz.age"])
            let environment = try scene.environment(opening: [mine], host: "elsewhere")
            for (key, expected) in [("large", content + [1]), ("copy", content)] {
                #expect(try await read(key, scene.open("second", with: environment)) == expected)
            }
        }
    }

    private func read(_ key: String, _ backup: OpenedBackup) async throws -> [UInt8] {
        var bytes: [UInt8] = []
        let object = try await backup.object(Array(key.utf8))
        try await CheckedContent(backup: backup, object: object).read { bytes += $0.readableBytesView }
        return bytes
    }
}
