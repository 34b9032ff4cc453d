// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Catalog
import Foundation
import NIOCore
import ObjectStorage
import SystemPackage
import TestSupport
import Testing

@testable import Holdfast

/// A self-contained archive made of earlier ones, without the source.
@Suite(.timeLimit(.minutes(5))) struct SyntheticTests {
    private static func synthesize(
        _ scene: Scene, _ name: String = "whole", of base: String? = nil, in vault: Vault? = nil,
        with environment: RunEnvironment? = nil, recipients: SealRecipients? = nil
    ) async throws -> BackupReport {
        let vault = vault ?? scene.vault
        let environment = environment ?? scene.environment
        let found = try await SyntheticBase.find(of: Scene.bucket, named: base, in: vault, environment)
        // There is no source in this: the run is given none that it could ask.
        return try await BackupRun(
            of: found, name: BackupName(name), vault: vault, options: BackupRun.Options(recipients: recipients),
            environment: environment
        ).run()
    }

    private static func rows(_ backup: OpenedBackup) async throws -> [CatalogObject] {
        var rows: [CatalogObject] = []
        for try await row in KeyOrder(catalog: backup.catalog) { rows.append(row) }
        return rows
    }

    /// What a row says of the object, wherever its bytes lie.
    private static func facts(_ row: CatalogObject) -> CatalogObject {
        var row = row
        (row.extents, row.member) = ([], nil)
        return row
    }

    /// A bucket of which three backups have a part each, awkward keys and large objects among them.
    private static func withChain(_ body: (Scene) async throws -> Void) async throws {
        try await Scene.with { scene in
            var bucket = AwkwardBucket(seed: 11)
            try await bucket.fill(scene.store, random: 40, sizes: [0, 1, 513, 10_240])
            try await scene.backUp("mon")
            var random = SeededGenerator(seed: 12)
            try await scene.store.put("large/1", random.bytes(20 << 20), ObjectAttributes(tags: [Tag("a", "b")]))
            try await scene.backUp("tue", isFull: false)
            let twin = random.bytes(5000)
            for key in ["twin/1", "twin/2"] {
                try await scene.store.put(key, twin, ObjectAttributes(metadata: [Field("x", "y")]))
            }
            try await scene.backUp("wed", isFull: false)
            try await body(scene)
        }
    }

    @Test func itHoldsEverythingAlone() async throws {
        try await Self.withChain { scene in
            let truth = try await BucketContents(of: scene.store)
            let before = try await scene.open("wed")
            try await scene.source.deleteBucketAndContents(Scene.bucket)
            let report = try await Self.synthesize(scene)
            #expect(report.complete && report.dependsOn.isEmpty && report.unchangedCount == 0)
            #expect(report.syntheticOf == "wed.tar.gz")
            #expect(report.sharedCount > 0)
            let after = try await scene.open("whole")
            let (old, new) = (try await Self.rows(before), try await Self.rows(after))
            #expect(new.map(Self.facts) == old.map(Self.facts))
            #expect(new.allSatisfy { $0.extents.allSatisfy { $0.archive == 0 } })
            let (mine, theirs) = (try #require(after.metadata), try #require(before.metadata))
            #expect(mine.kind == "full" && mine.dependsOn == [])
            #expect(mine.cut == theirs.cut && mine.cutEnd == theirs.cutEnd && mine.timestamp == theirs.timestamp)
            #expect(mine.source?.endpoint == theirs.source?.endpoint && mine.source?.server == theirs.source?.server)
            #expect(mine.bucketConfiguration == theirs.bucketConfiguration)
            #expect(mine.syntheticOf == "wed.tar.gz")
            let (facts, earlier) = (try await after.catalog.info(), try await before.catalog.info())
            #expect(facts[EarlierBackup.sweptFact] == earlier[EarlierBackup.sweptFact])

            // The chain goes, and it is all that is needed.
            let policy = try RetentionTests.policy(last: 1)
            let pruned = try await PruneRun(
                vault: scene.vault, policies: RetentionPolicies(general: policy), options: PruneRun.Options(),
                environment: scene.environment(SystemServices { Date().addingTimeInterval(7 * 86_400) })
            ).run()
            #expect(pruned.removed.map(\.file).sorted() == ["mon.tar.gz", "tue.tar.gz", "wed.tar.gz"])
            #expect(names(in: scene.archives) == ["whole.tar.gz"])
            #expect(try await scene.verify(.contents, "whole").isSound)
            try await scene.restore("whole")
            #expect(truth.differences(from: try await BucketContents(of: scene.source.store(for: "target"))) == [])
        }
    }

    @Test func theNextIncrementalBuildsOnIt() async throws {
        try await Self.withChain { scene in
            _ = try await Self.synthesize(scene)
            try await scene.store.put("new", [9])
            let next = try await scene.backUp("thu", isFull: false, sweep: .never)
            #expect(next.dependsOn == ["whole.tar.gz"])
            #expect(next.storedCount - next.unchangedCount == 1)
            // An older one can be named.
            let older = try await Self.synthesize(scene, "older", of: "mon")
            #expect(older.syntheticOf == "mon.tar.gz")
            let rows = try await Self.rows(try await scene.open("older"))
            #expect(rows.map(Self.facts) == (try await Self.rows(try await scene.open("mon"))).map(Self.facts))
        }
    }

    @Test func wholeHistoriesWithTheirLocks() async throws {
        try await Scene.with { scene in
            try await scene.source.deleteBucket(Scene.bucket)
            try await scene.source.createBucket(Scene.bucket, objectLock: true)
            for step in 0..<4 {
                try await scene.store.put("a", [UInt8(step)], ObjectAttributes(tags: [Tag("step", "\(step)")]))
                try await scene.store.put("b/\(step)", [7])
            }
            _ = try await scene.store.delete([ObjectReference(ObjectKey("b/1"))])
            let until = Date(timeIntervalSince1970: Date().timeIntervalSince1970.rounded() + 86_400)
            try await scene.store.apply(
                .retention(ObjectRetention(mode: .governance, until: until)), to: ObjectKey("a"), version: nil)
            try await scene.store.apply(.legalHold(true), to: ObjectKey("b/2"), version: nil)
            try await scene.backUp("mon", allVersions: true, acls: true)
            try await scene.store.put("a", [99])
            let base = try await scene.backUp("tue", isFull: false, allVersions: true, acls: true)
            let history = try await BucketHistory(of: scene.store)

            let report = try await Self.synthesize(scene)
            #expect(report.complete && report.includesVersions)
            // The metadata tells it in whole seconds.
            #expect(abs(try #require(report.cut).timeIntervalSince(try #require(base.cut))) < 1)
            #expect(report.deleteMarkerCount == 1 && report.olderVersionCount == base.olderVersionCount)
            let (before, after) = (try await scene.open("tue"), try await scene.open("whole"))
            #expect(try await Self.rows(after).map(Self.facts) == (try await Self.rows(before)).map(Self.facts))
            #expect(after.metadata?.currentCount == before.metadata?.currentCount)
            let restored = try await scene.restore(
                "whole", options: RestoreRun.Options(allVersions: true, locks: .keep))
            #expect(restored.complete && restored.lockedCount == 2)
            #expect(history.differences(from: try await BucketHistory(of: scene.source.store(for: "target"))) == [])
        }
    }

    @Test func exceptionsStayExceptions() async throws {
        try await Scene.with { scene in
            try await scene.fill(5)
            let (service, _) = scene.source(.on(.get, key: "o02", .fail(.denied)))
            #expect(try await !scene.backUp("mon", from: service).complete)
            let report = try await Self.synthesize(scene)
            try await scene.expectExceptions(["o02": "denied"], in: report)
            #expect(report.storedCount == 4 && report.listedCount == 5)
        }
    }

    @Test(arguments: [1000, 10 << 20])
    func whatIsDamagedInOneCopyComesFromTheOther(size: Int) async throws {
        try await Scene.with { scene in
            var random = SeededGenerator(seed: 2)
            try await scene.store.put("a", random.bytes(size))
            try await scene.store.put("b", random.bytes(size))
            try await scene.backUp("mon")
            let extent = try #require(try await scene.open("mon").object(Array("b".utf8)).extents.first)
            // Random bytes are stored as they are: a bit in the middle of the second object.
            try scene.alter("mon.tar.gz") { $0[$0.count * 3 / 4] ^= 1 }
            #expect(extent.length == size)
            let report = try await Self.synthesize(scene)
            #expect(report.complete)
            #expect(try await scene.verify(.contents, "whole").isSound)

            // And what no copy has is named; the rest is there.
            try await scene.delete("whole")
            let damaged = Vault(copies: [scene.directoryCopy])
            if size > 1 << 20 {
                let lost = try await Self.synthesize(scene, in: damaged)
                #expect(!lost.complete && lost.storedCount == 1)
                #expect(lost.exceptions.map(\.reason) == ["corrupt"])
                #expect(lost.exceptions.first?.key == "b")
                #expect(try await scene.verify(.contents, "whole", in: damaged).isSound)
            }
        }
    }

    /// A copy whose frames are whole and whose bytes are others: only the SHA-256 tells.
    @Test func aCopyThatLiesIsFoundOut() async throws {
        try await Scene.with { scene in
            try await scene.fill(3)
            try await scene.backUp("mon")
            let other = try await Scene.with { liar in
                for number in 0..<3 { try await liar.store.put("o0\(number)", Array("x0\(number)".utf8)) }
                try await liar.backUp("mon")
                return try bytes(of: liar.archives.appending("mon.tar.gz"))
            }
            // The catalog that is believed is that of the first copy; the bytes of the second are another backup's.
            try await scene.setBucketBytes(other, "mon.tar.gz")
            let backup = try await scene.open("mon")
            let objects = BackedUpObjects(
                try await scene.open("mon", in: Vault(copies: [scene.bucketCopy])), in: scene.vault, scene.environment)
            let row = try await backup.object(Array("o01".utf8))
            let pending = PendingObject(
                info: ObjectInfo(row), place: .current, member: row.key, problem: nil, isStored: false, known: row)
            guard case .whole(_, let fetched) = try await objects.read(pending) else {
                Issue.record("it was not read")
                return
            }
            #expect(fetched.content == ByteBuffer(string: "o01"))
        }
    }

    @Test func sealedOnesNeedAnIdentity() async throws {
        let identity = TestIdentity()
        try await Scene.with { scene in
            try await scene.fill(3)
            try await scene.backUp("mon", sealedTo: [identity])
            try await scene.store.put("new", [1])
            try await scene.backUp("tue", sealedTo: [identity], isFull: false)
            let recipients = try SealRecipients.of([identity])
            await expectError(.wrongKey) { _ = try await Self.synthesize(scene, recipients: recipients) }
            let keys = try scene.environment(opening: [identity])
            let report = try await Self.synthesize(scene, with: keys, recipients: recipients)
            #expect(report.complete && report.file == "whole.tar.gz.age")
            #expect(try await scene.restore("whole", with: keys, into: "target").restoredCount == 4)
            // This host goes on from it without an identity.
            try await scene.store.put("newer", [2])
            let next = try await scene.backUp("wed", sealedTo: [identity], isFull: false)
            #expect(next.dependsOn == ["whole.tar.gz.age"])
        }
    }

    @Test func whatItCannotBeMadeOf() async throws {
        try await Scene.with { scene in
            await expectError(.notFound) { _ = try await Self.synthesize(scene) }
            try await scene.fill(2)
            try await scene.backUp("mon")
            await expectError(.notFound) { _ = try await Self.synthesize(scene, of: "none") }
            let environment = scene.environment
            await expectError(.invalidConfiguration) {
                _ = try await SyntheticBase.find(of: "other", named: "mon", in: scene.vault, environment)
            }
            await expectError(.conflict) { _ = try await Self.synthesize(scene, "mon") }
            #expect(try await scene.list().backups.map(\.name) == ["mon"])
        }
    }
}

extension InMemoryStorageService {
    /// A source that is gone.
    fileprivate func deleteBucketAndContents(_ bucket: String) async throws {
        let store = store(for: bucket)
        var references: [ObjectReference] = []
        for try await page in listing(of: store) { references += page.objects.map { ObjectReference($0.key) } }
        _ = try await store.delete(references)
        try await deleteBucket(bucket)
    }
}
