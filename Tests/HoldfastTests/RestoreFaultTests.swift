// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Archive
import Holdfast
import NIOCore
import ObjectStorage
import Streams
import TestSupport
import Testing

/// What goes wrong while restoring: with one object it is an exception, with the server the end.
@Suite struct RestoreFaultTests {
    private func restore(
        _ faults: Fault..., large: Bool = false,
        _ body: (Scene, FaultyObjectStore, () async throws -> RestoreReport) async throws -> Void
    ) async throws {
        try await Scene.with { scene in
            try await scene.fill(5)
            if large {
                var random = SeededGenerator(seed: 2)
                try await scene.store.put(
                    "large", random.bytes((33 << 20) + 7), ObjectAttributes(tags: [Tag("a", "b")]))
            }
            try await scene.backUp()
            try await scene.source.createBucket("target")
            let store = FaultyObjectStore(scene.source.store(for: "target"), faults)
            var service = AlteredService(scene.source)
            service.stores["target"] = store
            try await body(scene, store) { try await scene.restore(at: service) }
        }
    }

    @Test(arguments: [
        ObjectStoreError.denied, .internalError, .slowDown, ObjectStoreError(.badRequest, "no", status: 400),
        ObjectStoreError(.badAnswer, "HTML"),
    ])
    func anObjectThatCannotBeWrittenIsAnException(error: ObjectStoreError) async throws {
        try await restore(.on(.put, key: "o02", .fail(error))) { scene, _, run in
            let report = try await run()
            #expect(!report.complete)
            #expect(report.exceptionCount == 1)
            #expect(report.exceptions.map(\.key) == ["o02"])
            #expect(report.exceptions.map(\.reason) == [error.code.rawValue])
            #expect(report.restoredCount == 4)
            #expect(try await scene.source.store(for: "target").keys() == ["o00", "o01", "o03", "o04"])
        }
    }

    @Test(arguments: [
        (ObjectStoreError.brokenConnection, HoldfastError.Code.unreachable),
        (ObjectStoreError(.unauthorized, "expired"), .accessDenied), (ObjectStoreError(.outOfSpace, "full"), .failed),
        (ObjectStoreError(.noSuchBucket, "gone"), .notFound),
    ])
    func aServerThatIsGoneEndsTheRun(error: ObjectStoreError, code: HoldfastError.Code) async throws {
        try await restore(.on(.put, calls: 2...Int.max, .fail(error))) { _, _, run in
            await expectError(code) { _ = try await run() }
        }
    }

    @Test(arguments: [ObjectStoreError.denied, .brokenConnection, .internalError])
    func aListingThatFailsIsNotAnEmptyTarget(error: ObjectStoreError) async throws {
        try await restore(.on(.list, .fail(error))) { _, store, run in
            await #expect(throws: HoldfastError.self) { _ = try await run() }
            #expect(store.count(.put) == 0)
        }
    }

    @Test(arguments: [ObjectStoreError.denied, .brokenConnection])
    func aBucketThatCannotBeLookedAtIsNotMade(error: ObjectStoreError) async throws {
        try await Scene.with { scene in
            try await scene.fill(1)
            try await scene.backUp()
            var service = AlteredService(scene.source)
            service.bucketExistsError = error
            await #expect(throws: HoldfastError.self) { try await scene.restore(at: service) }
            #expect(try await scene.source.buckets() == [Scene.bucket])
        }
    }

    @Test func largeObjectsAreUploadedInParts() async throws {
        try await restore(large: true) { scene, store, run in
            let report = try await run()
            #expect(report.complete)
            #expect(store.count(.createUpload) == 1)
            #expect(store.count(.uploadPart) == 3)
            let before = try await BucketContents(of: scene.store)
            #expect(before.differences(from: try await BucketContents(of: scene.source.store(for: "target"))) == [])
        }
    }

    static let uploadFaults: [Fault] = [
        .on(.createUpload, .fail(.denied)), .on(.uploadPart, call: 1, .fail(.internalError)),
        .on(.uploadPart, call: 3, .fail(.internalError)), .on(.completeUpload, .fail(.internalError)),
    ]

    @Test(arguments: uploadFaults)
    func anUploadThatFailsIsAborted(fault: Fault) async throws {
        try await restore(fault, large: true) { scene, store, run in
            let report = try await run()
            #expect(report.exceptions.map(\.key) == ["large"])
            #expect(report.restoredCount == 5)
            let target = scene.source.store(for: "target")
            #expect(try await target.uploads(prefix: []).count == 0)
            #expect(try await !target.keys().contains("large"))
            #expect(store.count(.abortUpload) == store.count(.createUpload) - (store.count(.uploadPart) == 0 ? 1 : 0))
        }
    }

    @Test func aCancelledRestoreAbortsItsUpload() async throws {
        try await Scene.with { scene in
            var random = SeededGenerator(seed: 2)
            try await scene.store.put("large", random.bytes(33 << 20))
            try await scene.backUp()
            try await scene.source.createBucket("target")
            let target = scene.source.store(for: "target")
            let (arrivals, arrived) = AsyncStream<Void>.makeStream()
            let announce = Fault.Effect.run { _ in arrived.yield() }
            let faults = [Fault.on(.uploadPart, call: 2, announce), .on(.uploadPart, call: 2, .hang)]
            var service = AlteredService(scene.source)
            service.stores["target"] = FaultyObjectStore(target, faults)
            let run = Task { [service] in try await scene.restore(at: service) }
            for await _ in arrivals { break }
            run.cancel()
            await #expect(throws: CancellationError.self) { try await run.value }
            #expect(try await target.uploads(prefix: []).count == 0)
            #expect(try await target.keys() == [])
        }
    }

    @Test func bytesThatTheServerStoredWronglyAreNoticed() async throws {
        let lie = Fault.on(.head, key: "large", .claim(size: 5))
        try await restore(lie, large: true) { _, _, run in
            let report = try await run()
            #expect(report.exceptions.map(\.key) == ["large"])
        }
    }

    @Test(arguments: [3, 20 << 20])
    func damagedContentIsNeverWritten(size: Int) async throws {
        try await Scene.with { scene in
            var random = SeededGenerator(seed: 6)
            try await scene.store.put("a", random.bytes(size))
            try await scene.backUp(to: scene.local, compression: .none)
            try await scene.rewriteCatalog("UPDATE objects SET sha256 = zeroblob(32)")
            try await scene.source.createBucket("target")
            let store = FaultyObjectStore(scene.source.store(for: "target"), [])
            var service = AlteredService(scene.source)
            service.stores["target"] = store
            let report = try await scene.restore(from: scene.local, at: service)
            #expect(report.exceptions.map(\.reason) == ["corrupt"])
            #expect(store.count(.put) == 0)
            #expect(store.count(.completeUpload) == 0)
            #expect(try await scene.source.store(for: "target").uploads(prefix: []).count == 0)
        }
    }

    @Test func etagsThatSayNothingAreCheckedByReadingBack() async throws {
        try await Scene.with { scene in
            try await scene.fill(2)
            try await scene.backUp()
            try await scene.source.createBucket("target")
            var service = AlteredService(scene.source)
            let store = OpaqueStore(base: scene.source.store(for: "target"), damaged: ObjectKey("o01"))
            service.stores["target"] = store
            let report = try await scene.restore(at: service)
            #expect(report.restoredCount == 1)
            #expect(report.exceptions.map(\.key) == ["o01"])
        }
    }
}
