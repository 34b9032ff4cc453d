// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Holdfast
import NIOPosix
import ObjectStorage
import Streams
import TestSupport
import Testing

/// Real servers keep locked archives until their date (`Documentation/servers.md`).
@Suite(.timeLimit(.minutes(5))) struct ArchiveLockServerTests {
    private static func with(
        _ server: TestServer, _ body: (Scene, any StorageService, String) async throws -> Void
    ) async throws {
        let transport = LeanTransport(eventLoopGroup: MultiThreadedEventLoopGroup.singleton)
        do {
            let service = RetryingStorageService(try server.service(over: transport))
            try await Scene.with { scene in
                var random = SeededGenerator(seed: 3)
                try await scene.store.put("small", random.bytes(1000))
                try await body(scene, service, "vault-\(UInt64.random(in: .min ... .max))")
            }
            try await transport.shutdown()
        } catch {
            try? await transport.shutdown()
            throw error
        }
    }

    private static func versions(_ prefix: String, in store: any ObjectStore) async throws -> [ObjectVersion] {
        var found: [ObjectVersion] = []
        for try await page in versionListing(of: store, prefix: Array(prefix.utf8)) { found += page.versions }
        return found
    }

    private static func sleep(until date: Date) async throws {
        try await Task.sleep(for: .seconds(max(0, date.timeIntervalSinceNow) + 1.5))
    }

    /// The whole life of an archive: written, refused to the thief, extended, hidden, held, gone.
    @Test(
        arguments: TestServer.expected.filter { $0.name != "juicefs" },
        [ObjectRetention.Mode.governance, .compliance])
    func archivesStayUntilTheirDate(server: TestServer, mode: ObjectRetention.Mode) async throws {
        try await Self.with(server) { scene, service, bucket in
            let lock = ArchiveLock(mode: mode, seconds: 12)
            let copy = BucketCopy(service: service, bucket: bucket, lock: lock)
            let vault = Vault(copies: [copy])
            let store = service.store(for: bucket)
            // Of several parts, so that the lock belongs to the upload's beginning.
            var random = SeededGenerator(seed: 4)
            try await scene.store.put("large", random.bytes(10 << 20))
            let first = try await scene.backUp("first", to: vault)
            #expect(first.complete && first.degraded.isEmpty)
            let key = ObjectKey("buckets/first.tar.gz")
            let info = try await store.head(key, version: nil)
            let until = try #require(info.retention?.until)
            #expect(info.retention?.mode == mode)
            #expect(first.retention.first?.until == until)

            // The thief.
            let refused = try await store.delete([ObjectReference(key, version: info.version)]).first?.error
            #expect(refused?.code == .accessDenied, "\(String(describing: refused))")
            let sooner = ObjectRetention(mode: mode, until: until.addingTimeInterval(-10))
            await #expect(throws: ObjectStoreError.self) {
                try await store.apply(.retention(sooner), to: key, version: info.version)
            }
            #expect(try await store.head(key, version: info.version).retention?.until == until)

            // A backup that needs it.
            try await Task.sleep(for: .seconds(2))
            try await scene.store.put("new", [1])
            let second = try await scene.backUp("second", to: vault, isFull: false)
            #expect(second.dependsOn == ["first.tar.gz"] && second.degraded.isEmpty)
            let longer = try #require(try await store.head(key, version: nil).retention?.until)
            let own = try #require(second.retention.first?.until)
            #expect(longer > until && longer >= own)

            // Both hidden, and held.
            for name in ["first", "second"] {
                let run = DeleteRun(entry: try await vault.find(name), vault: vault, environment: scene.environment)
                let report = try await run.run()
                #expect(report.failed.isEmpty)
                #expect(name == "first" || report.lockedUntil == own)
            }
            #expect(try await BackupList(vault: vault).read().backups.isEmpty)
            #expect(try await Self.versions("buckets/", in: store).count == 2)

            try await Self.sleep(until: longer)
            let prune = PruneRun(
                vault: vault, policies: RetentionPolicies(general: try RetentionTests.policy(last: 1)),
                options: PruneRun.Options(), environment: scene.environment)
            let report = try await prune.run()
            #expect(report.complete && report.waiting.isEmpty, "\(report.waiting)")
            #expect(try await Self.versions("buckets/", in: store).isEmpty)
            #expect(try await Self.versions("hidden/", in: store).isEmpty)
        }
    }

    /// What a thief can do at most: put a delete marker or another object on top. What is below comes back.
    @Test(arguments: TestServer.expected.filter { $0.name != "juicefs" })
    func whatAThiefPutsOnTopCanBeTakenAway(server: TestServer) async throws {
        try await Self.with(server) { scene, service, bucket in
            let copy = BucketCopy(service: service, bucket: bucket, lock: ArchiveLock(mode: .compliance, seconds: 15))
            let vault = Vault(copies: [copy])
            let store = service.store(for: bucket)
            try await scene.backUp("first", to: vault)
            let key = ObjectKey("buckets/first.tar.gz")
            try await store.put("buckets/first.tar.gz", Array("nothing left".utf8))
            _ = try await store.delete([ObjectReference(key)])
            #expect(try await BackupList(vault: vault).read().backups.isEmpty)
            let above = try await Self.versions("buckets/", in: store).prefix(2)
            #expect(above.map(\.isDeleteMarker) == [true, false])
            for version in above {
                let reference = ObjectReference(key, version: version.info.version)
                #expect(try await store.delete([reference]).first?.error == nil)
            }
            #expect(try await scene.verify(.contents, in: vault).isSound)
        }
    }

    @Test(arguments: TestServer.expected.filter { $0.name == "juicefs" })
    func aServerThatLocksNothingIsRefusedAndKeepsNothing(server: TestServer) async throws {
        try await Self.with(server) { scene, service, bucket in
            let lock = ArchiveLock(mode: .governance, seconds: 3600)
            let vault = Vault(copies: [scene.directoryCopy, BucketCopy(service: service, bucket: bucket, lock: lock)])
            await expectError(.invalidConfiguration) { try await scene.backUp("first", to: vault) }
            #expect(names(in: scene.archives).isEmpty)
            let isThere = try await service.bucketExists(bucket)
            #expect(!isThere)
        }
    }

    @Test(arguments: TestServer.expected)
    func aBucketWithoutObjectLockIsRefused(server: TestServer) async throws {
        try await Self.with(server) { scene, service, bucket in
            try await service.createBucket(bucket)
            let lock = ArchiveLock(mode: .governance, seconds: 3600)
            let vault = Vault(copies: [scene.directoryCopy, BucketCopy(service: service, bucket: bucket, lock: lock)])
            let error = await expectError(.invalidConfiguration) { try await scene.backUp("first", to: vault) }
            #expect(error?.message.contains("has no object lock") == true)
            #expect(names(in: scene.archives).isEmpty)
            #expect(try await service.store(for: bucket).keys().isEmpty)
        }
    }
}
