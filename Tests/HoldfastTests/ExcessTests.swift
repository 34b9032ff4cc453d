// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Catalog
import Holdfast
import ObjectStorage
import TestSupport
import Testing

/// One object of which a server says more than a catalog holds is an exception; the others are backed up.
@Suite struct ExcessTests {
    /// A store that lists, or gives, things of `o01` that no server means.
    private struct ExaggeratingStore: ForwardingStore {
        private static let key = ObjectKey("o01")

        let base: any ObjectStore
        var inListing: @Sendable (inout ObjectInfo) -> Void = { _ in }
        var inAnswer: @Sendable (inout ObjectInfo) -> Void = { _ in }

        func list(_ query: ListQuery) async throws -> ListPage {
            var page = try await base.list(query)
            for index in page.objects.indices where page.objects[index].key == Self.key {
                inListing(&page.objects[index])
            }
            return page
        }

        func get(_ key: ObjectKey, _ options: GetOptions) async throws -> ObjectBody {
            let body = try await base.get(key, options)
            var info = body.info
            if key == Self.key { inAnswer(&info) }
            return ObjectBody(info: info, length: body.length, bytes: body.bytes)
        }

        func head(_ key: ObjectKey, version: VersionID?) async throws -> ObjectInfo {
            var info = try await base.head(key, version: version)
            if key == Self.key { inAnswer(&info) }
            return info
        }
    }

    private static let huge = [UInt8](repeating: 0x78, count: 200_000)

    private func service(_ scene: Scene, _ store: ExaggeratingStore) -> AlteredService {
        var service = AlteredService(scene.source)
        service.stores[Scene.bucket] = store
        return service
    }

    private func expectOneException(
        _ scene: Scene, _ store: ExaggeratingStore, of what: String, sourceLocation: SourceLocation = #_sourceLocation
    ) async throws {
        let report = try await scene.backUp(from: service(scene, store))
        #expect(report.listedCount == 3 && report.storedCount == 2, sourceLocation: sourceLocation)
        try await scene.expectExceptions(["o01": "limit"], in: report, sourceLocation: sourceLocation)
        let message = try #require(report.exceptions.first?.message, sourceLocation: sourceLocation)
        #expect(message.contains(what), sourceLocation: sourceLocation)
        #expect(try await scene.verify(.contents).isSound, sourceLocation: sourceLocation)
        #expect(try await scene.restore().restoredCount == 2, sourceLocation: sourceLocation)
    }

    @Test func aListedRowBeyondTheLimits() async throws {
        try await Scene.with { scene in
            try await scene.fill(3)
            let store = ExaggeratingStore(
                base: scene.store,
                inListing: { $0.attributes.storageClass = String(decoding: Self.huge, as: UTF8.self) })
            try await expectOneException(scene, store, of: "storage class of 200000 bytes")
        }
    }

    @Test func aNegativeSize() async throws {
        try await Scene.with { scene in
            try await scene.fill(3)
            let store = ExaggeratingStore(base: scene.store, inListing: { $0.size = .min })
            try await expectOneException(scene, store, of: "a negative size")
        }
    }

    @Test func aFetchedRowBeyondTheLimits() async throws {
        try await Scene.with { scene in
            try await scene.fill(3)
            let store = ExaggeratingStore(
                base: scene.store, inAnswer: { $0.attributes.metadata = [Field("long", Self.huge)] })
            try await expectOneException(scene, store, of: "metadata of 200004 bytes")
        }
    }

    @Test func aLargeObjectBeyondTheLimits() async throws {
        try await Scene.with { scene in
            try await scene.fill(3)
            try await scene.store.put("o01", [UInt8](repeating: 1, count: 9 << 20))
            let store = ExaggeratingStore(
                base: scene.store, inAnswer: { $0.attributes.headers = [Field("cache-control", Self.huge)] })
            try await expectOneException(scene, store, of: "headers of 200013 bytes")
        }
    }

    @Test func twoFlawsOfOneObjectAreBothTold() async throws {
        try await Scene.with { scene in
            try await scene.fill(3)
            try await scene.store.put("o01", [1], ObjectAttributes(tags: [Tag("a", "b")]))
            let faulty = FaultyObjectStore(scene.store, [.on(.tags, key: "o01", .fail(.denied))])
            let store = ExaggeratingStore(base: faulty, inAnswer: { $0.missingMetadata = 2 })
            let report = try await scene.backUp(from: service(scene, store))
            #expect(report.storedCount == 3)
            try await scene.expectExceptions(["o01": "metadata"], in: report)
            let message = try #require(try await scene.open().catalog.exceptions().first?.message)
            #expect(message.contains("tags cannot be read") && message.contains("2 metadata fields"))
        }
    }

    @Test func aTargetThatListsSuchARowIsRefused() async throws {
        try await Scene.with { scene in
            try await scene.fill(2)
            try await scene.backUp()
            let store = ExaggeratingStore(base: scene.store, inListing: { $0.size = -1 })
            let error = await expectError(.failed) {
                try await scene.restore(into: Scene.bucket, at: service(scene, store))
            }
            #expect(error?.message.contains("o01") == true)
        }
    }
}
