// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Archive
import Catalog
import Foundation
import Holdfast
import NIOCore
import ObjectStorage
import Streams
import SystemPackage
import TestSupport
import Testing

/// Backups that fetch only what changed.
@Suite struct IncrementalTests {
    /// After any sequence of changes and backups, each backup restores to what the bucket was.
    ///
    /// - Parameter deltas: catalogs say only what changed, and another host puts them together.
    @Test(arguments: [1, 2, 3, 4] as [UInt64], [false, true])
    func everyBackupOfAChainRestores(seed: UInt64, deltas: Bool) async throws {
        var options = InMemoryOptions()
        options.order = seed.isMultiple(of: 2) ? .bytes : .directories
        options.pageLimit = 7
        try await Scene.with(options) { scene in
            var random = SeededGenerator(seed: seed)
            var bucket = AwkwardBucket(seed: seed)
            try await bucket.fill(scene.store, random: 30, sizes: [0, 1, 600, 20_000])
            var states: [BucketContents] = []
            var written = 0
            for round in 0..<5 {
                let state = try await BucketContents(of: scene.store)
                states.append(state)
                let report = try await scene.backUp("round-\(round)", isFull: false, deltas: deltas)
                #expect(report.complete)
                #expect(report.storedCount == state.objects.count)
                // Of three deltas at most, and while they stay small, all follow one another.
                if !deltas || round == 0 { #expect(report.deltaRows == nil) } else { written += report.deltaRows ?? 0 }
                if round > 0 { #expect(report.unchangedCount > 0 && report.unchangedCount < report.storedCount) }
                try await change(scene.store, state, &random)
            }
            #expect((written > 0) == deltas)
            for (round, state) in states.enumerated() {
                if deltas { try scene.forgetState() }
                let report = try await scene.restore("round-\(round)", into: "target-\(round)")
                #expect(report.restoredCount == state.objects.count)
                let restored = try await BucketContents(of: scene.source.store(for: "target-\(round)"))
                #expect(state.differences(from: restored) == [])
                let verified = try await scene.verify(.contents, "round-\(round)")
                #expect(verified.isSound)
            }
        }
    }

    /// Rewrites, describes anew, tags anew, deletes and adds some objects.
    private func change(_ store: any ObjectStore, _ state: BucketContents, _ random: inout SeededGenerator) async throws
    {
        for (key, seen) in state.objects.sorted(by: { $0.key < $1.key }) {
            switch random.next() % 8 {
            case 0: _ = try await store.put(key, ReplayableBody(ByteBuffer(bytes: random.bytes(777))), PutOptions())
            case 1:
                var attributes = seen.attributes
                attributes.metadata = [Field("round", "\(random.next())")]
                _ = try await store.put(key, ReplayableBody(seen.bytes), PutOptions(attributes: attributes))
            case 2:
                _ = try await store.delete([ObjectReference(key)])
            default: break
            }
        }
        try await store.put("new/\(random.next())", random.bytes(100))
    }

    @Test func unchangedObjectsAreNotRead() async throws {
        try await Scene.with { scene in
            for number in 0..<20 { try await scene.store.put("a/\(number)", Array("content \(number)".utf8)) }
            try await scene.backUp("first", isFull: false)
            try await scene.store.put("b", Array("new".utf8))
            let report = try await scene.backUp("second", isFull: false, sweep: .never)
            #expect(report.unchangedCount == 20)
            #expect(report.storedCount == 21)
            #expect(report.dependsOn == ["first.tar.gz"])
            let metadata = try await scene.open("second").metadata
            #expect(metadata?.kind == "incremental")
            // Only what is new lies in the archive itself.
            let own = try await scene.open("second").catalog.objectsByPosition(limit: 100)
            #expect(own.map(\.key) == [Array("b".utf8)])
        }
    }

    /// Of many backups that are verified together, what they share is read once; what is damaged is named of each.
    @Test func sharedContentsAreVerifiedOnce() async throws {
        try await Scene.with { scene in
            var random = SeededGenerator(seed: 7)
            for number in 0..<20 { try await scene.store.put("a/\(number)", random.bytes(2_000)) }
            try await scene.backUp("first", isFull: false)
            try await scene.store.put("b", Array("new".utf8))
            try await scene.backUp("second", isFull: false, sweep: .never)
            try await scene.backUp("third", isFull: false, sweep: .never)

            let verified = VerifiedContents()
            var counts: [[Int]] = []
            for name in ["first", "second", "third"] {
                let report = try await scene.verify(.contents, name, verified: verified)
                #expect(report.isSound)
                counts += report.copies.map { [$0.objectsRead, $0.objectsReadBefore] }
            }
            // An archive's own contents are read in each copy; those of earlier ones were.
            #expect(counts == [[20, 0], [20, 0], [1, 20], [1, 20], [0, 21], [0, 21]])

            try scene.alter { $0[600] ^= 1 }
            let again = VerifiedContents()
            for name in ["first", "second", "third"] {
                let report = try await scene.verify(.contents, name, in: scene.local, verified: again)
                #expect(!report.isSound, "\(name)")
            }
        }
    }

    @Test func nothingIsBuiltOnAnotherSourceOrWhenFullIsAskedFor() async throws {
        try await Scene.with { scene in
            try await scene.store.put("a", Array("a".utf8))
            try await scene.backUp("first", isFull: false)
            #expect(try await scene.backUp("second", isFull: true).dependsOn == [])
            var other = AlteredService(scene.source)
            other.name = "another server"
            #expect(try await scene.backUp("third", from: other, isFull: false).dependsOn == [])
        }
    }

    /// Tags change without a trace in a listing.
    @Test func aSweepFindsTagsThatChanged() async throws {
        try await Scene.with { scene in
            try await scene.store.put("a", Array("a".utf8), ObjectAttributes(tags: [Tag("colour", "red")]))
            let first = try await scene.backUp("first", isFull: false)
            try scene.source.setTags([Tag("colour", "blue")], of: ObjectKey("a"), in: Scene.bucket)
            let blind = try await scene.backUp("blind", isFull: false, sweep: .never)
            #expect(blind.sweptAt == first.sweptAt)
            let swept = try await scene.backUp("swept", isFull: false, sweep: .always)
            #expect(swept.unchangedCount == 1)
            #expect(try await scene.open("blind").object(Array("a".utf8)).tags.first?.value == Array("red".utf8))
            #expect(try await scene.open("swept").object(Array("a".utf8)).tags.first?.value == Array("blue".utf8))
        }
    }

    @Test func whatOthersNeedIsHiddenAndGoesWithTheLastOfThem() async throws {
        try await Scene.with { scene in
            try await scene.store.put("a", Array("a".utf8))
            try await scene.backUp("first", isFull: false)
            try await scene.backUp("second", isFull: false)
            let before = try await BucketContents(of: scene.store)

            let hidden = try await scene.delete("first")
            #expect(hidden.neededBy == ["second"])
            #expect(try await scene.list().backups.map(\.name) == ["second"])
            try await scene.restore("second", into: "back")
            #expect(before.differences(from: try await BucketContents(of: scene.source.store(for: "back"))) == [])
            // Its name stays taken: another archive of it would be taken for the one that is needed.
            await #expect(throws: HoldfastError.self) { try await scene.backUp("first") }

            let last = try await scene.delete("second")
            #expect(last.neededBy == [])
            #expect(last.alsoRemoved == ["first.tar.gz"])
            #expect(try await scene.vault.backups().hidden.isEmpty)
            #expect(try await scene.list().backups.isEmpty)
        }
    }

    /// An archive of which little is in use must not stay for its sake.
    @Test func anArchiveOfWhichLittleIsInUseIsFolded() async throws {
        try await Scene.with { scene in
            for number in 0..<10 { try await scene.store.put("a/\(number)", Array(repeating: 1, count: 1000)) }
            try await scene.backUp("first", isFull: false)
            // Four of ten are left: kept.
            for number in 0..<6 { try await scene.store.put("a/\(number)", Array(repeating: 2, count: 1000)) }
            let second = try await scene.backUp("second", isFull: false, sweep: .never)
            #expect(second.dependsOn == ["first.tar.gz"])
            #expect(second.folded == [])
            // Two of ten: what a backup finds in use is what the one before it used.
            for number in 6..<8 { try await scene.store.put("a/\(number)", Array(repeating: 3, count: 1000)) }
            let third = try await scene.backUp("third", isFull: false, sweep: .never)
            #expect(third.folded == [])
            let fourth = try await scene.backUp("fourth", isFull: false, sweep: .never)
            #expect(fourth.folded == ["first.tar.gz"])
            #expect(fourth.dependsOn == ["second.tar.gz", "third.tar.gz"])
            #expect(fourth.unchangedCount == 8)
            let fifth = try await scene.backUp("fifth", isFull: false, sweep: .never)
            #expect(fifth.folded == [])
            #expect(fifth.dependsOn == ["fourth.tar.gz", "second.tar.gz", "third.tar.gz"])

            // With the backups that need it, the archive goes.
            for name in ["first", "second", "third"] { try await scene.delete(name) }
            #expect(
                try await scene.vault.backups().hidden.map(\.file.fileName).sorted() == [
                    "second.tar.gz", "third.tar.gz",
                ])
            try await scene.restore("fifth")
            let contents = try await BucketContents(of: scene.store)
            #expect(contents.differences(from: try await BucketContents(of: scene.source.store(for: "target"))) == [])
        }
    }

    @Test func aBaseThatACopyLacksIsNotBuiltOn() async throws {
        try await Scene.with { scene in
            try await scene.store.put("a", Array("a".utf8))
            try await scene.backUp("first", isFull: false)
            _ = try await scene.bucketCopy.remove(try await scene.vault.find("first").file)
            #expect(try await scene.backUp("second", isFull: false).dependsOn == [])
        }
    }

    @Test func aMissingArchiveIsNamedAndNeverPassedOver() async throws {
        try await Scene.with { scene in
            try await scene.store.put("a", Array("a".utf8))
            try await scene.backUp("first", isFull: false)
            try await scene.store.put("b", Array("b".utf8))
            try await scene.backUp("second", isFull: false)
            let file = try await scene.vault.find("first").file
            for copy in scene.vault.copies { _ = try await copy.remove(file) }

            let verified = try await scene.verify(.structure, "second")
            #expect(!verified.isSound)
            #expect(verified.copies.allSatisfy { $0.problems.contains { $0.contains("first.tar.gz") } })
            let report = try await scene.restore("second", into: "back")
            #expect(report.restoredCount == 1)
            #expect(report.exceptions.map(\.key) == ["a"])
            #expect(report.exceptions.first?.message.contains("first.tar.gz") == true)
        }
    }

    @Test func aCopyReadsWhatItsOwnFrameLostFromTheOther() async throws {
        try await Scene.with { scene in
            try await scene.store.put("a", Array("a".utf8))
            try await scene.backUp("first", isFull: false)
            try await scene.backUp("second", isFull: false)
            _ = try await scene.directoryCopy.remove(try await scene.vault.find("first").file)
            let report = try await scene.restore("second", into: "back")
            #expect(report.restoredCount == 1)
        }
    }

    /// The program in `Documentation/recover-by-hand.md` does what the page says.
    @Test(arguments: ArchiveCodec.allCases, [false, true])
    func thePageOnRecoveryByHandIsTrue(codec: ArchiveCodec, deltas: Bool) async throws {
        try await Scene.with { scene in
            var bucket = AwkwardBucket(seed: 5)
            try await bucket.fill(scene.store, random: 30, sizes: [0, 1, 600, 2 << 20])
            try await scene.backUp("first", codec: codec, isFull: false)
            try await scene.store.put("added/later", Array("later".utf8))
            try await scene.backUp("second", codec: codec, isFull: false, deltas: deltas)
            _ = try await scene.store.delete([ObjectReference(ObjectKey("added/later"))])
            try await scene.store.put("added/last", Array("last".utf8))
            let report = try await scene.backUp("third", codec: codec, isFull: false, deltas: deltas)
            #expect(report.dependsOn.count == (deltas ? 2 : 1))
            #expect((report.deltaRows != nil) == deltas)

            let folder = try await scene.recoverByHand(report.file)

            let backup = try await scene.open("third")
            for (key, seen) in try await BucketContents(of: scene.store).objects {
                let member = try #require(try await backup.object(key.bytes).member)
                let found = try? bytes(of: folder.appending(String(decoding: member, as: UTF8.self)))
                let beside = key.bytes.map { String($0, radix: 16) }.map { $0.count == 1 ? "0" + $0 : $0 }.joined()
                let content = try found ?? bytes(of: folder.appending("key-\(beside)"))
                #expect(ByteBuffer(bytes: content) == seen.bytes, "\(key) has other bytes")
            }
        }
    }
}
