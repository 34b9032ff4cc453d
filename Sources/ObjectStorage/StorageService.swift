// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

package import struct Foundation.Date

/// A server: its buckets and their configuration.
package protocol StorageService: Sendable {
    /// For people: the endpoint's URL, without credentials.
    var name: String { get }

    /// What the server tells about itself; asked once and remembered.
    func identify() async throws -> ServerIdentity

    /// Every bucket that the credentials may see.
    func buckets() async throws -> [String]

    /// Whether the bucket exists and may be used. Throws `.accessDenied` when it is somebody else's.
    func bucketExists(_ bucket: String) async throws -> Bool

    /// Makes a bucket. An existing bucket of one's own throws `.bucketExists`.
    ///
    /// - Parameter objectLock: makes it one with versions that can be locked; this cannot be undone.
    func createBucket(_ bucket: String, objectLock: Bool) async throws

    /// Removes an empty bucket.
    func deleteBucket(_ bucket: String) async throws

    /// The objects of a bucket. Asks nothing of the server.
    func store(for bucket: String) -> any ObjectStore

    /// Whether there is a customer's key for an object, so that it is stored under one if it was.
    func hasCustomerKey(of key: ObjectKey, in bucket: String) -> Bool

    /// A document of a bucket's configuration as the server keeps it (XML, or JSON for the policy), or `nil` when none
    /// is set. A server that does not know the document throws `.notImplemented`.
    func document(_ document: BucketDocument, of bucket: String) async throws -> [UInt8]?

    /// Replaces a document of a bucket's configuration; `nil` removes it.
    func setDocument(_ document: BucketDocument, of bucket: String, to content: [UInt8]?) async throws
}

extension StorageService {
    /// For servers without such keys.
    package func hasCustomerKey(of key: ObjectKey, in bucket: String) -> Bool { false }

    /// Makes a bucket without Object Lock.
    package func createBucket(_ bucket: String) async throws {
        try await createBucket(bucket, objectLock: false)
    }
}

/// What a server is, as far as it tells, and what is known of servers of its kind.
package struct ServerIdentity: Sendable, Equatable {
    /// From the `Server` header: `MinIO`, `SeaweedFS …`, `AmazonS3`; `nil` when it does not say.
    package let product: String?
    package let region: String
    /// Whether this kind of server is known to send `x-amz-tagging-count` with every tagged object.
    package let tellsTagCount: Bool
    /// The server's own clock when it answered, from the `Date` header.
    package let clock: Date?

    package init(product: String?, region: String, tellsTagCount: Bool, clock: Date? = nil) {
        self.product = product
        self.region = region
        self.tellsTagCount = tellsTagCount
        self.clock = clock
    }
}

/// The parts of a bucket's configuration, named as in the S3 API.
package enum BucketDocument: String, CaseIterable, Sendable {
    case versioning, policy, lifecycle, cors, encryption, notification, tagging
    case objectLock = "object-lock"
    case ownershipControls
    case acl
}
