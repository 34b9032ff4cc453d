// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Holdfast
import ObjectStorage
import TestSupport
import Testing

/// A source that cannot be read never looks like a backup, and leaves nothing behind.
@Suite struct LostSourceTests {
    private var paged: InMemoryOptions { InMemoryOptions { $0.pageLimit = 2 } }

    private func expectNoBackup(
        _ code: HoldfastError.Code, _ faults: Fault..., sourceLocation: SourceLocation = #_sourceLocation
    ) async throws {
        try await Scene.with(paged) { scene in
            try await scene.fill(9)
            var service = AlteredService(scene.source)
            service.stores[Scene.bucket] = FaultyObjectStore(scene.store, faults)
            await expectError(code, sourceLocation: sourceLocation) { try await scene.backUp(from: service) }
            try await scene.expectNothingLeft(sourceLocation: sourceLocation)
        }
    }

    @Test(arguments: [1, 2, 4])
    func aListingThatBreaksOff(page: Int) async throws {
        try await expectNoBackup(.unreachable, .on(.list, call: page, .fail(.brokenConnection)))
        try await expectNoBackup(.failed, .on(.list, call: page, .fail(.internalError)))
        try await expectNoBackup(.accessDenied, .on(.list, call: page, .fail(.denied)))
    }

    @Test func aListingThatGoesInCircles() async throws {
        try await expectNoBackup(.failed, .on(.list, calls: 2...Int.max, .repeatPage))
    }

    @Test(arguments: [1, 5])
    func aServerThatIsGoneInTheMiddle(object: Int) async throws {
        try await expectNoBackup(
            .unreachable, .on(.get, calls: object...Int.max, .fail(.brokenConnection)),
            .on(.list, calls: 6...Int.max, .fail(.brokenConnection)))
    }

    @Test func aBucketThatIsGoneInTheMiddle() async throws {
        let gone = ObjectStoreError(.noSuchBucket, "no such bucket", status: 404, serverCode: "NoSuchBucket")
        try await expectNoBackup(.notFound, .on(.get, calls: 3...Int.max, .fail(gone)))
    }

    @Test func credentialsThatExpireInTheMiddle() async throws {
        let expired = ObjectStoreError(.unauthorized, "expired", status: 403, serverCode: "ExpiredToken")
        try await expectNoBackup(.accessDenied, .on(.get, calls: 3...Int.max, .fail(expired)))
    }

    @Test func objectsOfWhichNoneCanBeRead() async throws {
        try await expectNoBackup(.failed, .on(.get, .fail(.denied)))
    }

    @Test func aMissingBucket() async throws {
        try await Scene.with { scene in
            try await scene.source.deleteBucket(Scene.bucket)
            let error = await expectError(.notFound) { try await scene.backUp() }
            #expect(error?.hint != nil)
            try await scene.expectNothingLeft()
        }
    }

    @Test(arguments: [
        (ObjectStoreError.brokenConnection, HoldfastError.Code.unreachable), (.denied, .accessDenied),
        (ObjectStoreError(.unauthorized, "wrong key"), .accessDenied), (ObjectStoreError(.clockSkew, "late"), .failed),
    ])
    func aServerThatDoesNotLetUsIn(answer: ObjectStoreError, code: HoldfastError.Code) async throws {
        try await Scene.with { scene in
            try await scene.fill(1)
            var service = AlteredService(scene.source)
            service.bucketExistsError = answer
            let error = await expectError(code) { try await scene.backUp(from: service) }
            #expect(error?.hint != nil)
            try await scene.expectNothingLeft()
        }
    }

    @Test func anEmptyBucketIsRefusedUnlessAllowed() async throws {
        try await Scene.with { scene in
            let error = await expectError(.failed) { try await scene.backUp() }
            #expect(error?.hint?.contains("--allow-empty") == true)
            try await scene.expectNothingLeft()

            let report = try await scene.backUp(allowEmpty: true)
            #expect(report.complete)
            #expect(report.storedCount == 0)
            for depth in VerifyDepth.allCases { #expect(try await scene.verify(depth).isSound) }
            let restored = try await scene.restore()
            #expect(restored.restoredCount == 0)
            #expect(restored.complete)
            #expect(try await scene.source.bucketExists("target"))
        }
    }

    @Test func aKeyThatIsListedTwiceIsStoredOnce() async throws {
        try await Scene.with(paged) { scene in
            try await scene.fill(9)
            var service = AlteredService(scene.source)
            service.stores[Scene.bucket] = RepeatingStore(base: scene.store)
            let report = try await scene.backUp(from: service)
            #expect(report.complete)
            #expect(report.listedCount == 9)
            #expect(report.storedCount == 9)
            #expect(try await scene.verify(.contents).isSound)
            #expect(try await scene.restore().restoredCount == 9)
        }
    }
}
