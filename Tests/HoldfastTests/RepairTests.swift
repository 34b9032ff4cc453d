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

/// A repair makes copies whole from what is left in any of them, and names the rest.
@Suite struct RepairTests {
    /// Objects enough for some ten frames.
    private func withBackup(codec: ArchiveCodec = .gzip, _ body: (Scene, BackupReport) async throws -> Void)
        async throws
    {
        try await Scene.with { scene in
            var random = SeededGenerator(seed: 21)
            for number in 0..<8 { try await scene.store.put("o\(number)", random.bytes(1 << 20)) }
            try await body(scene, try await scene.backUp(codec: codec))
        }
    }

    private func expectWhole(_ scene: Scene, sourceLocation: SourceLocation = #_sourceLocation) async throws {
        #expect(try await scene.verify(.contents).isSound, sourceLocation: sourceLocation)
        #expect(names(in: scene.archives).allSatisfy { !$0.hasPrefix(".") }, sourceLocation: sourceLocation)
        #expect(names(in: scene.root.appending("vault/locks")).isEmpty, sourceLocation: sourceLocation)
        #expect(names(in: scene.root.appending("state/work")).isEmpty, sourceLocation: sourceLocation)
    }

    @Test func whatIsSoundIsNotTouched() async throws {
        try await withBackup { scene, _ in
            let before = try scene.fileFacts()
            let report = try await scene.repair()
            #expect(report.archives.map(\.isSound) == [true])
            #expect(report.archives[0].copies.map(\.outcome) == [.untouched, .untouched])
            #expect(try scene.fileFacts() == before)
        }
    }

    @Test(arguments: [0, 1])
    func aMissingCopyIsFilled(missing: Int) async throws {
        try await withBackup { scene, backup in
            let file = try await scene.vault.find("first").file
            _ = try await scene.vault.copies[missing].remove(file)
            let dry = try await scene.repair(dryRun: true)
            #expect(dry.archives[0].copies[missing].outcome == .filled)
            #expect(try await scene.vault.copies[missing].archives().isEmpty)
            let report = try await scene.repair()
            #expect(report.archives[0].copies[missing].found == .missing)
            #expect(report.archives[0].copies[missing].source == scene.vault.copies[1 - missing].label)
            try await expectWhole(scene)
            #expect(try scene.sha256() == backup.archiveSHA256)
            // What was read back is known of the new file.
            let proofs = try await BackupList(vault: scene.vault, environment: scene.environment).read().backups[0]
                .proofs
            #expect(proofs.first { $0.copy == scene.vault.copies[missing].label }?.strongest == .readBack)
        }
    }

    @Test(arguments: [0.0, 0.3, 0.9, 0.999_999])
    func aDamagedCopyIsReplaced(place: Double) async throws {
        try await withBackup { scene, backup in
            try scene.alter { $0[Int(place * Double($0.count))] ^= 0x40 }
            let report = try await scene.repair()
            #expect(report.archives[0].copies.map(\.found) == [.damaged, .sound])
            #expect(report.archives[0].copies.map(\.outcome) == [.replaced, .untouched])
            try await expectWhole(scene)
            #expect(try scene.sha256() == backup.archiveSHA256)
        }
    }

    @Test func aTruncatedBucketCopyIsReplaced() async throws {
        try await withBackup { scene, _ in
            let whole = try await scene.bucketBytes()
            try await scene.setBucketBytes(Array(whole[..<(whole.count / 3)]))
            let report = try await scene.repair()
            #expect(report.archives[0].copies.map(\.outcome) == [.untouched, .replaced])
            #expect(try await scene.bucketBytes() == whole)
            try await expectWhole(scene)
        }
    }

    @Test(arguments: ArchiveCodec.allCases)
    func copiesDamagedInDifferentPlacesMakeAWholeOne(codec: ArchiveCodec) async throws {
        try await withBackup(codec: codec) { scene, backup in
            try scene.alter(backup.file) { content in
                content[1000] ^= 1
                content[content.count / 3] ^= 1
            }
            var other = try await scene.bucketBytes(backup.file)
            other[other.count * 3 / 4] ^= 1
            // And its end is gone: the index is that of the directory's copy.
            other.removeLast(other.count / 5)
            try await scene.setBucketBytes(other, backup.file)
            let report = try await scene.repair()
            #expect(report.archives[0].copies.map(\.found) == [.damaged, .damaged])
            #expect(report.archives[0].copies.map(\.outcome) == [.replaced, .replaced])
            #expect(report.lostCount == 0 && report.archives[0].isSound)
            try await expectWhole(scene)
            #expect(try scene.sha256(backup.file) == backup.archiveSHA256)
        }
    }

    @Test func aFrameThatIsDamagedInBothCopiesIsMended() async throws {
        try await withBackup { scene, backup in
            try scene.alter { content in
                for offset in [4000, 9000] { for byte in 0..<512 { content[offset + byte] ^= UInt8(byte & 0xff) } }
            }
            var other = try await scene.bucketBytes()
            other[6000] ^= 1
            try await scene.setBucketBytes(other)
            let report = try await scene.repair()
            #expect(report.archives[0].copies.map(\.outcome) == [.replaced, .replaced])
            #expect(report.lostCount == 0)
            try await expectWhole(scene)
            #expect(try scene.sha256() == backup.archiveSHA256)
        }
    }

    @Test func whatIsLostEverywhereIsNamed() async throws {
        try await withBackup { scene, backup in
            let reader = try await ArchiveReader.open(
                BufferBytes(ByteBuffer(bytes: try bytes(of: scene.archives.appending(backup.file)))))
            let opened = try await scene.open()
            let third = try #require(try await opened.object(Array("o3".utf8)).extents.first)
            let inside = reader.frames[try #require(reader.frames.frame(at: third.offset + 4096))].fileRange.lowerBound
            try scene.alter { content in
                content[Int(inside) + 5000] ^= 1
                content[content.count / 8] ^= 1
            }
            var other = try await scene.bucketBytes()
            // The same byte, in another way: no copy has the right one.
            other[Int(inside) + 5000] ^= 2
            try await scene.setBucketBytes(other)

            let report = try await scene.repair()
            #expect(report.lost.contains { $0.key == "o3" && $0.archive == backup.file })
            #expect(report.lostCount == report.lost.count && report.lostCount <= 2)
            #expect(!report.archives[0].isSound)
            // What was left in the other copy is in both now.
            #expect(report.archives[0].copies.map(\.outcome) == [.improved, .untouched])
            let restored = try await scene.restore(into: "back")
            #expect(restored.exceptions.map(\.key).sorted() == report.lost.map(\.key).sorted())
            #expect(restored.restoredCount == 8 - report.lostCount)
            // Done again, there is nothing more to gain.
            let again = try await scene.repair()
            #expect(again.archives[0].copies.map(\.outcome) == [.untouched, .untouched])
            #expect(again.lostCount == report.lostCount)
        }
    }

    @Test func soundCopiesThatDifferAreLeftAlone() async throws {
        try await withBackup { scene, _ in
            try await scene.store.put("o0", Array("other".utf8))
            try await scene.backUp("second")
            let other = try bytes(of: scene.archives.appending("second.tar.gz"))
            try await scene.setBucketBytes(other)
            let report = try await scene.repair()
            #expect(report.archives[0].problem?.contains("different archives") == true)
            #expect(report.archives[0].copies.map(\.outcome) == [.untouched, .untouched])
            #expect(try await scene.bucketBytes() == other)
        }
    }

    @Test func aCopyThatCannotBeReadIsNotWrittenOver() async throws {
        try await withBackup { scene, _ in
            let silent = FaultyCopy(scene.bucketCopy, .open) { throw ObjectStoreError.denied }
            let report = try await scene.repair(in: Vault(copies: [scene.directoryCopy, silent]))
            #expect(report.archives[0].copies.map(\.found) == [.sound, .unreadable])
            #expect(report.archives[0].copies.map(\.outcome) == [.untouched, .untouched])
            #expect(try await scene.verify(.contents).isSound)
        }
    }

    @Test func theCopyOfAnotherWriterIsWaitedFor() async throws {
        try await withBackup { scene, backup in
            let file = try await scene.vault.find("first").file
            _ = try await scene.directoryCopy.remove(file)
            let lock =
                "{\"operation\":\"backup\",\"name\":\"first\",\"host\":\"elsewhere\",\"boot\":\"b\",\"pid\":1,"
                + "\"token\":\"t\",\"started\":\"2026-01-01T00:00:00Z\",\"expires\":\"2126-01-01T00:00:00Z\"}"
            _ = try await scene.bucketCopy.createFile("locks/archive-first.json", ByteBuffer(string: lock))
            let report = try await scene.repair()
            #expect(report.archives[0].isBusy && report.archives[0].problem?.contains("elsewhere") == true)
            #expect(names(in: scene.archives).isEmpty)
            #expect(backup.complete)
        }
    }
}

extension Scene {
    func repair(
        _ name: String? = "first", in vault: Vault? = nil, dryRun: Bool = false, with environment: RunEnvironment? = nil
    ) async throws -> RepairReport {
        try await RepairRun(
            name: name, vault: vault ?? self.vault, dryRun: dryRun, environment: environment ?? self.environment
        ).run()
    }

    /// An archive as the bucket copy has it.
    func bucketBytes(_ file: String = "first.tar.gz") async throws -> [UInt8] {
        let body = try await vaultService.store(for: "backups").get(ObjectKey("buckets/" + file), GetOptions())
        return Array(try await body.bytes.collect(upTo: 1 << 26).readableBytesView)
    }

    func setBucketBytes(_ content: [UInt8], _ file: String = "first.tar.gz") async throws {
        try await vaultService.store(for: "backups").put("buckets/" + file, content)
    }

    func sha256(_ file: String = "first.tar.gz") throws -> String {
        Hex.text(SHA256.hash(data: try bytes(of: archives.appending(file))))
    }

    /// Names, lengths and times of what the directory copy has.
    func fileFacts() throws -> [String] {
        try names(in: archives).map { name in
            let facts = try FileManager.default.attributesOfItem(atPath: archives.appending(name).string)
            return "\(name) \(facts[.size] ?? 0) \(facts[.modificationDate] ?? 0) \(facts[.systemFileNumber] ?? 0)"
        }
    }
}
