// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Catalog
import Holdfast
import NIOCore
import ObjectStorage
import Streams
import TestSupport
import Testing

/// An object that was uploaded in parts has the ETag again that it had.
@Suite(.timeLimit(.minutes(3))) struct PartSizeTests {
    /// Uploads an object in parts of these sizes.
    ///
    /// - Returns: its ETag.
    static func upload(_ key: String, _ sizes: [Int], to store: any ObjectStore) async throws -> String {
        var random = SeededGenerator(seed: UInt64(sizes.count))
        let key = ObjectKey(key)
        let upload = try await store.createUpload(key, PutOptions())
        var parts: [UploadedPart] = []
        for size in sizes {
            let body = ReplayableBody(ByteBuffer(bytes: random.bytes(size)))
            parts.append(try await store.uploadPart(key, upload, number: parts.count + 1, body))
        }
        return try await store.completeUpload(key, upload, parts, ifAbsent: false).etag
    }

    struct Case: Sendable, CustomTestStringConvertible {
        let name: String
        let sizes: [Int]
        /// Whether its ETag comes back from a server that tells the size of the first part, and from one that does not.
        var told = true
        var untold = true
        var testDescription: String { name }
    }

    static let cases = [
        Case(name: "small", sizes: [5 << 20, 1 << 20]),
        Case(name: "middling", sizes: [5 << 20, 5 << 20, 2 << 20]),
        Case(name: "full", sizes: [5 << 20, 5 << 20]),
        Case(name: "large", sizes: [8 << 20, 8 << 20, 8 << 20, 5]),
        // Of many sizes that fit, one that nobody uses is not tried.
        Case(name: "wide", sizes: [33 << 20, 1], untold: false),
        Case(name: "decimal", sizes: [6_000_000, 6_000_000, 3], untold: false),
        Case(name: "alone", sizes: [1000]),
        Case(name: "alone and large", sizes: [17 << 20]),
        Case(name: "empty", sizes: [0]),
        // A target that is strict refuses these: what is there in the end has an ETag of its own.
        Case(name: "uneven", sizes: [5 << 20, 6 << 20, 1 << 20], told: false, untold: false),
        Case(name: "tiny", sizes: [1000, 1000, 10], told: false, untold: false),
    ]

    @Test(arguments: cases, [true, false])
    func theETagComesBack(known: Case, isTold: Bool) async throws {
        try await Scene.with(InMemoryOptions { $0.tellsPartSizes = isTold }) { scene in
            let etag = try await Self.upload("x", known.sizes, to: scene.store)
            try await scene.store.put("plain", [1, 2, 3])
            let (service, store) = scene.source()
            #expect(try await scene.backUp(from: service).complete)
            // One request more for what has several parts, and none for the rest.
            let heads = store.calls.count { $0.operation == .head && $0.key == ObjectKey("x") }
            let isLarge = known.sizes.reduce(0, +) > 8 << 20
            #expect(heads == (known.sizes.count > 1 ? 1 : 0) + (isLarge ? 1 : 0))
            #expect(!store.calls.contains { $0.operation == .head && $0.key == ObjectKey("plain") })

            #expect(try await scene.restore().complete)
            let target = scene.source.store(for: "target")
            let comesBack = isTold ? known.told : known.untold
            #expect(try await (target.head(ObjectKey("x"), version: nil).etag == etag) == comesBack)
            let bytes = try await scene.store.get(ObjectKey("x"), GetOptions()).bytes.collect(upTo: 1 << 26)
            #expect(try await target.get(ObjectKey("x"), GetOptions()).bytes.collect(upTo: 1 << 26) == bytes)
            // What was not proven is not claimed.
            let row = try #require(try await scene.open().catalog.object(key: Array("x".utf8)))
            let isEven = known.name != "uneven"
            #expect((row.partSize != nil) == (isTold ? isEven : known.untold))
        }
    }

    /// A server whose ETags are no MD5s, as Amazon's with SSE-KMS.
    private struct ForeignStore: ForwardingStore {
        let base: any ObjectStore

        func uploadPart(
            _ key: ObjectKey, _ upload: UploadID, number: Int, _ body: ReplayableBody
        ) async throws -> UploadedPart {
            let part = try await base.uploadPart(key, upload, number: number, body)
            return UploadedPart(number: number, etag: String(part.etag.reversed()), size: part.size)
        }
    }

    @Test func whereETagsAreNoDigestsTheBytesComeBackAllTheSame() async throws {
        try await Scene.with { scene in
            _ = try await Self.upload("x", [5 << 20, 5 << 20, 1], to: scene.store)
            try await scene.backUp()
            try await scene.source.createBucket("target")
            let target = scene.source.store(for: "target")
            var service = AlteredService(scene.source)
            service.stores["target"] = ForeignStore(base: target)
            let report = try await scene.restore(at: service)
            #expect(report.complete && report.restoredCount == 1)
            #expect(try await target.head(ObjectKey("x"), version: nil).size == (10 << 20) + 1)
            #expect(try await target.uploads(prefix: []).isEmpty)
        }
    }

    /// Nobody asks again for what is known, and a description that is read again does not lose it.
    @Test func itStaysKnown() async throws {
        try await Scene.with { scene in
            let etag = try await Self.upload("x", [5 << 20, 5 << 20, 2 << 20], to: scene.store)
            try await scene.backUp()
            let next = try await scene.backUp("second", isFull: false, sweep: .always)
            #expect(next.unchangedCount == 1)
            let row = try #require(try await scene.open("second").catalog.object(key: Array("x".utf8)))
            #expect(row.partSize == 5 << 20 && row.listed.etag == etag)
        }
    }

    @Test(arguments: TestServer.expected.filter { $0.name == "seaweedfs" || $0.name == "ceph" })
    func realServersGetTheirETagsBack(server: TestServer) async throws {
        try await server.withService { service in
            let bucket = "parts-\(UInt64.random(in: .min ... .max))"
            try await service.createBucket(bucket)
            let store = service.store(for: bucket)
            var etags: [String: String] = [:]
            for known in Self.cases where known.untold {
                etags[known.name] = try await Self.upload(known.name, known.sizes, to: store)
            }
            try await Scene.with { scene in
                let report = try await BackupRun(
                    bucket: bucket, name: try BackupName("first"), source: service, vault: scene.vault,
                    options: BackupRun.Options(), environment: scene.environment
                ).run()
                #expect(report.complete)
                #expect(try await scene.restore(into: bucket + "-back", at: service).complete)
            }
            let back = service.store(for: bucket + "-back")
            for (key, etag) in etags {
                #expect(try await back.head(ObjectKey(key), version: nil).etag == etag, "\(key)")
            }
        }
    }
}
