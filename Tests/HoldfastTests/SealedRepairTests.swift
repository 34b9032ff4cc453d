// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Age
import Foundation
import Holdfast
import NIOCore
import Streams
import TestSupport
import Testing

/// Sealed archives are repaired with an identity, and without one where this host knows what it wrote.
@Suite struct SealedRepairTests {
    private let mine = TestIdentity()
    private let file = "first.tar.gz.age"

    private func withBackup(_ body: (Scene, BackupReport) async throws -> Void) async throws {
        try await Scene.with { scene in
            var random = SeededGenerator(seed: 24)
            for number in 0..<3 { try await scene.store.put("o\(number)", random.bytes(1 << 20)) }
            try await body(scene, try await scene.backUp(sealedTo: [mine]))
        }
    }

    @Test func chunksOfBothCopiesMakeAWholeOne() async throws {
        try await withBackup { scene, backup in
            try scene.alter(file) { $0[$0.count / 4] ^= 1 }
            var other = try await scene.bucketBytes(file)
            other[other.count / 2] ^= 1
            try await scene.setBucketBytes(other, file)
            let environment = try scene.environment(opening: [mine])
            let report = try await scene.repair(with: environment)
            #expect(report.archives[0].copies.map(\.found) == [.damaged, .damaged])
            #expect(report.archives[0].copies.map(\.outcome) == [.replaced, .replaced])
            #expect(try scene.sha256(file) == backup.archiveSHA256)
            #expect(try await scene.verify(.contents, with: environment).isSound)
        }
    }

    /// A chunk of the seal that is lost in both copies is made again of another backup's contents, if its tag is left.
    @Test(arguments: [true, false])
    func contentsOfAnotherArchiveMakeAChunkAgain(isTagLeft: Bool) async throws {
        try await withBackup { scene, backup in
            try await scene.backUp("second", sealedTo: [mine])
            let environment = try scene.environment(opening: [mine])
            let whole = try scene.sealedBytes()
            let front = try await SealedFront.read(BufferBytes(ByteBuffer(bytes: whole)))
            // Within the second object, frames and chunks away from the catalog.
            let chunk = Int(front.payload.lowerBound) + 16 + 20 * 65_552
            let place = isTagLeft ? chunk + 30_000 : chunk + 65_550
            try scene.alter(file) { $0[place] ^= 1 }
            var other = whole
            other[place] ^= 2
            try await scene.setBucketBytes(other, file)
            let report = try await scene.repair(with: environment)
            #expect(report.archives[0].copies.map(\.found) == [.damaged, .damaged])
            #expect(report.archives[0].isSound == isTagLeft)
            #expect(report.lost.isEmpty == isTagLeft)
            #expect((try scene.sha256(file) == backup.archiveSHA256) == isTagLeft)
            #expect(try await scene.verify(.contents, with: environment).isSound == isTagLeft)
        }
    }

    @Test func copiesWithOtherRecipientsAreTheSameArchive() async throws {
        try await withBackup { scene, _ in
            let environment = try scene.environment(opening: [mine])
            let stranger = TestIdentity()
            try await scene.reseal(to: [stranger, mine], with: environment, in: scene.local)
            let report = try await scene.repair(with: environment)
            #expect(report.archives[0].copies.map(\.found) == [.sound, .sound])
            #expect(report.archives[0].isSound)
            // The front of one is longer than that of the other, and the chunks behind it lie elsewhere.
            try scene.alter(file) { $0[$0.count / 4] ^= 1 }
            var other = try await scene.bucketBytes(file)
            other[other.count / 2] ^= 1
            try await scene.setBucketBytes(other, file)
            let again = try await scene.repair(with: environment)
            #expect(again.archives[0].copies.map(\.outcome) == [.replaced, .replaced])
            #expect(try await scene.verify(.contents, with: environment).isSound)
        }
    }

    @Test func theHostThatWroteItNeedsNoIdentity() async throws {
        try await withBackup { scene, backup in
            try scene.alter(file) { $0[$0.count / 2] ^= 1 }
            let report = try await scene.repair()
            #expect(report.archives[0].copies.map(\.found) == [.damaged, .sound])
            #expect(report.archives[0].copies.map(\.outcome) == [.replaced, .untouched])
            #expect(try scene.sha256(file) == backup.archiveSHA256)
        }
    }

    @Test func anotherHostFillsWhatIsMissingAndReplacesNothing() async throws {
        try await withBackup { scene, _ in
            let elsewhere = try scene.environment(opening: [], host: "elsewhere")
            try scene.alter(file) { $0[$0.count / 2] ^= 1 }
            let before = try scene.sealedBytes()
            let differ = try await scene.repair(with: elsewhere)
            #expect(differ.archives[0].copies.map(\.found) == [.unopened, .unopened])
            #expect(differ.archives[0].problem?.contains("differ") == true)
            #expect(try scene.sealedBytes() == before)

            _ = try await scene.directoryCopy.remove(try await scene.vault.find("first").file)
            let filled = try await scene.repair(with: elsewhere)
            #expect(filled.archives[0].copies.map(\.outcome) == [.filled, .untouched])
            #expect(!filled.archives[0].isSound)
            #expect(try await scene.verify(.contents, with: scene.environment(opening: [mine])).isSound)
        }
    }

    @Test func aLostEndOfASealIsNotMadeUp() async throws {
        try await withBackup { scene, _ in
            _ = try await scene.bucketCopy.remove(try await scene.vault.find("first").file)
            try scene.alter(file) { $0.removeLast(40_000) }
            let before = try scene.sealedBytes()
            let report = try await scene.repair(with: scene.environment(opening: [mine]))
            #expect(!report.archives[0].isSound)
            #expect(report.archives[0].problem?.contains("seal") == true)
            #expect(try scene.sealedBytes() == before)
        }
    }
}
