// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Holdfast
import NIOCore
import ObjectStorage
import Streams
import TestSupport
import Testing

/// Large objects on real servers, which differ in what they keep of an upload in parts.
@Suite(.timeLimit(.minutes(5))) struct LargeObjectServersTests {
    @Test(arguments: TestServer.expected.filter { $0.limits.capabilities.contains(.tagging) })
    func aLargeObjectComesBackWithItsDescription(server: TestServer) async throws {
        try await server.withService { service in
            let bucket = "large-\(UInt64.random(in: .min ... .max))"
            try await service.createBucket(bucket)
            let store = service.store(for: bucket)
            var random = SeededGenerator(seed: 8)
            let attributes = ObjectAttributes(
                headers: [Field("content-type", "video/mp4")], metadata: [Field("camera", "7")],
                tags: [Tag("colour", "red"), Tag("year", "2026")])
            try await store.put("large", random.bytes(17 << 20), attributes)
            let before = try await BucketContents(of: store)
            #expect(before.objects.values.first?.attributes.tags.count == 2)
            try await Scene.with { scene in
                let run = BackupRun(
                    bucket: bucket, name: try BackupName("first"), source: service, vault: scene.vault,
                    options: BackupRun.Options(), environment: scene.environment)
                #expect(try await run.run().complete)
                let restored = try await scene.restore(into: bucket + "-back", at: service)
                #expect(restored.complete && restored.restoredCount == 1)
                let after = try await BucketContents(of: service.store(for: bucket + "-back"))
                #expect(before.differences(from: after) == [])
            }
        }
    }
}
