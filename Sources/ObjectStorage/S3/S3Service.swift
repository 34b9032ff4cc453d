// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

/// An S3 server with the credentials to use it.
package struct S3Service: StorageService {
    /// For the calls that the contract does not know: locks, copies, attributes.
    package let client: S3Client
    private let identity = RememberedIdentity()

    package init(_ client: S3Client) {
        self.client = client
    }

    package var name: String { client.endpoint.description }

    package func identify() async throws -> ServerIdentity {
        if let known = identity.value { return known }
        let found = try await client.identity()
        identity.remember(found)
        return found
    }

    package func buckets() async throws -> [String] {
        try await client.buckets()
    }

    package func bucketExists(_ bucket: String) async throws -> Bool {
        try await client.bucketExists(bucket)
    }

    package func createBucket(_ bucket: String, objectLock: Bool) async throws {
        try await client.createBucket(bucket, objectLock: objectLock)
    }

    package func deleteBucket(_ bucket: String) async throws {
        try await client.deleteBucket(bucket)
    }

    package func store(for bucket: String) -> any ObjectStore {
        S3ObjectStore(client, bucket: bucket)
    }

    package func hasCustomerKey(of key: ObjectKey, in bucket: String) -> Bool {
        client.options.customerKeys.key(of: key, in: bucket) != nil
    }

    package func document(_ document: BucketDocument, of bucket: String) async throws -> [UInt8]? {
        try await client.document(document, of: bucket)
    }

    package func setDocument(_ document: BucketDocument, of bucket: String, to content: [UInt8]?) async throws {
        try await client.setDocument(document, of: bucket, to: content)
    }
}
