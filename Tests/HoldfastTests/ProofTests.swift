// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Holdfast
import NIOCore
import ObjectStorage
import SystemPackage
import TestSupport
import Testing

/// What was shown of each copy is remembered as it was seen, and no file inherits what was shown of another.
@Suite struct ProofTests {
    private func summary(_ scene: Scene, _ name: String = "first") async throws -> BackupSummary {
        try #require(
            try await BackupList(vault: scene.vault, environment: scene.environment).read().backups
                .first { $0.name == name })
    }

    private func stages(_ scene: Scene) async throws -> [ProofStage?] {
        try await summary(scene).proofs.map(\.strongest)
    }

    @Test func eachDepthIsItsOwnStage() async throws {
        try await Scene.with { scene in
            try await scene.fill(5)
            let report = try await scene.backUp()
            #expect(try await stages(scene) == [.written, .written])
            #expect(try await summary(scene).proofs.allSatisfy { $0.sha256 == report.archiveSHA256 })
            _ = try await scene.verify(.structure)
            #expect(try await stages(scene) == [.written, .written])
            _ = try await scene.verify(.frames)
            #expect(try await stages(scene) == [.checksummed, .checksummed])
            #expect(try await summary(scene).proven(to: .frames) != nil)
            #expect(try await summary(scene).proven(to: .contents) == nil)
            let verified = try await scene.verify(.contents, in: scene.local)
            #expect(verified.copies.first?.proofs?.readBack != nil)
        }
    }

    @Test func aRestoreIsNotedOfTheCopyThatWasRead() async throws {
        try await Scene.with { scene in
            try await scene.fill(5)
            try await scene.backUp()
            try await scene.restore(options: .init(dryRun: true))
            try await scene.restore(into: "part", options: .init(selection: KeySelection(prefix: Array("o01".utf8))))
            #expect(try await stages(scene) == [.written, .written])
            try await scene.restore()
            #expect(try await stages(scene) == [.restored, .written])
            // Objects that stayed as they were did not come out of the backup.
            _ = try await scene.verify(.frames)
            let before = try await summary(scene).proofs.first?.restored
            try await scene.restore()
            #expect(try await summary(scene).proofs.first?.restored == before)
        }
    }

    @Test func anotherFileInheritsNothing() async throws {
        try await Scene.with { scene in
            try await scene.fill(5)
            try await scene.backUp()
            _ = try await scene.verify(.contents)
            #expect(try await stages(scene) == [.readBack, .readBack])
            // The same length, other bytes, a second later.
            try scene.alter { $0[100] ^= 1 }
            let path = scene.archives.appending("first.tar.gz").string
            try FileManager.default.setAttributes(
                [.modificationDate: Date().addingTimeInterval(1)], ofItemAtPath: path)
            let seen = try await summary(scene)
            #expect(seen.proofs.map(\.copy) == [scene.bucketCopy.label])
            #expect(seen.proven(to: .contents) == nil)
        }
    }

    @Test func whatIsNotSoundIsProvenNoMore() async throws {
        try await Scene.with { scene in
            try await scene.fill(5)
            try await scene.backUp()
            _ = try await scene.verify(.contents)
            let path = scene.archives.appending("first.tar.gz").string
            let date = try FileManager.default.attributesOfItem(atPath: path)[.modificationDate]
            func alter() throws {
                try scene.alter { $0[100] ^= 1 }
                try FileManager.default.setAttributes([.modificationDate: date as Any], ofItemAtPath: path)
            }
            // As a disk rots: neither length nor time change.
            try alter()
            #expect(try await stages(scene) == [.readBack, .readBack])
            #expect(try await !scene.verify(.contents).isSound)
            #expect(try await stages(scene) == [nil, .readBack])
            #expect(try await summary(scene).proofs.first?.unsound != nil)
            // Who looks less far cannot find that all is well.
            _ = try await scene.verify(.structure)
            try alter()
            _ = try await scene.verify(.frames)
            #expect(try await stages(scene) == [nil, .readBack])
            _ = try await scene.verify(.contents)
            #expect(try await stages(scene) == [.readBack, .readBack])
        }
    }

    @Test func lostOrBrokenRecordsAreOnlyLostHistory() async throws {
        try await Scene.with { scene in
            try await scene.fill(2)
            try await scene.backUp()
            let record = scene.root.appending("state").appending("proofs").appending("first.tar.gz.json")
            for content in ["", "{", "{\"copies\": 7}"] {
                try write(Array(content.utf8), to: record)
                #expect(try await summary(scene).proofs.isEmpty)
            }
            _ = try await scene.verify(.frames)
            #expect(try await stages(scene) == [.checksummed, .checksummed])
            try await scene.delete("first")
            #expect(names(in: scene.root.appending("state").appending("proofs")).isEmpty)
        }
    }

    @Test func aSampleReadsWhatItSaysAndProvesNothing() async throws {
        try await Scene.with { scene in
            try await scene.fill(40)
            try await scene.backUp()
            func sample(_ share: Double, _ seed: UInt32) async throws -> VerifyReport {
                try await VerifyRun(
                    entry: try await scene.vault.find("first"), vault: scene.vault, depth: .contents,
                    sample: VerifySample(share: share, seed: seed), environment: scene.environment
                ).run()
            }
            let report = try await sample(0.1, 7)
            #expect(report.isSound && report.sample?.seed == 7)
            for copy in report.copies {
                #expect(copy.objectsRead == 4 && copy.objectsInBackup == 40)
                #expect(copy.bytesRead == 12 && copy.bytesInBackup == 120)
                #expect(copy.framesRead == 0)
            }
            #expect(try await sample(0.000_1, 7).copies.first?.objectsRead == 1)
            #expect(try await sample(1, 7).copies.first?.objectsRead == 40)
            #expect(try await stages(scene) == [.written, .written])
            // Damage in the only frame is found whatever is drawn, and noted.
            try scene.alter { $0[100] ^= 1 }
            #expect(try await !sample(0.1, 8).isSound)
            #expect(try await summary(scene).proofs.first?.unsound != nil)
        }
    }
}
