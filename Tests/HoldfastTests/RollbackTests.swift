// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import NIOCore
import ObjectStorage
import Synchronization
import TestSupport
import Testing

@testable import Holdfast

/// A bucket with versions, brought back in place.
@Suite(.timeLimit(.minutes(2))) struct RollbackTests {
    private static let start = Date(timeIntervalSince1970: 1_700_000_000)

    /// A server whose clock a test moves.
    private final class Steps: Sendable {
        private let step = Mutex(0)
        var now: Date { RollbackTests.start.addingTimeInterval(10 * Double(step.withLock { $0 })) }
        func next() { step.withLock { $0 += 1 } }
    }

    private func withBucket(_ body: (Scene, Steps) async throws -> Void) async throws {
        let steps = Steps()
        try await Scene.with(InMemoryOptions { $0.now = { steps.now } }) { scene in
            try await scene.source.setDocument(
                .versioning, of: Scene.bucket, to: VersioningStatus.enabled.document)
            try await body(scene, steps)
        }
    }

    private func rollBack(
        _ scene: Scene, to moment: Date, at service: (any StorageService)? = nil, prefix: String = "",
        planOnly: Bool = false
    ) async throws -> (report: RollbackReport, steps: [RollbackStep]) {
        var steps: [RollbackStep] = []
        let report = try await RollbackRun(
            bucket: Scene.bucket, moment: moment, source: service ?? scene.source,
            selection: KeySelection(prefix: Array(prefix.utf8)), planOnly: planOnly, environment: scene.environment
        ).run { steps.append($0) }
        return (report, steps)
    }

    @Test(arguments: [1, 2, 3] as [UInt64])
    func everyMomentComesBackAndNothingIsLost(seed: UInt64) async throws {
        try await withBucket { scene, steps in
            var random = SeededGenerator(seed: seed)
            var states: [BucketContents] = []
            for _ in 0..<25 {
                let key = ["a", "a/b", "c", "d/e"][Int(random.next() % 4)]
                if random.next() % 4 == 0 {
                    _ = try await scene.store.delete([ObjectReference(ObjectKey(key))])
                } else {
                    let tags = random.next() % 2 == 0 ? [ObjectStorage.Tag("n", "\(random.next() % 9)")] : []
                    try await scene.store.put(
                        key, random.bytes(50), ObjectAttributes(metadata: [Field("a", "b")], tags: tags))
                }
                states.append(try await BucketContents(of: scene.store))
                steps.next()
            }
            for step in [20, 3, 24, 11, 0] {
                let before = try await BucketHistory(of: scene.store)
                let moment = Self.start.addingTimeInterval(10 * Double(step) + 5)
                let plan = try await rollBack(scene, to: moment, planOnly: true)
                #expect(before.differences(from: try await BucketHistory(of: scene.store)) == [])
                let done = try await rollBack(scene, to: moment)
                #expect(done.steps.map(\.key) == plan.steps.map(\.key))
                #expect(done.report.complete)
                #expect(states[step].differences(from: try await BucketContents(of: scene.store)) == [])
                // Every version that was there is still there, below what was put on top.
                let after = try await BucketHistory(of: scene.store)
                for (key, events) in before.events {
                    #expect(after.events[key]?.suffix(events.count).elementsEqual(events) == true)
                }
                // A second time there is nothing left to do.
                steps.next()
                let again = try await rollBack(scene, to: moment)
                #expect(again.steps.isEmpty)
                #expect(again.report.unchangedCount == plan.report.unchangedCount + plan.steps.count)
            }
        }
    }

    @Test func onlyWhatWasAskedForIsTouched() async throws {
        try await withBucket { scene, steps in
            for key in ["in/a", "out/a"] { try await scene.store.put(key, [1]) }
            let moment = steps.now.addingTimeInterval(5)
            steps.next()
            for key in ["in/a", "in/new", "out/a"] { try await scene.store.put(key, [2]) }
            let done = try await rollBack(scene, to: moment, prefix: "in/")
            #expect(done.steps.map(\.key) == ["in/a", "in/new"])
            #expect(done.steps.map(\.kind) == [.broughtBack, .removed])
            #expect(try await scene.store.text("in/a") == "\u{1}")
            #expect(try await scene.store.text("in/new") == nil)
            #expect(try await scene.store.text("out/a") == "\u{2}")
        }
    }

    @Test func aBucketThatWouldLoseSomethingIsRefused() async throws {
        try await withBucket { scene, steps in
            try await scene.store.put("a", [1])
            let past = steps.now.addingTimeInterval(-5)
            let future = Date().addingTimeInterval(60)
            let early = await #expect(throws: HoldfastError.self) { _ = try await rollBack(scene, to: future) }
            #expect(early?.code == .invalidConfiguration)
            try await scene.source.setDocument(
                .versioning, of: Scene.bucket, to: VersioningStatus.suspended.document)
            let error = await #expect(throws: HoldfastError.self) { _ = try await rollBack(scene, to: past) }
            #expect(error?.code == .conflict)
            #expect(try await scene.store.text("a") == "\u{1}")
        }
    }

    @Test func aKeyThatCannotBeBroughtBackIsNamed() async throws {
        try await withBucket { scene, steps in
            for key in ["a", "b"] { try await scene.store.put(key, [1]) }
            let moment = steps.now.addingTimeInterval(5)
            steps.next()
            for key in ["a", "b"] { try await scene.store.put(key, [2]) }
            var service = AlteredService(scene.source)
            let fault = Fault.on(.put, key: "a", call: 1, .fail(ObjectStoreError(.accessDenied, "no right")))
            service.stores[Scene.bucket] = FaultyObjectStore(scene.store, [fault])
            let done = try await rollBack(scene, to: moment, at: service)
            #expect(!done.report.complete)
            #expect(done.report.exceptions.map(\.key) == ["a"])
            #expect(done.steps.map(\.key) == ["b"])
            // The next run does the rest.
            #expect(try await rollBack(scene, to: moment).steps.map(\.key) == ["a"])
        }
    }

    @Test(arguments: TestServer.withHistories)
    func aRealBucketComesBack(server: TestServer) async throws {
        try await server.withService { service in
            let bucket = "rollback-\(UInt64.random(in: .min ... .max))"
            try await service.createBucket(bucket)
            try await service.setDocument(.versioning, of: bucket, to: VersioningStatus.enabled.document)
            let store = service.store(for: bucket)
            var random = SeededGenerator(seed: 1)
            let large = random.bytes(17 << 20)
            try await store.put("kept", [1])
            try await store.put("changed", [1], ObjectAttributes(metadata: [Field("take", "1")]))
            try await store.put("deleted", [1], ObjectAttributes(tags: [ObjectStorage.Tag("take", "1")]))
            try await store.put("large", large)
            let before = try await BucketContents(of: store)
            // Servers tell times in whole seconds.
            let last = try await store.head(ObjectKey("large"), version: nil).lastModified
            while Date() < last.addingTimeInterval(2) { try await Task.sleep(for: .milliseconds(100)) }
            try await store.put("changed", [2])
            try await store.put("large", [3])
            try await store.put("new", [2])
            _ = try await store.delete([ObjectReference(ObjectKey("deleted"))])
            try await Scene.with { scene in
                let run = RollbackRun(
                    bucket: bucket, moment: last.addingTimeInterval(1), source: service, selection: KeySelection(),
                    planOnly: false, environment: scene.environment)
                let report = try await run.run { _ in }
                #expect(report.complete)
                #expect(report.broughtBackCount == 3)
                #expect(report.removedCount == 1)
                #expect(report.unchangedCount == 1)
            }
            #expect(before.differences(from: try await BucketContents(of: store)) == [])
        }
    }
}
