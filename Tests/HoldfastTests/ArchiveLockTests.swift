// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Holdfast
import NIOCore
import ObjectStorage
import Streams
import TestSupport
import Testing

/// Archives in a vault bucket stay until their date, whoever wants them away, and go after it.
@Suite struct ArchiveLockTests {
    private static func until(_ day: Double, _ mode: ObjectRetention.Mode = .governance) -> ObjectRetention {
        ObjectRetention(mode: mode, until: Scene.day(day))
    }

    @Test(arguments: [ObjectRetention.Mode.governance, .compliance], [100, 10 << 20])
    func whatIsWrittenIsLocked(mode: ObjectRetention.Mode, size: Int) async throws {
        try await Scene.withLock(mode) { scene, today in
            var random = SeededGenerator(seed: 1)
            try await scene.store.put("a", random.bytes(size))
            let report = try await scene.backUp("first", day: 1)
            #expect(report.complete && report.degraded.isEmpty)
            #expect(try await scene.retention(of: "first") == Self.until(31, mode))
            #expect(report.retention.map(\.until) == [Scene.day(31)])
            #expect(report.retention.first?.mode == (mode == .compliance ? "compliance" : "governance"))
            // The lock on the name came and went: its versions are not held.
            let locks = try await scene.vaultVersions("locks/").filter { !$0.isDeleteMarker }
            for lock in locks {
                #expect(try await scene.vaultStore.head(lock.info.key, version: lock.info.version).retention == nil)
            }
            let listed = try await BackupList(
                vault: scene.vault, environment: scene.environment(scene.services(day: 2))
            ).read().backups
            #expect(listed.first?.retention.map(\.until) == [Scene.day(31)])
            let verified = try await scene.verify(.structure)
            #expect(verified.copies.map { $0.retention != nil } == [false, true])

            // The thief: neither a deletion nor a shorter date takes the bytes away.
            let version = try await scene.vaultStore.head(ObjectKey("buckets/first.tar.gz"), version: nil).version
            let reference = ObjectReference(ObjectKey("buckets/first.tar.gz"), version: version)
            #expect(try await scene.vaultStore.delete([reference]).first?.error?.code == .accessDenied)
            await #expect(throws: ObjectStoreError.self) {
                try await scene.vaultStore.apply(
                    .retention(Self.until(2, mode)), to: reference.key, version: version)
            }
            _ = today
        }
    }

    @Test func whatABackupNeedsIsLockedAsLongAsItself() async throws {
        try await Scene.withLock { scene, today in
            try await scene.fill(4)
            try await scene.backUp("first", day: 1)
            today.with { $0 = 10 }
            try await scene.store.put("new", [1])
            #expect(try await scene.backUp("second", day: 10).dependsOn == ["first.tar.gz"])
            #expect(try await scene.retention(of: "first") == Self.until(40))
            #expect(try await scene.retention(of: "second") == Self.until(40))

            // A shorter span takes nothing away.
            scene.lock = try ArchiveLock(span: "5d", mode: .governance)
            today.with { $0 = 11 }
            let third = try await scene.backUp("third", day: 11)
            #expect(third.dependsOn.contains("first.tar.gz") && third.degraded.isEmpty)
            #expect(try await scene.retention(of: "first") == Self.until(40))
            #expect(try await scene.retention(of: "third") == Self.until(16))
        }
    }

    @Test func aModeThatCannotBeChangedIsSaid() async throws {
        try await Scene.withLock { scene, today in
            try await scene.fill(4)
            try await scene.backUp("first", day: 1)
            scene.lock = try ArchiveLock(span: "30d", mode: .compliance)
            today.with { $0 = 10 }
            let report = try await scene.backUp("second", day: 10)
            #expect(report.degraded.isEmpty)
            #expect(try await scene.retention(of: "first") == Self.until(40))
            #expect(try await scene.retention(of: "second") == Self.until(40, .compliance))
            #expect(report.warnings.contains { $0.hasPrefix("first.tar.gz in s3://backups") })

            // And the other way round nothing becomes weaker.
            scene.lock = try ArchiveLock(span: "30d", mode: .governance)
            today.with { $0 = 20 }
            try await scene.store.put("new", [1])
            #expect(try await scene.backUp("third", day: 20).degraded.isEmpty)
            #expect(try await scene.retention(of: "third") == Self.until(50))
            try await scene.backUp("fourth", day: 20)
            #expect(try await scene.retention(of: "second") == Self.until(40, .compliance))
        }
    }

    @Test func aCopyThatCannotLockWhatIsNeededGetsNoBackup() async throws {
        try await Scene.withLock { scene, today in
            try await scene.fill(4)
            try await scene.backUp("first", day: 1)
            today.with { $0 = 10 }
            var service = AlteredService(scene.vaultService)
            let fault = Fault.on(.apply, key: "buckets/first.tar.gz", .fail(.denied))
            service.stores["backups"] = FaultyObjectStore(scene.vaultStore, [fault])
            let copy = BucketCopy(
                service: service, bucket: "backups", lock: scene.lock, services: scene.vaultServices)
            // The directory takes it; the bucket must not have a backup that could lose its bytes before its date.
            try await scene.store.put("new", [1])
            let report = try await scene.backUp(
                "second", day: 10, to: Vault(copies: [scene.directoryCopy, copy]))
            #expect(report.dependsOn == ["first.tar.gz"])
            #expect(report.degraded.map(\.label) == [copy.label])
            #expect(try await scene.vaultVersions("buckets/second").isEmpty)
            #expect(try await scene.vaultStore.uploads(prefix: []).isEmpty)
        }
    }

    /// A server that passes over what an upload says of retention, and one that passes over all of it.
    private struct Forgetful: ForwardingStore {
        let base: any ObjectStore
        let forgetsAll: Bool

        func put(_ key: ObjectKey, _ body: ReplayableBody, _ options: PutOptions) async throws -> PutResult {
            var options = options
            options.retention = nil
            return try await base.put(key, body, options)
        }

        func apply(_ setting: ObjectSetting, to key: ObjectKey, version: VersionID?) async throws {
            if !forgetsAll { try await base.apply(setting, to: key, version: version) }
        }
    }

    @Test(arguments: [false, true])
    func aServerThatForgetsIsNotBelieved(forgetsAll: Bool) async throws {
        try await Scene.withLock { scene, _ in
            try await scene.fill(2)
            var service = AlteredService(scene.vaultService)
            service.stores["backups"] = Forgetful(base: scene.vaultStore, forgetsAll: forgetsAll)
            let copy = BucketCopy(
                service: service, bucket: "backups", lock: scene.lock, services: scene.vaultServices)
            let report = try await scene.backUp("first", day: 1, to: Vault(copies: [scene.directoryCopy, copy]))
            if forgetsAll {
                #expect(report.degraded.first?.problem.contains("does not show") == true)
                #expect(try await scene.vaultVersions("buckets/").isEmpty)
            } else {
                #expect(report.degraded.isEmpty)
                #expect(try await scene.retention(of: "first") == Self.until(31))
            }
        }
    }

    @Test func pruneHidesAndWaits() async throws {
        try await Scene.withLock { scene, today in
            try await scene.fill(4)
            try await scene.backUp("a-full", day: 1, isFull: true)
            try await scene.backUp("a-more", day: 1)
            today.with { $0 = 5 }
            try await scene.backUp("b-full", day: 5, isFull: true)
            let policy = try RetentionTests.policy(last: 1)
            for day in [5.0, 6, 30.9] {
                today.with { $0 = day }
                let report = try await scene.prune(policy, day: day)
                #expect(report.complete)
                #expect(report.waiting.map(\.file).sorted() == ["a-full.tar.gz", "a-more.tar.gz"])
                let more = try #require(report.waiting.first { $0.file == "a-more.tar.gz" })
                #expect(more.lockedUntil == Scene.day(31))
                #expect(more.reason?.contains("object lock keeps it until") == true)
                #expect(try await scene.expectListedIsSound() == ["b-full"])
                #expect(try await scene.vaultVersions("buckets/a-more").count == 1)
                // What nothing locks is gone at once.
                #expect(!names(in: scene.archives).contains("a-more.tar.gz"))
            }
            today.with { $0 = 31.1 }
            let last = try await scene.prune(policy, day: 31.1)
            #expect(last.waiting.isEmpty && last.complete)
            #expect(try await scene.vaultVersions("buckets/a-").isEmpty)
            #expect(try await scene.vaultVersions("hidden/").isEmpty)
            #expect(try await scene.expectListedIsSound() == ["b-full"])
        }
    }

    @Test func aDeletionSaysUntilWhen() async throws {
        try await Scene.withLock { scene, today in
            try await scene.fill(2)
            try await scene.backUp("first", day: 1)
            let report = try await scene.delete("first")
            #expect(report.failed.isEmpty)
            #expect(report.lockedUntil == Scene.day(31))
            #expect(try await scene.list().backups.isEmpty)
            #expect(try await scene.retention(of: "first") == Self.until(31))
            // A legal hold has no date.
            try await scene.vaultStore.apply(
                .legalHold(true), to: ObjectKey("buckets/first.tar.gz"), version: nil)
            today.with { $0 = 40 }
            let policy = try RetentionTests.policy(last: 1)
            let held = try await scene.prune(policy, day: 40)
            #expect(held.complete)
            #expect(held.waiting.first?.lockedUntil == nil)
            #expect(held.waiting.first?.reason?.contains("legal hold") == true)
            try await scene.vaultStore.apply(
                .legalHold(false), to: ObjectKey("buckets/first.tar.gz"), version: nil)
            #expect(try await scene.prune(policy, day: 40).waiting.isEmpty)
            #expect(try await scene.vaultVersions("buckets/").isEmpty)
        }
    }

    @Test func anOlderVersionThatIsLockedLongerIsWaitedFor() async throws {
        try await Scene.withLock { scene, today in
            try await scene.fill(2)
            try await scene.backUp("first", day: 1)
            let key = ObjectKey("buckets/first.tar.gz")
            // Somebody put another object over it, and that one's lock is shorter.
            try await scene.vaultStore.put("buckets/first.tar.gz", [1])
            try await scene.delete("first")
            #expect(try await scene.vaultVersions("buckets/").count == 2)
            let policy = try RetentionTests.policy(last: 1)
            today.with { $0 = 20 }
            let report = try await scene.prune(policy, day: 20)
            #expect(report.failed.isEmpty)
            #expect(report.waiting.first?.lockedUntil == Scene.day(31))
            today.with { $0 = 32 }
            try await scene.prune(policy, day: 32)
            #expect(try await scene.vaultVersions("buckets/").isEmpty)
            _ = key
        }
    }

    @Test func aBucketWithoutObjectLockIsRefusedBeforeAnythingIsDone() async throws {
        try await Scene.withLock { scene, _ in
            try await scene.fill(2)
            try await scene.vaultService.createBucket("backups")
            let error = await expectError(.invalidConfiguration) { try await scene.backUp("first", day: 1) }
            #expect(error?.message.contains("has no object lock") == true)
            try await scene.expectNothingLeft()
            let check = HealthCheck(
                source: scene.source, origin: nil, vault: scene.vault, environment: scene.environment)
            let results = await check.run(bucket: Scene.bucket)
            let vault = results.filter { $0.subject == "vault" }
            #expect(vault.map(\.verdict) == [.good, .bad])
            #expect(vault.last?.fix != nil)
        }
    }

    @Test func aDefaultRetentionIsSaidAndLivedWith() async throws {
        try await Scene.withLock { scene, today in
            try await scene.fill(2)
            try await scene.vaultService.createBucket("backups", objectLock: true)
            let rule = """
                <ObjectLockConfiguration><ObjectLockEnabled>Enabled</ObjectLockEnabled><Rule><DefaultRetention>\
                <Mode>COMPLIANCE</Mode><Days>3</Days></DefaultRetention></Rule></ObjectLockConfiguration>
                """
            try await scene.vaultService.setDocument(.objectLock, of: "backups", to: Array(rule.utf8))
            let check = HealthCheck(
                source: scene.source, origin: nil, vault: scene.vault, environment: scene.environment)
            let finding = await check.run(bucket: nil).first { $0.subject == "object lock" }
            #expect(finding?.verdict == .warning)
            #expect(finding?.finding.contains("3 days, compliance") == true)

            #expect(try await scene.backUp("first", day: 1).degraded.isEmpty)
            #expect(try await scene.backUp("second", day: 1, isFull: true).degraded.isEmpty)
            #expect(try await scene.retention(of: "first") == Self.until(31))
            let policy = try RetentionTests.policy(last: 1)
            let report = try await scene.prune(policy, day: 1)
            #expect(report.complete && report.failed.isEmpty)
            let traces = try await scene.vaultVersions("locks/").filter { !$0.isDeleteMarker }
            #expect(!traces.isEmpty)
            #expect(try await scene.bucketCopy.files(in: "locks/").isEmpty)
            today.with { $0 = 5 }
            #expect(try await scene.prune(policy, day: 5).complete)
            let left = try await scene.vaultVersions("locks/").filter { !$0.isDeleteMarker }
            // Those of the last prune alone.
            #expect(left.allSatisfy { $0.info.lastModified >= Scene.day(5) })
        }
    }

    @Test func aRepairedCopyIsLockedNoLess() async throws {
        try await Scene.withLock(.compliance) { scene, today in
            var random = SeededGenerator(seed: 21)
            try await scene.store.put("a", random.bytes(3 << 20))
            try await scene.backUp("first", day: 1)
            let sound = try await scene.bucketBytes()
            // Written over by a thief; and the operator has given the setting up since.
            try await scene.setBucketBytes(Array(sound[..<(sound.count / 2)]))
            today.with { $0 = 3 }
            #expect(try await scene.repair().archives[0].copies.map(\.outcome) == [.untouched, .replaced])
            #expect(try await scene.bucketBytes() == sound)
            #expect(try await scene.retention(of: "first") == Self.until(33, .compliance))

            scene.lock = try ArchiveLock(span: "1d", mode: .governance)
            let file = try await scene.vault.find("first").file
            let sink = try await scene.bucketCopy.beginReplacement(of: file)
            try await sink.write(ByteBuffer(bytes: sound))
            try await sink.commit()
            #expect(try await scene.retention(of: "first") == Self.until(33, .compliance))
        }
    }

    @Test(arguments: [1000, 24 << 20])
    func aResealedCopyIsLockedNoLess(size: Int) async throws {
        let (old, new) = (TestIdentity(), TestIdentity())
        try await Scene.withLock { scene, today in
            var random = SeededGenerator(seed: 5)
            for part in 0..<max(1, size >> 22) {
                try await scene.store.put("a\(part)", random.bytes(min(size, 4 << 20)))
            }
            try await scene.backUp(sealedTo: [old])
            today.with { $0 = 3 }
            try await scene.reseal(to: [new], with: try scene.environment(opening: [old]))
            let key = ObjectKey("buckets/first.tar.gz.age")
            #expect(try await scene.vaultStore.head(key, version: nil).retention == Self.until(33))
            let versions = try await scene.vaultVersions("buckets/first")
            #expect(versions.count == 2)
            // The old header is in the old version, which stays until its own date.
            let before = try await scene.vaultStore.head(key, version: versions[1].info.version)
            #expect(before.retention == Self.until(31))
        }
    }
}
