// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Catalog
import Foundation
import NIOCore
import ObjectStorage
import Synchronization
import TestSupport
import Testing

@testable import Holdfast

/// Versions, delete markers and the cut.
@Suite(.timeLimit(.minutes(5))) struct VersionsTests {
    private static let keys = ["a", "a/b", "photos/1", "photos-old/1", "über", "/lead", "x//y", "dir/", "gone"]

    /// Writes, overwrites and deletes at random.
    private static func live(
        in store: any ObjectStore, keys: [String] = keys, steps: Int, _ random: inout SeededGenerator
    ) async throws {
        for step in 0..<steps {
            let key = keys[Int(random.next() % UInt64(keys.count))]
            if random.next() % 4 == 0 {
                _ = try await store.delete([ObjectReference(ObjectKey(key))])
            } else {
                var attributes = ObjectAttributes(headers: [Field("content-type", "text/x-\(step)")])
                if random.next() % 2 == 0 { attributes.metadata = [Field("step", "\(step)")] }
                if random.next() % 3 == 0 { attributes.tags = [Tag("step", "\(step)")] }
                let size = key.hasSuffix("/") ? 0 : Int(random.next() % 500)
                try await store.put(key, random.bytes(size), attributes)
            }
        }
    }

    private static func setVersioning(_ status: VersioningStatus, _ service: any StorageService, _ bucket: String)
        async throws
    {
        try await service.setDocument(.versioning, of: bucket, to: status.document)
    }

    @Test(arguments: [1, 2, 3] as [UInt64])
    func theWholeHistoryComesBack(seed: UInt64) async throws {
        var random = SeededGenerator(seed: seed)
        try await Scene.with { scene in
            // Before versioning, with it, while it is suspended, and with it again.
            try await Self.live(in: scene.store, steps: 10, &random)
            for status in [VersioningStatus.enabled, .suspended, .enabled] {
                try await Self.setVersioning(status, scene.source, Scene.bucket)
                try await Self.live(in: scene.store, steps: 30, &random)
            }
            let history = try await BucketHistory(of: scene.store)
            let current = try await BucketContents(of: scene.store)
            let report = try await scene.backUp("first", allVersions: true)
            #expect(report.complete)
            #expect(report.storedCount == history.count)
            #expect(try await scene.verify(.contents).isSound)

            let restored = try await scene.restore(options: RestoreRun.Options(allVersions: true))
            #expect(restored.complete)
            #expect(restored.restoredCount == history.count)
            #expect(history.differences(from: try await BucketHistory(of: scene.source.store(for: "target"))) == [])
            #expect(try await scene.source.versioningStatus(of: "target") == .enabled)

            // Without older versions it is the bucket as a reader saw it.
            try await scene.restore(into: "plain")
            #expect(current.differences(from: try await BucketContents(of: scene.source.store(for: "plain"))) == [])
        }
    }

    @Test func historiesAreIncremental() async throws {
        var random = SeededGenerator(seed: 4)
        try await Scene.with { scene in
            try await Self.setVersioning(.enabled, scene.source, Scene.bucket)
            try await Self.live(in: scene.store, steps: 50, &random)
            let before = try await BucketHistory(of: scene.store)
            try await scene.backUp("first", allVersions: true)
            try await Self.live(in: scene.store, steps: 20, &random)
            let after = try await BucketHistory(of: scene.store)
            let report = try await scene.backUp("second", isFull: false, sweep: .never, allVersions: true)
            #expect(report.unchangedCount == before.count)
            #expect(report.storedCount == after.count)
            #expect(report.dependsOn == ["first.tar.gz"])
            #expect(try await scene.verify(.contents, "second").isSound)
            try await scene.restore("second", options: RestoreRun.Options(allVersions: true))
            #expect(after.differences(from: try await BucketHistory(of: scene.source.store(for: "target"))) == [])
            // A backup of the current objects builds on one of all versions.
            let third = try await scene.backUp("third", isFull: false, sweep: .never)
            #expect(third.storedCount > 0)
            #expect(third.unchangedCount == third.storedCount)
        }
    }

    /// A bucket whose versions are ten seconds apart, and the state that it had after each.
    private static func withSteps(
        _ body: (Scene, _ start: Date, _ states: [BucketContents]) async throws -> Void
    ) async throws {
        let start = Date(timeIntervalSince1970: 1_700_000_000)
        let steps = Mutex(0)
        let options = InMemoryOptions { $0.now = { start.addingTimeInterval(10 * Double(steps.withLock { $0 })) } }
        var random = SeededGenerator(seed: 5)
        var states: [BucketContents] = []
        try await Scene.with(options) { scene in
            try await setVersioning(.enabled, scene.source, Scene.bucket)
            for _ in 0..<12 {
                try await live(in: scene.store, keys: ["a", "b", "c"], steps: 1, &random)
                states.append(try await BucketContents(of: scene.store))
                steps.withLock { $0 += 1 }
            }
            try await body(scene, start, states)
        }
    }

    @Test func aBackupShowsItsCut() async throws {
        try await Self.withSteps { scene, start, states in
            for (step, state) in states.enumerated() where !state.objects.isEmpty {
                let moment = start.addingTimeInterval(10 * Double(step) + 5)
                let report = try await scene.backUp("at-\(step)", moment: moment)
                #expect(report.cut == moment)
                try await scene.restore("at-\(step)", into: "target-\(step)")
                let restored = try await BucketContents(of: scene.source.store(for: "target-\(step)"))
                #expect(state.differences(from: restored) == [])
            }
            #expect(states.contains { !$0.objects.isEmpty })
        }
    }

    @Test func aMomentThatCannotBeShownIsRefused() async throws {
        try await Scene.with { scene in
            try await scene.store.put("a", [1])
            let past = Date(timeIntervalSince1970: 1_700_000_000)
            await #expect(throws: HoldfastError.self) { try await scene.backUp("unversioned", moment: past) }
            try await Self.setVersioning(.enabled, scene.source, Scene.bucket)
            let future = Date().addingTimeInterval(3600)
            await #expect(throws: HoldfastError.self) { try await scene.backUp("future", moment: future) }
            #expect(try await scene.list().backups.isEmpty)
        }
    }

    @Test func versionsAreNotMixedIntoABucketThatKeepsNone() async throws {
        try await Scene.with { scene in
            try await Self.setVersioning(.enabled, scene.source, Scene.bucket)
            try await scene.store.put("a", [1])
            try await scene.store.put("a", [2])
            try await scene.backUp("first", allVersions: true)
            try await scene.source.createBucket("target")
            let options = RestoreRun.Options(allVersions: true)
            await #expect(throws: HoldfastError.self) { try await scene.restore(options: options) }
            // A backup without versions has none to give.
            try await scene.backUp("second")
            await #expect(throws: HoldfastError.self) {
                try await scene.restore("second", into: "new", options: options)
            }
        }
    }

    /// A server whose flat listing of versions leaves out a folder.
    private struct LossyStore: ForwardingStore {
        let base: any ObjectStore

        func listVersions(_ query: VersionQuery) async throws -> VersionPage {
            var page = try await base.listVersions(query)
            if query.delimiter == nil, query.prefix.isEmpty {
                page.versions.removeAll { $0.info.key.bytes.starts(with: "lost/".utf8) }
            }
            // This one is named neither flat nor in its folder, only when it is asked for alone.
            if query.prefix != Array("lost/deep".utf8) {
                page.versions.removeAll { $0.info.key == ObjectKey("lost/deep") }
            }
            return page
        }
    }

    @Test(arguments: [true, false])
    func keysThatTheVersionListingLosesAreFound(allVersions: Bool) async throws {
        try await Scene.with { scene in
            try await Self.setVersioning(.enabled, scene.source, Scene.bucket)
            for key in ["kept", "lost/a", "lost/b", "lost/deep"] {
                try await scene.store.put(key, [1])
                try await scene.store.put(key, [2])
            }
            var service = AlteredService(scene.source)
            service.stores[Scene.bucket] = LossyStore(base: scene.store)
            let report = try await scene.backUp("first", from: service, allVersions: allVersions)
            #expect(report.complete)
            #expect(report.storedCount == (allVersions ? 8 : 4))
            #expect(report.warnings.contains { $0.contains("leaves 3 keys out") })
            try await scene.restore()
            let contents = try await BucketContents(of: scene.store)
            #expect(contents.differences(from: try await BucketContents(of: scene.source.store(for: "target"))) == [])
        }
    }

    @Test func anArchiveWithoutItsCatalogStillTellsItsVersions() async throws {
        try await Scene.with { scene in
            try await Self.setVersioning(.enabled, scene.source, Scene.bucket)
            try await scene.store.put("a", [1])
            try await scene.store.put("a", [2, 2])
            _ = try await scene.store.delete([ObjectReference(ObjectKey("a"))])
            try await scene.store.put("b", [3])
            try await scene.backUp("first", to: scene.local, allVersions: true)
            try scene.alter { $0.removeLast(200) }
            let backup = try await scene.open(in: scene.local)
            var seen: [String] = []
            for try await object in KeyOrder(catalog: backup.catalog) {
                let key = "\(ObjectKey(object.key))"
                seen.append("\(key) \(object.ordinal) \(object.listed.isDeleteMarker ? "marker" : "\(object.size)")")
            }
            #expect(seen == ["a 0 marker", "a 1 2", "a 2 1", "b 0 1"])
        }
    }

    @Test(arguments: TestServer.withHistories)
    func realServersGetTheirHistoryBack(server: TestServer) async throws {
        try await server.withService { service in
            var random = SeededGenerator(seed: 6)
            let bucket = "versions-\(UInt64.random(in: .min ... .max))"
            try await service.createBucket(bucket)
            let store = service.store(for: bucket)
            let keys = ["a", "photos/1", "photos/2", "photos-old/1", "über/ö", "gone"]
            // Some servers list a version without an id in another place than that of its time.
            let hasNullOrder = server.limits.capabilities.contains(.nullVersionOrder)
            if hasNullOrder { try await Self.live(in: store, keys: keys, steps: 6, &random) }
            for status in hasNullOrder ? [VersioningStatus.enabled, .suspended, .enabled] : [.enabled] {
                try await Self.setVersioning(status, service, bucket)
                try await Self.live(in: store, keys: keys, steps: 15, &random)
            }
            let history = try await BucketHistory(of: store)
            try await Scene.with { scene in
                let run = BackupRun(
                    bucket: bucket, name: try BackupName("first"), source: service, vault: scene.vault,
                    options: BackupRun.Options(allVersions: true), environment: scene.environment)
                let report = try await run.run()
                #expect(report.complete)
                #expect(report.storedCount == history.count)
                let options = RestoreRun.Options(allVersions: true)
                let restored = try await scene.restore(into: bucket + "-back", at: service, options: options)
                #expect(restored.complete)
                let back = try await BucketHistory(of: service.store(for: bucket + "-back"))
                #expect(history.differences(from: back) == [])
            }
        }
    }
}
