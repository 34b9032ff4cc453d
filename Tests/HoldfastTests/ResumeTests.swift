// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Archive
import Catalog
import Crypto
import Foundation
import NIOCore
import ObjectStorage
import Streams
import SystemPackage
import TestSupport
import Testing

@testable import Holdfast

/// An interrupted backup goes on from its last checkpoint, and nothing that is durable is fetched twice.
@Suite(.timeLimit(.minutes(5))) struct ResumeTests {
    enum Place: CaseIterable {
        case directory, bucket, both

        func vault(_ scene: Scene) -> Vault {
            switch self {
            case .directory: scene.local
            case .bucket: Vault(copies: [scene.bucketCopy])
            case .both: scene.vault
            }
        }
    }

    private func with(
        _ options: InMemoryOptions = InMemoryOptions(), _ body: (Scene) async throws -> Void
    ) async throws {
        try await Scene.with(options) { scene in
            var scene = scene
            scene.vaultService = InMemoryStorageService(InMemoryOptions { $0.minimumPartSize = 5 << 20 })
            try await body(scene)
        }
    }

    private func sha256(_ scene: Scene, _ vault: Vault, _ name: String = "first") async throws -> String {
        let bytes = try await vault.open(try await vault.find(name)).bytes
        return Hex.text(SHA256.hash(data: Data(try await bytes.read(0..<bytes.size).readableBytesView)))
    }

    @Test(arguments: Place.allCases, [ArchiveCodec.gzip, .zstd])
    func itGoesOn(place: Place, codec: ArchiveCodec) async throws {
        try await with { scene in
            try await scene.fillWithNoise(150)
            let vault = place.vault(scene)
            let options = BackupRun.Options(codec: codec, isFull: true)
            try await scene.interrupt(to: vault, at: Scene.noiseKey(140), options: options)
            #expect(try await scene.list(vault).backups.isEmpty)

            let counted = TrippingStore(scene.store)
            let report = try await scene.run(from: counted, to: vault, options: options)
            let resumed = try #require(report.resumed)
            #expect(resumed.objectCount >= 80)
            #expect(resumed.bytes == Int64(resumed.objectCount) * 100_000)
            #expect(resumed.archiveBytes > resumed.bytes * 9 / 10)
            #expect(counted.read.count == 150 - resumed.objectCount)
            #expect(report.complete && report.degraded.isEmpty && report.storedCount == 150)
            #expect(report.unchangedCount == 0 && report.dependsOn.isEmpty)
            #expect(report.started == resumed.begun)
            #expect(!report.warnings.contains { $0.contains("anew") })
            #expect(report.archiveSHA256 == (try await sha256(scene, vault)))
            try await scene.expectListedIsSound(in: vault)
            try await scene.expectRestoredIsSource(in: vault)
            try await scene.expectNoTraces()
        }
    }

    @Test(arguments: Place.allCases)
    func itGoesOnAfterASecondInterruption(place: Place) async throws {
        try await with { scene in
            try await scene.fillWithNoise(200)
            let vault = place.vault(scene)
            try await scene.interrupt(to: vault, at: Scene.noiseKey(90))
            try await scene.interrupt(to: vault, at: Scene.noiseKey(180))
            let counted = TrippingStore(scene.store)
            let report = try await scene.run(from: counted, to: vault)
            let resumed = try #require(report.resumed)
            #expect(resumed.objectCount >= 120)
            #expect(counted.read.count == 200 - resumed.objectCount)
            #expect(report.archiveSHA256 == (try await sha256(scene, vault)))
            try await scene.expectListedIsSound(in: vault)
            try await scene.expectRestoredIsSource(in: vault)
            try await scene.expectNoTraces()
        }
    }

    /// What is durable and changed meanwhile is stored again; what vanished is not in the backup.
    @Test(arguments: Place.allCases)
    func itShowsTheBucketAsItIsNow(place: Place) async throws {
        try await with { scene in
            try await scene.fillWithNoise()
            let vault = place.vault(scene)
            try await scene.interrupt(to: vault)
            try await scene.store.put(Scene.noiseKey(1), [1, 2, 3])
            try await scene.store.put(Scene.noiseKey(2) + "/below", [4])
            try await scene.store.put("new", [5])
            _ = try await scene.store.delete([ObjectReference(ObjectKey(Scene.noiseKey(3)))])
            let counted = TrippingStore(scene.store)
            let report = try await scene.run(from: counted, to: vault)
            #expect(report.complete && report.storedCount == 101)
            let resumed = try #require(report.resumed)
            #expect(resumed.objectCount > 20)
            #expect(counted.read.count == 101 - resumed.objectCount)
            try await scene.expectListedIsSound(in: vault)
            try await scene.expectRestoredIsSource(in: vault)
            try await scene.expectNoTraces()
            // A folder of a key that lies in the archive already has another name there.
            let below = ObjectKey(Scene.noiseKey(2) + "/below")
            let member = try await scene.open(in: vault).catalog.object(key: below.bytes)?.member
            #expect(member?.starts(with: ".holdfast/keys/".utf8) == true)
        }
    }

    @Test func itBuildsOnAnEarlierBackup() async throws {
        try await with { scene in
            try await scene.fillWithNoise(30)
            try await scene.run("base", options: BackupRun.Options(sweep: .never))
            try await scene.fillWithNoise(130, from: 30)
            try await scene.store.put(Scene.noiseKey(0), [1])
            let options = BackupRun.Options(sweep: .never)
            try await scene.interrupt(at: Scene.noiseKey(120), options: options)
            let counted = TrippingStore(scene.store)
            let report = try await scene.run(from: counted, options: options)
            let resumed = try #require(report.resumed)
            #expect(report.unchangedCount == 29 && report.dependsOn == ["base.tar.gz"])
            #expect(resumed.objectCount > 30)
            #expect(counted.read.count == 101 - resumed.objectCount)
            try await scene.expectListedIsSound()
            try await scene.expectRestoredIsSource()
            try await scene.expectNoTraces()
        }
    }

    @Test func theCutOfABucketWithVersionsStays() async throws {
        try await with { scene in
            try await scene.source.setDocument(.versioning, of: Scene.bucket, to: VersioningStatus.enabled.document)
            try await scene.fillWithNoise()
            let cut = Date().addingTimeInterval(1)
            try await scene.interrupt(services: SystemServices { cut })
            let before = try await BucketContents(of: scene.store)
            let late = cut.addingTimeInterval(3600)
            try await Task.sleep(for: .milliseconds(1100))
            // After the cut: neither changes what the backup shows.
            try await scene.store.put(Scene.noiseKey(2), [1])
            _ = try await scene.store.delete([ObjectReference(ObjectKey(Scene.noiseKey(5)))])
            let report = try await scene.run(services: SystemServices { late })
            #expect(report.resumed != nil && report.complete && report.storedCount == 100)
            let shown = try #require(report.cut)
            #expect(abs(shown.timeIntervalSince(cut)) < 2)
            try await scene.restore(into: "target")
            let differences = try await BucketContents(of: scene.source.store(for: "target"))
                .differences(from: before)
            #expect(differences == [])
            try await scene.expectListedIsSound()
            try await scene.expectNoTraces()
        }
    }

    @Test func aRunWithoutANameTakesTheNameOfTheInterruptedOne() async throws {
        try await with { scene in
            try await scene.fillWithNoise()
            try await scene.interrupt("monday")
            let report = try await scene.run("tuesday", isNameChosen: false)
            #expect(report.name == "monday" && report.file == "monday.tar.gz" && report.resumed != nil)
            #expect(try await scene.expectListedIsSound() == ["monday"])
            try await scene.expectNoTraces()
        }
    }

    /// Runs that it does not concern leave it alone, a week long.
    @Test func othersLeaveItAlone() async throws {
        try await with { scene in
            try await scene.fillWithNoise(150)
            let now = Date()
            try await scene.interrupt("monday", at: Scene.noiseKey(140), services: SystemServices { now })
            try await scene.run("other", services: SystemServices { now.addingTimeInterval(3600) })
            let environment = scene.environment(SystemServices { now.addingTimeInterval(7200) })
            var counts = RetentionPolicy.Counts()
            counts.last = 5
            _ = try await PruneRun(
                vault: scene.vault, policies: RetentionPolicies(general: RetentionPolicy(counts)),
                options: PruneRun.Options(isDryRun: false, acceptsLoss: false), environment: environment
            ).run()
            #expect(names(in: scene.archives).contains(".partial-monday.tar.gz"))
            let store = scene.vaultService.store(for: "backups")
            #expect(try await store.uploads(prefix: []).count == 1)
            let counted = TrippingStore(scene.store)
            let report = try await scene.run(
                "monday", from: counted, services: SystemServices { now.addingTimeInterval(6 * 86_400) })
            #expect(report.resumed != nil && counted.read.count < 80)
            try await scene.expectListedIsSound()
            try await scene.expectNoTraces()
        }
    }

    @Test func afterAWeekItIsGivenUp() async throws {
        try await with { scene in
            try await scene.fillWithNoise()
            let now = Date()
            try await scene.interrupt("monday", services: SystemServices { now })
            let report = try await scene.run("other", services: SystemServices { now.addingTimeInterval(8 * 86_400) })
            #expect(report.resumed == nil && report.complete)
            #expect(report.warnings.contains { $0.contains("monday was given up") })
            #expect(try await scene.expectListedIsSound() == ["other"])
            try await scene.expectNoTraces()
        }
    }

    @Test func aStoppedRunIsGoneOnWith() async throws {
        try await with { scene in
            try await scene.fillWithNoise()
            let faulty = FaultyObjectStore(scene.store, [.on(.get, key: Scene.noiseKey(90), .hang)])
            let stopped = Task { try await scene.run(from: faulty) }
            while faulty.count(.get) < 100 || scene.interruptedFiles.count < 2 {
                try await Task.sleep(for: .milliseconds(5))
            }
            stopped.cancel()
            await #expect(throws: CancellationError.self) { try await stopped.value }
            let report = try await scene.run()
            #expect(try #require(report.resumed).objectCount >= 10)
            try await scene.expectListedIsSound()
            try await scene.expectRestoredIsSource()
            try await scene.expectNoTraces()
        }
    }

    @Test func sharedContentsThatAreDurableAreNotFetchedAgain() async throws {
        try await with { scene in
            try await scene.fillWithNoise()
            // Links, behind a checkpoint, to what lies before it.
            let first = try await scene.store.get(ObjectKey(Scene.noiseKey(0)), GetOptions()).bytes.collect(
                upTo: 1 << 20)
            for number in 12..<22 { try await scene.store.put(Scene.noiseKey(number), Array(first.readableBytesView)) }
            try await scene.interrupt(to: scene.local)
            let counted = TrippingStore(scene.store)
            let report = try await scene.run(from: counted, to: scene.local)
            #expect(report.sharedCount == 10 && report.sharedBytes == 1_000_000)
            #expect(!counted.read.contains { "\($0)" < Scene.noiseKey(22) })
            try await scene.expectListedIsSound(in: scene.local)
            try await scene.expectRestoredIsSource(in: scene.local)
        }
    }
}
