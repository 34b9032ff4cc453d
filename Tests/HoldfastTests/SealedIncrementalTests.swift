// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Holdfast
import NIOCore
import ObjectStorage
import SystemPackage
import TestSupport
import Testing

/// A host without an identity makes incremental backups, and whoever can open one can restore it whole.
@Suite struct SealedIncrementalTests {
    private let mine = TestIdentity()
    private let yours = TestIdentity()

    private func expectRestores(
        _ name: String, _ identity: TestIdentity, _ scene: Scene, into target: String,
        sourceLocation: SourceLocation = #_sourceLocation
    ) async throws {
        let before = try await BucketContents(of: scene.store)
        let reader = try scene.environment(opening: [identity], host: "reader")
        let report = try await scene.restore(name, with: reader, into: target)
        #expect(report.complete, sourceLocation: sourceLocation)
        let after = try await BucketContents(of: scene.source.store(for: target))
        #expect(before.differences(from: after) == [], sourceLocation: sourceLocation)
    }

    @Test(arguments: [false, true])
    func onlyWhatChangedIsFetched(deltas: Bool) async throws {
        try await Scene.with { scene in
            try await scene.fill(20)
            try await scene.backUp("first", sealedTo: [mine, yours])
            try await scene.store.put("o03", [1, 2, 3])
            let second = try await scene.backUp("second", sealedTo: [mine, yours], isFull: false, deltas: deltas)
            #expect((second.deltaRows != nil) == deltas)
            #expect(second.unchangedCount == 19 && second.dependsOn == ["first.tar.gz.age"])
            try await scene.store.put("o04", [4])
            // To fewer than could open what it builds on.
            let third = try await scene.backUp("third", sealedTo: [yours], isFull: false, deltas: deltas)
            #expect((third.deltaRows != nil) == deltas)
            #expect(third.unchangedCount == 19)
            #expect(third.dependsOn == ["first.tar.gz.age", "second.tar.gz.age"])
            try await expectRestores("third", yours, scene, into: "target")
            let reader = try scene.environment(opening: [yours], host: "reader")
            let entry = try await scene.vault.find("third")
            let verified = try await VerifyRun(
                entry: entry, vault: scene.vault, depth: .contents, environment: reader
            ).run()
            #expect(verified.isSound, "\(verified)")
            #expect(try await scene.list(with: scene.environment).allSatisfy { $0.complete == true })
        }
    }

    @Test func nothingIsReferredToThatARecipientCannotOpen() async throws {
        try await Scene.with { scene in
            try await scene.fill(5)
            try await scene.backUp("first", sealedTo: [mine])
            let others = try await scene.backUp("others", sealedTo: [mine, yours], isFull: false)
            #expect(others.unchangedCount == 0 && others.dependsOn.isEmpty)
            try await expectRestores("others", yours, scene, into: "target")
        }
    }

    @Test func sealedAndUnsealedNeverMeet() async throws {
        try await Scene.with { scene in
            try await scene.fill(5)
            try await scene.backUp("plain")
            let sealed = try await scene.backUp("sealed", sealedTo: [mine], isFull: false)
            #expect(sealed.dependsOn.isEmpty)
            let plain = try await BackupRun(
                bucket: Scene.bucket, name: BackupName("plain-2"), source: scene.source, vault: scene.vault,
                options: BackupRun.Options(), environment: scene.environment
            ).run()
            #expect(plain.dependsOn == ["plain.tar.gz"])
        }
    }

    @Test func aHostThatDidNotMakeItBuildsOnNothing() async throws {
        try await Scene.with { scene in
            try await scene.fill(5)
            try await scene.backUp("first", sealedTo: [mine])
            let report = try await BackupRun(
                bucket: Scene.bucket, name: BackupName("second"), source: scene.source, vault: scene.vault,
                options: BackupRun.Options(recipients: try .of([mine])),
                environment: try scene.environment(opening: [], host: "elsewhere")
            ).run()
            #expect(report.complete && report.dependsOn.isEmpty)
        }
    }

    @Test func resealingTakesTheArchivesAlongThatItRefersTo() async throws {
        try await Scene.with { scene in
            try await scene.fill(10)
            try await scene.backUp("first", sealedTo: [mine])
            try await scene.store.put("o03", [1, 2, 3])
            try await scene.backUp("second", sealedTo: [mine], isFull: false)
            let owner = try scene.environment(opening: [mine])
            let report = try await scene.reseal("second", to: [yours], with: owner)
            #expect(report.archives.map(\.file) == ["first.tar.gz.age", "second.tar.gz.age"])
            #expect(report.failed.isEmpty && report.resealed.count == 4)
            try await expectRestores("second", yours, scene, into: "target")
            // The host that resealed it goes on from there; to those who were removed it does not.
            let third = try await scene.backUp("third", sealedTo: [yours], isFull: false)
            #expect(third.unchangedCount == 10)
            #expect(try await scene.backUp("fourth", sealedTo: [mine], isFull: false).unchangedCount == 0)
            // Resealed elsewhere, nobody here knows to whom.
            let elsewhere = try scene.environment(opening: [yours], host: "elsewhere")
            try await scene.reseal("third", to: [mine], keeping: true, with: elsewhere)
            let fifth = try await scene.backUp("fifth", sealedTo: [yours], isFull: false)
            #expect(fifth.unchangedCount == 0)
        }
    }

    @Test func whatIsNeededIsHiddenAndUnrelatedBackupsAreNot() async throws {
        try await Scene.with { scene in
            try await scene.fill(5)
            try await scene.backUp("plain")
            try await scene.backUp("first", sealedTo: [mine])
            try await scene.backUp("second", sealedTo: [mine], isFull: false)
            let elsewhere = try scene.environment(opening: [], host: "elsewhere")
            func delete(_ name: String, _ environment: RunEnvironment) async throws -> DeleteReport {
                try await DeleteRun(
                    entry: try await scene.vault.find(name), vault: scene.vault, environment: environment
                ).run()
            }
            // Nobody there knows what the sealed ones need; nothing that lies in plain.
            #expect(try await delete("plain", elsewhere).neededBy.isEmpty)
            #expect(try await delete("first", scene.environment).neededBy == ["second"])
            try await expectRestores("second", mine, scene, into: "target")
            #expect(try await delete("second", scene.environment).alsoRemoved == ["first.tar.gz.age"])
            #expect(names(in: scene.archives).isEmpty)
            #expect(names(in: scene.root.appending("state").appending("catalogs")).isEmpty)
        }
    }
}
