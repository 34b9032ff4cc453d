// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Holdfast
import NIOCore
import ObjectStorage
import TestSupport
import Testing

/// One object out of a large sealed archive in a bucket costs a few small requests.
@Suite struct SealedRequestTests {
    /// Counts what is read of a store.
    private struct CountingStore: ForwardingStore {
        let base: any ObjectStore
        let bytes = Guarded(Int64(0))
        let requests = Guarded(0)

        func meet<Value: Sendable>(_ request: () async throws -> Value) async throws -> Value {
            requests.with { $0 += 1 }
            return try await request()
        }

        func get(_ key: ObjectKey, _ options: GetOptions) async throws -> ObjectBody {
            let body = try await meet { try await base.get(key, options) }
            bytes.with { $0 += body.length }
            return body
        }
    }

    @Test func oneSmallObjectCostsFiveRequests() async throws {
        try await Scene.with { scene in
            let mine = TestIdentity()
            var random = SeededGenerator(seed: 8)
            let wanted = random.bytes(20 << 10)
            for number in 0..<3 { try await scene.store.put("a-large-\(number)", random.bytes(12 << 20)) }
            try await scene.store.put("b-small", wanted)
            for number in 0..<2 { try await scene.store.put("c-large-\(number)", random.bytes(12 << 20)) }
            try await scene.backUp(sealedTo: [mine], in: Vault(copies: [scene.bucketCopy]))

            let store = CountingStore(base: scene.vaultService.store(for: "backups"))
            var service = AlteredService(scene.vaultService)
            service.stores["backups"] = store
            let vault = Vault(copies: [BucketCopy(service: service, bucket: "backups")])
            let entry = try await vault.find("first")
            #expect(entry.size > 50 << 20)
            store.requests.with { $0 = 0 }
            let backup = try await OpenedBackup.open(
                entry, in: vault, try scene.environment(opening: [mine], host: "reader"))
            #expect(try await content("b-small", of: backup) == wanted)
            #expect(store.requests.value <= 5, "\(store.requests.value) requests")
            #expect(store.bytes.value <= 4 << 20, "\(store.bytes.value) bytes")
        }
    }
}
