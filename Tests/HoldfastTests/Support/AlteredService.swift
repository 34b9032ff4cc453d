// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import ObjectStorage

/// A server of which something is different: the store of a bucket, its name, an answer.
struct AlteredService: StorageService {
    let base: any StorageService
    var stores: [String: any ObjectStore] = [:]
    var identity: ServerIdentity?
    var bucketExistsError: ObjectStoreError?
    var documentError: ObjectStoreError?
    var name: String

    init(_ base: any StorageService) {
        self.base = base
        name = base.name
    }

    func identify() async throws -> ServerIdentity {
        if let identity { return identity }
        return try await base.identify()
    }

    func buckets() async throws -> [String] { try await base.buckets() }

    func bucketExists(_ bucket: String) async throws -> Bool {
        if let bucketExistsError { throw bucketExistsError }
        return try await base.bucketExists(bucket)
    }

    func createBucket(_ bucket: String, objectLock: Bool) async throws {
        try await base.createBucket(bucket, objectLock: objectLock)
    }
    func deleteBucket(_ bucket: String) async throws { try await base.deleteBucket(bucket) }
    func store(for bucket: String) -> any ObjectStore { stores[bucket] ?? base.store(for: bucket) }

    func document(_ document: BucketDocument, of bucket: String) async throws -> [UInt8]? {
        if let documentError { throw documentError }
        return try await base.document(document, of: bucket)
    }

    func setDocument(_ document: BucketDocument, of bucket: String, to content: [UInt8]?) async throws {
        try await base.setDocument(document, of: bucket, to: content)
    }
}
