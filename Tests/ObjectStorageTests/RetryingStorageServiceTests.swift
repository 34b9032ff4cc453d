// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import ObjectStorage
import TestSupport
import Testing

@Suite struct RetryingStorageServiceTests {
    /// Does every call, and loses the answer to the first change.
    private final class Forgetful: StorageService {
        let service = InMemoryStorageService()
        private let lost = Guarded(0)
        private let error: ObjectStoreError

        init(_ error: ObjectStoreError = .brokenConnection) {
            self.error = error
        }

        var name: String { service.name }
        func identify() async throws -> ServerIdentity { try await service.identify() }
        func buckets() async throws -> [String] { try await losing { try await service.buckets() } }
        func bucketExists(_ bucket: String) async throws -> Bool { try await service.bucketExists(bucket) }
        func createBucket(_ bucket: String, objectLock: Bool) async throws {
            try await losing { try await service.createBucket(bucket, objectLock: objectLock) }
        }
        func deleteBucket(_ bucket: String) async throws { try await losing { try await service.deleteBucket(bucket) } }
        func store(for bucket: String) -> any ObjectStore { service.store(for: bucket) }
        func document(_ document: BucketDocument, of bucket: String) async throws -> [UInt8]? {
            try await service.document(document, of: bucket)
        }
        func setDocument(_ document: BucketDocument, of bucket: String, to content: [UInt8]?) async throws {
            try await service.setDocument(document, of: bucket, to: content)
        }

        private func losing<Value>(_ body: () async throws -> Value) async throws -> Value {
            let value = try await body()
            let count = lost.with { count in
                count += 1
                return count
            }
            if count == 1 { throw error }
            return value
        }
    }

    private let retries = RetryLoop(clock: ManualClock(isAutomatic: true))

    @Test("a bucket made by the lost attempt counts as made")
    func createdBucket() async throws {
        let service = RetryingStorageService(Forgetful(), retries: retries)
        try await service.createBucket("bucket")
        #expect(try await service.buckets() == ["bucket"])
    }

    @Test("a bucket with content is another's, answer lost or not")
    func existingBucket() async throws {
        let forgetful = Forgetful()
        let service = RetryingStorageService(forgetful, retries: retries)
        _ = try? await forgetful.buckets()
        try await forgetful.createBucket("bucket")
        let error = await #expect(throws: ObjectStoreError.self) { try await service.createBucket("bucket") }
        #expect(error?.code == .bucketExists)
    }

    @Test("a bucket removed by the lost attempt counts as removed")
    func deletedBucket() async throws {
        let forgetful = Forgetful()
        try await forgetful.service.createBucket("bucket")
        let service = RetryingStorageService(forgetful, retries: retries)
        try await service.deleteBucket("bucket")
        #expect(try await forgetful.bucketExists("bucket") == false)
    }

    @Test("a question is asked again")
    func question() async throws {
        let forgetful = Forgetful(.internalError)
        try await forgetful.service.createBucket("bucket")
        #expect(try await RetryingStorageService(forgetful, retries: retries).buckets() == ["bucket"])
    }

    @Test("its stores count into one place")
    func stores() async throws {
        let service = RetryingStorageService(InMemoryStorageService(), retries: retries)
        for bucket in ["one", "two"] {
            try await service.createBucket(bucket)
            _ = try await service.store(for: bucket).list(ListQuery())
        }
        #expect(service.counters.snapshot[.list].requests == 2)
    }
}
