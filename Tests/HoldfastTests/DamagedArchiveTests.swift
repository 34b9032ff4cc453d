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

/// A damaged archive gives what is left of it and says so; it never gives wrong bytes.
@Suite struct DamagedArchiveTests {
    /// Objects in several frames of 1 MiB, a backup of them, and what was in the bucket.
    private func withBackup(
        _ codec: ArchiveCodec = .gzip, large: Bool = true, _ body: (Scene, BucketContents) async throws -> Void
    ) async throws {
        try await Scene.with { scene in
            var random = SeededGenerator(seed: 4)
            for number in 0..<12 {
                let attributes = ObjectAttributes(metadata: [Field("number", "\(number)")], tags: [Tag("a", "b")])
                try await scene.store.put("o\(number)", random.bytes(large ? 300_000 : 3000), attributes)
            }
            try await scene.backUp(codec: codec)
            try await body(scene, try await BucketContents(of: scene.store))
        }
    }

    /// Forgets the catalogs that were taken out of archives.
    private func forgetCache(_ scene: Scene) throws {
        try? FileManager.default.removeItem(atPath: scene.root.appending("state").string)
    }

    @Test(arguments: ArchiveCodec.allCases)
    func aTruncatedArchiveGivesWhatIsLeft(codec: ArchiveCodec) async throws {
        try await withBackup(codec) { scene, truth in
            let file = codec == .gzip ? "first.tar.gz" : "first.tar.zst"
            let whole = try bytes(of: scene.archives.appending(file))
            var counts: [Int] = []
            let cuts =
                [0, 1, 9, 23, 24, 25, 1000] + (1...6).map { whole.count * $0 / 7 }
                + [whole.count - 5000, whole.count - 100, whole.count - 30, whole.count - 8, whole.count - 1]
            for (number, length) in cuts.enumerated() {
                try forgetCache(scene)
                try scene.alter(file) { $0 = Array(whole[..<length]) }
                for depth in VerifyDepth.allCases {
                    #expect(try await !scene.verify(depth, in: scene.local).isSound, "\(length) bytes, \(depth)")
                }
                #expect(try await scene.list(scene.local).backups.count == 1)
                counts.append(try await scene.expectHonestRestore(of: truth, into: "target-\(number)"))
            }
            #expect(counts.first == 0)
            #expect(counts.last == truth.objects.count)
            #expect(counts == counts.sorted())
            if codec == .gzip { #expect(counts.contains { (1..<truth.objects.count).contains($0) }) }
        }
    }

    @Test func anArchiveWithoutItsEndSaysSo() async throws {
        try await withBackup { scene, truth in
            try scene.alter { $0.removeLast(200) }
            let backup = try await scene.open(in: scene.local)
            guard case .sequential = backup.content else {
                Issue.record("an archive without an index can only be read in order")
                return
            }
            #expect(!backup.flaws.isEmpty)
            let report = try await scene.restore(from: scene.local)
            #expect(report.restoredCount == truth.objects.count)
            #expect(report.warnings == backup.flaws)
            // All objects come before what was cut off, and the metadata counts them.
            #expect(report.complete)
            let after = try await BucketContents(of: scene.source.store(for: "target"))
            #expect(truth.differences(from: after) == [])
        }
    }

    @Test func damageIsToldByTheKeysThatItHits() async throws {
        try await withBackup { scene, _ in
            try scene.alter { $0[$0.count / 2] ^= 1 }
            let copy = try #require(try await scene.verify(.contents, in: scene.local).copies.first)
            #expect(copy.problems.contains { $0.hasPrefix("o") && $0.contains(": the archive is corrupt") })
            // No key is told twice, and the frame by itself once.
            #expect(Set(copy.problems).count == copy.problems.count)
        }
    }

    @Test func whatABrokenArchiveLacksIsMissed() async throws {
        try await withBackup { scene, truth in
            try scene.alter { $0.removeLast($0.count / 2) }
            let report = try await scene.restore(from: scene.local)
            #expect((1..<truth.objects.count).contains(report.restoredCount))
            #expect(report.archiveIsBroken && !report.complete)
            // Each member carries its checksum, and was compared with it.
            let found = try await scene.verify(.contents, in: scene.local).copies.first
            #expect(found?.isSound == false && found?.objectsWithoutChecksum == 0)
        }
    }

    @Test(arguments: ArchiveCodec.allCases, [VerifyDepth.frames, .contents])
    func everyFlippedBitIsFound(codec: ArchiveCodec, depth: VerifyDepth) async throws {
        try await withBackup(codec, large: false) { scene, _ in
            let file = codec == .gzip ? "first.tar.gz" : "first.tar.zst"
            let whole = try bytes(of: scene.archives.appending(file))
            let tar = try await tarStream(whole)
            #expect(try await scene.verify(depth, in: scene.local).isSound)
            var random = SeededGenerator(seed: 12)
            let edges = Array(0..<40) + Array((whole.count - 120)..<whole.count)
            let inside = (0..<60).map { _ in Int.random(in: 40..<(whole.count - 120), using: &random) }
            for position in edges + inside {
                let bit = UInt8(1) << UInt8.random(in: 0..<8, using: &random)
                try scene.alter(file) { $0[position] ^= bit }
                if try await scene.verify(depth, in: scene.local).isSound {
                    // Deflate has bits at its end that mean nothing: what every reader gets must then be the same.
                    let altered = try bytes(of: scene.archives.appending(file))
                    #expect(try await tarStream(altered) == tar, "bit \(bit) of byte \(position) was not found")
                }
                try scene.alter(file) { $0 = whole }
            }
        }
    }

    @Test func restoringAfterAFlippedBitIsHonest() async throws {
        try await withBackup(large: false) { scene, truth in
            let whole = try bytes(of: scene.archives.appending("first.tar.gz"))
            for (number, position) in stride(from: 3, to: whole.count, by: whole.count / 40).enumerated() {
                try forgetCache(scene)
                try scene.alter { $0[position] ^= 0x10 }
                try await scene.expectHonestRestore(of: truth, into: "target-\(number)")
                try scene.alter { $0 = whole }
            }
        }
    }

    @Test func damageIsFoundThoughTheCatalogIsInTheCache() async throws {
        try await withBackup { scene, _ in
            let backup = try await scene.open(in: scene.local)
            guard case .indexed(let archive) = backup.content, let catalog = archive.catalog else {
                Issue.record("the backup has no index")
                return
            }
            let path = scene.archives.appending("first.tar.gz")
            let time = try FileManager.default.attributesOfItem(atPath: path.string)[.modificationDate]
            let frame = try #require(archive.frames.frame(at: catalog.lowerBound + 5000))
            try scene.alter { $0[Int(archive.frames[frame].fileRange.upperBound) - 40] ^= 1 }
            // As a disk does it: neither time nor size tell.
            try FileManager.default.setAttributes([.modificationDate: try #require(time)], ofItemAtPath: path.string)
            for depth in [VerifyDepth.frames, .contents] {
                #expect(try await !scene.verify(depth, in: scene.local).isSound)
            }
        }
    }

    @Test func aDamagedCacheIsNotTheArchivesFault() async throws {
        try await withBackup { scene, truth in
            _ = try await scene.open()
            let cache = scene.root.appending("state").appending("cache")
            let cached = try #require(names(in: cache).first)
            for content in [[], [UInt8](repeating: 0, count: 100_000)] {
                try write(content, to: cache.appending(cached))
                let backup = try await scene.open()
                #expect(backup.flaws == [])
                #expect(try await backup.catalog.totals().stored == truth.objects.count)
            }
        }
    }

    @Test(arguments: [0, 1])
    func theOtherCopyIsReadWhereOneIsDamaged(damaged: Int) async throws {
        try await withBackup { scene, truth in
            // The end of one copy is gone.
            let copies = damaged == 0 ? scene.vault.copies : scene.vault.copies.reversed()
            try scene.alter { $0.removeLast(500) }
            let report = try await scene.restore(from: Vault(copies: copies))
            #expect(report.complete)
            #expect(report.restoredCount == truth.objects.count)
            if damaged == 0 { #expect(report.warnings.contains { $0.contains(scene.directoryCopy.label) }) }
            let verified = try await scene.verify(.structure)
            #expect(!verified.isSound)
            #expect(verified.copies.filter(\.isSound).map(\.copy) == [scene.bucketCopy.label])
        }
    }

    @Test func aDamagedFrameIsReadFromTheOtherCopy() async throws {
        try await withBackup { scene, truth in
            try scene.alter { content in
                for position in stride(from: 100, to: 3_000_000, by: 900_000) { content[position] ^= 0xff }
            }
            let alone = try await scene.restore(from: scene.local, into: "alone")
            #expect(!alone.complete)
            #expect(alone.exceptions.allSatisfy { $0.reason == "corrupt" })

            let report = try await scene.restore()
            #expect(report.complete)
            #expect(report.restoredCount == truth.objects.count)
            #expect(report.warnings.contains { $0.contains(scene.directoryCopy.label) })
            let after = try await BucketContents(of: scene.source.store(for: "target"))
            #expect(truth.differences(from: after) == [])
        }
    }

    @Test(arguments: [[], [0], Array("not an archive at all, but text".utf8), [0x1f, 0x8b, 8, 0]] as [[UInt8]])
    func whatIsNoArchiveIsCorrupt(content: [UInt8]) async throws {
        try await Scene.with { scene in
            try await scene.directoryCopy.prepare()
            for name in ["x.tar.gz", "x.tar.zst"] {
                try write(content, to: scene.archives.appending(name))
                #expect(try await scene.list(scene.local).backups.map(\.file) == [name])
                await expectError(.corrupt) { _ = try await scene.open(name, in: scene.local) }
                #expect(try await !scene.verify(.structure, name, in: scene.local).isSound)
                try FileManager.default.removeItem(atPath: scene.archives.appending(name).string)
            }
        }
    }

    @Test func whatIsCalledSealedAndIsNotIsDamaged() async throws {
        try await withBackup { scene, _ in
            try FileManager.default.moveItem(
                atPath: scene.archives.appending("first.tar.gz").string,
                toPath: scene.archives.appending("sealed.tar.gz.age").string)
            await expectError(.corrupt) { _ = try await scene.open("sealed", in: scene.local) }
            #expect(try await !scene.verify(.structure, "sealed", in: scene.local).isSound)
            #expect(try await scene.list(scene.local).backups.map(\.name) == ["sealed"])
        }
    }
}

/// What is inside a compressed archive.
func tarStream(_ archive: [UInt8]) async throws -> ByteBuffer {
    let source = BufferBytes(ByteBuffer(bytes: archive))
    return try await decompressed(source.stream(0..<source.size)).collect(upTo: 1 << 26)
}
