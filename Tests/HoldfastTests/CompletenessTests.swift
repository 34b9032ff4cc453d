// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Catalog
import Holdfast
import NIOCore
import ObjectStorage
import Streams
import TestSupport
import Testing

/// What is listed is in the backup or on its list of exceptions, one object at a time.
@Suite struct CompletenessTests {
    /// A reader's bad luck with one object of three.
    struct Misfortune: Sendable, CustomTestStringConvertible {
        let reason: String
        let fault: Fault
        var testDescription: String { reason }
    }

    static let misfortunes = [
        Misfortune(reason: "vanished", fault: .on(.get, key: "o01", .vanish)),
        Misfortune(reason: "denied", fault: .on(.get, key: "o01", .fail(.denied))),
        Misfortune(reason: "archived", fault: .on(.get, key: "o01", .fail(.archived))),
        Misfortune(reason: "corrupt", fault: .on(.get, key: "o01", .flipBit(at: 1))),
        Misfortune(reason: "corrupt", fault: .on(.get, key: "o01", .truncateBody(to: 1))),
        Misfortune(reason: "failed", fault: .on(.get, key: "o01", .fail(.internalError))),
        Misfortune(reason: "failed", fault: .on(.get, key: "o01", .fail(.brokenConnection))),
    ]

    @Test(arguments: misfortunes)
    func oneObjectThatCannotBeReadIsAnException(misfortune: Misfortune) async throws {
        try await Scene.with { scene in
            try await scene.fill(3)
            let report = try await scene.backUp(from: scene.source(misfortune.fault).service)
            #expect(report.listedCount == 3)
            #expect(report.storedCount == 2)
            try await scene.expectExceptions(["o01": misfortune.reason], in: report)

            let restored = try await scene.restore()
            #expect(restored.restoredCount == 2)
            #expect(restored.missingFromBackup == 1)
            #expect(!restored.complete)
            #expect(try await scene.source.store(for: "target").keys() == ["o00", "o02"])
            let error = await expectError(.notFound) {
                _ = try await scene.open().object(Array("o01".utf8))
            }
            #expect(error?.message.contains(misfortune.reason) == true)
        }
    }

    /// A server that counts tags with the object and cannot give them, with whatever words, must not cost them silently.
    @Test(arguments: [ObjectStoreError.denied, .gone, .unimplemented])
    func tagsThatAreCountedAndCannotBeReadAreAnException(error: ObjectStoreError) async throws {
        try await Scene.with { scene in
            try await scene.store.put("o", [1], ObjectAttributes(tags: [ObjectStorage.Tag("colour", "red")]))
            let report = try await scene.backUp(from: scene.source(.on(.tags, key: "o", .fail(error))).service)
            #expect(report.storedCount == 1)
            try await scene.expectExceptions(["o": "metadata"], in: report)
        }
    }

    @Test func damageOnTheWayIsCuredByReadingAgain() async throws {
        try await Scene.with { scene in
            try await scene.fill(3)
            let (source, store) = scene.source(.on(.get, key: "o01", call: 1, .flipBit(at: 0)))
            let report = try await scene.backUp(from: source)
            #expect(report.complete)
            #expect(store.count(.get) == 4)
        }
    }

    @Test func anObjectThatChangesIsReadAgain() async throws {
        try await Scene.with { scene in
            try await scene.fill(3)
            let new = Array("the new one".utf8)
            let report = try await scene.backUp(
                from: scene.source(.on(.get, key: "o01", call: 1, .replace(new))).service)
            #expect(report.complete)
            #expect(report.changedCount == 1)
            try await scene.restore()
            #expect(try await scene.source.store(for: "target").text("o01") == "the new one")
        }
    }

    @Test func anObjectThatNeverStandsStillIsAnException() async throws {
        try await Scene.with { scene in
            try await scene.fill(3)
            let count = Guarded(0)
            let change = Fault.Effect.run { store in
                let number = count.with { count in
                    count += 1
                    return count
                }
                try await store.put("o01", Array("change \(number)".utf8))
            }
            let report = try await scene.backUp(from: scene.source(.on(.get, key: "o01", change)).service)
            try await scene.expectExceptions(["o01": "changed"], in: report)
            #expect(count.value < 20)
        }
    }

    @Test func aSmallObjectThatGrowsLargeIsBackedUpAsItIs() async throws {
        try await Scene.with { scene in
            try await scene.fill(3)
            let large = [UInt8](repeating: 9, count: (9 << 20) + 1)
            let report = try await scene.backUp(
                from: scene.source(.on(.get, key: "o01", call: 1, .replace(large))).service)
            #expect(report.complete)
            try await scene.restore()
            let body = try await scene.source.store(for: "target").get(ObjectKey("o01"), GetOptions())
            #expect(try await body.bytes.collect(upTo: 1 << 24) == ByteBuffer(bytes: large))
        }
    }

    @Test func unreadableTagsAreNotedAndTheObjectIsKept() async throws {
        try await Scene.with { scene in
            try await scene.fill(2)
            try await scene.store.put("o01", [1], ObjectAttributes(tags: [Tag("a", "b")]))
            let report = try await scene.backUp(from: scene.source(.on(.tags, key: "o01", .fail(.denied))).service)
            #expect(report.storedCount == 2)
            try await scene.expectExceptions(["o01": "metadata"], in: report)
            let restored = try await scene.restore()
            #expect(restored.restoredCount == 2)
            #expect(!restored.complete)
        }
    }

    @Test func tagsAreAskedForWhereTheServerNeverTellsOfThem() async throws {
        var options = InMemoryOptions()
        options.identity = ServerIdentity(product: "Quiet", region: "", tellsTagCount: false)
        try await Scene.with(options) { scene in
            try await scene.fill(2)
            let (source, store) = scene.source()
            #expect(try await scene.backUp(from: source).complete)
            #expect(store.count(.tags) == 2)
        }
        try await Scene.with { scene in
            try await scene.fill(2)
            let (source, store) = scene.source()
            #expect(try await scene.backUp(from: source).complete)
            #expect(store.count(.tags) == 0)
        }
    }

    @Test func aServerWithoutTaggingIsNoException() async throws {
        var options = InMemoryOptions()
        options.hasTagging = false
        options.identity = ServerIdentity(product: "Plain", region: "", tellsTagCount: false)
        try await Scene.with(options) { scene in
            try await scene.fill(2)
            #expect(try await scene.backUp().complete)
        }
    }

    @Test func exceptionsAreCountedBeyondThoseThatAreNamed() async throws {
        try await Scene.with { scene in
            for number in 0..<150 { try await scene.store.put("denied/\(number)", [1]) }
            try await scene.store.put("fine", [1])
            let faults = (0..<150).map { Fault.on(.get, key: "denied/\($0)", .fail(.denied)) }
            var service = AlteredService(scene.source)
            service.stores[Scene.bucket] = FaultyObjectStore(scene.store, faults)
            let report = try await scene.backUp(from: service)
            #expect(report.exceptionCount == 150)
            #expect(report.exceptions.count == 100)
            #expect(try await scene.open().catalog.exceptions().count == 150)
            #expect(try await scene.restore().missingFromBackup == 150)
        }
    }

    @Test func unreadableBucketDocumentsAreAWarning() async throws {
        try await Scene.with { scene in
            try await scene.fill(1)
            var service = AlteredService(scene.source)
            service.documentError = .denied
            let report = try await scene.backUp(from: service)
            #expect(report.complete)
            // One sentence for one reason, not one for each of ten documents.
            #expect(report.warnings.count { $0.contains("policy") && $0.contains("lifecycle") } == 1)
            #expect(try await scene.open().metadata?.bucketConfigurationUnread?["policy"] != nil)
        }
    }

    @Test func theBucketsOwnDocumentsAreKept() async throws {
        try await Scene.with { scene in
            try await scene.fill(1)
            try await scene.source.setDocument(.policy, of: Scene.bucket, to: Array("{\"policy\":1}".utf8))
            try await scene.backUp()
            #expect(try await scene.open().metadata?.bucketConfiguration?["policy"] == "{\"policy\":1}")
        }
    }
}
