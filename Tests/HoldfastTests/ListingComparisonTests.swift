// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Holdfast
import NIOPosix
import ObjectStorage
import SystemPackage
import TestSupport
import Testing

/// The two listings of a bucket with versions are compared, and what one leaves out is named.
@Suite struct ListingComparisonTests {
    /// A store whose listings leave out keys, and where something happens between one listing and the next.
    private struct LosingStore: ForwardingStore {
        let base: any ObjectStore
        var fromObjects: Set<ObjectKey> = []
        var fromVersions: Set<ObjectKey> = []
        /// Whether versions are lost with a delimiter as well.
        var losesInWalk = false
        var beforeVersions: @Sendable (any ObjectStore) async throws -> Void = { _ in }

        func list(_ query: ListQuery) async throws -> ListPage {
            var page = try await base.list(query)
            page.objects.removeAll { fromObjects.contains($0.key) }
            return page
        }

        func listVersions(_ query: VersionQuery) async throws -> VersionPage {
            try await beforeVersions(base)
            var page = try await base.listVersions(query)
            if losesInWalk || query.delimiter == nil {
                page.versions.removeAll { fromVersions.contains($0.info.key) }
            }
            return page
        }
    }

    /// Two versions of each of nine objects in three folders, and one that was deleted.
    private func fill(_ scene: Scene) async throws {
        try await scene.source.setDocument(.versioning, of: Scene.bucket, to: versioningDocument("Enabled"))
        for folder in ["a/", "b/", ""] {
            for number in 1...3 {
                for version in 1...2 { try await scene.store.put("\(folder)o\(number)", [UInt8(version)]) }
            }
        }
        try await scene.store.put("gone", [1])
        _ = try await scene.store.delete([ObjectReference(ObjectKey("gone"))])
    }

    private func compare(_ scene: Scene, _ store: LosingStore) async throws -> ListingComparison.Result {
        try await ListingComparison(store: store, environment: scene.environment, pageSize: 4).run()
    }

    @Test func listingsThatAgree() async throws {
        try await Scene.with { scene in
            try await fill(scene)
            let result = try await compare(scene, LosingStore(base: scene.store))
            #expect(result.common == 9)
            #expect(result.missingInVersions.count == 0 && result.missingInObjects.count == 0)
            #expect(names(in: scene.root.appending("state").appending("work")).isEmpty)
        }
    }

    @Test(arguments: [false, true])
    func keysThatTheVersionListingLoses(losesInWalk: Bool) async throws {
        try await Scene.with { scene in
            try await fill(scene)
            var store = LosingStore(base: scene.store, fromVersions: [ObjectKey("a/o3"), ObjectKey("o1")])
            store.losesInWalk = losesInWalk
            let result = try await compare(scene, store)
            #expect(result.common == 7)
            #expect(result.missingInVersions.named == [ObjectKey("a/o3"), ObjectKey("o1")])
            #expect(result.missingInObjects.count == 0)
            #expect(result.missingInWalk == (losesInWalk ? 2 : 0))
        }
    }

    @Test func keysThatTheObjectListingLoses() async throws {
        try await Scene.with { scene in
            try await fill(scene)
            let result = try await compare(scene, LosingStore(base: scene.store, fromObjects: [ObjectKey("b/o2")]))
            #expect(result.missingInObjects.named == [ObjectKey("b/o2")])
            #expect(result.missingInObjects.count == 1)
            #expect(result.missingInVersions.count == 0)
        }
    }

    @Test func whatChangesMeanwhileIsNotLost() async throws {
        try await Scene.with { scene in
            try await fill(scene)
            let store = LosingStore(
                base: scene.store,
                beforeVersions: { store in
                    _ = try await store.delete([ObjectReference(ObjectKey("a/o1"))])
                    try await store.put("new", [1])
                })
            let result = try await compare(scene, store)
            #expect(result.common == 8)
            #expect(result.missingInVersions.count == 0 && result.missingInObjects.count == 0)
        }
    }

    @Test func theCheckNamesTheKeysAndSaysWhatToDo() async throws {
        try await Scene.with { scene in
            try await fill(scene)
            var service = AlteredService(scene.source)
            service.stores[Scene.bucket] = LosingStore(
                base: scene.store, fromObjects: [ObjectKey("o2")], fromVersions: [ObjectKey("a/o3")])
            let results = await HealthCheck(
                source: service, origin: nil, vault: scene.vault, environment: scene.environment
            ).run(bucket: Scene.bucket).filter { $0.subject == "versions" }
            #expect(results.map(\.verdict) == [.bad, .warning])
            #expect(results.first?.finding.contains("1 key (o2)") == true)
            #expect(results.last?.finding.contains("1 key (a/o3)") == true)
            #expect(results.allSatisfy { $0.fix != nil })
        }
    }

    @Test func aBucketWithoutVersionsIsListedOnce() async throws {
        try await Scene.with { scene in
            try await scene.fill(3)
            let (source, store) = scene.source()
            let results = await HealthCheck(
                source: source, origin: nil, vault: scene.vault, environment: scene.environment
            ).run(bucket: Scene.bucket)
            #expect(results.last { $0.subject == "versions" }?.verdict == .good)
            #expect(store.count(.list) == 1)
        }
    }

    /// SeaweedFS walks directories (`photos` before `photos-old`) and goes on after a page by comparing bytes
    /// (`photos-old/` before `photos/`), so that a page that ends within `photos/` loses what is left of `photos-old/`.
    @Test(.enabled(if: TestServer.expected.contains { $0.name == "seaweedfs" }))
    func seaweedFSLosesKeys() async throws {
        let server = try #require(TestServer.all.first { $0.name == "seaweedfs" })
        let transport = try AsyncHTTPClientTransport(eventLoopGroup: MultiThreadedEventLoopGroup.singleton)
        do {
            let service = try server.service(over: transport)
            let bucket = "listings-\(UInt64.random(in: .min ... .max))"
            try await service.createBucket(bucket)
            try await service.setDocument(.versioning, of: bucket, to: versioningDocument("Enabled"))
            let store = service.store(for: bucket)
            for number in 10..<23 {
                for folder in ["photos", "photos-old"] { try await store.put("\(folder)/\(number)", [1]) }
            }
            try await Scene.with { scene in
                let comparison = ListingComparison(store: store, environment: scene.environment, pageSize: 10)
                let result = try await comparison.run()
                #expect(result.common + result.missingInVersions.count == 26)
                #expect(result.missingInVersions.count > 0)
                #expect(result.missingInVersions.named.allSatisfy { $0.bytes.starts(with: "photos-old/".utf8) })
                #expect(result.missingInObjects.count == 0)
                #expect(result.missingInWalk == 0)
            }
            try await transport.shutdown()
        } catch {
            try? await transport.shutdown()
            throw error
        }
    }
}
