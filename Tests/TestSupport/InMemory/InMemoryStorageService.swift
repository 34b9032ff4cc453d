// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

package import ObjectStorage
import Synchronization

/// A server in memory: the reference implementation of the contract.
package final class InMemoryStorageService: StorageService {
    package let options: InMemoryOptions
    private let contents = Mutex<[String: InMemoryBucket]>([:])

    package init(_ options: InMemoryOptions = InMemoryOptions()) {
        self.options = options
    }

    package var name: String { "memory:" }

    package func identify() async throws -> ServerIdentity { options.identity }

    package func buckets() async throws -> [String] {
        contents.withLock { $0.keys.sorted() }
    }

    package func bucketExists(_ bucket: String) async throws -> Bool {
        contents.withLock { $0[bucket] != nil }
    }

    package func createBucket(_ bucket: String, objectLock: Bool) async throws {
        try contents.withLock { contents in
            guard contents[bucket] == nil else {
                throw ObjectStoreError(
                    .bucketExists, "bucket \(bucket) exists", status: 409, serverCode: "BucketAlreadyOwnedByYou")
            }
            var created = InMemoryBucket(name: bucket, options: options)
            if objectLock {
                created.documents[.objectLock] = Array(
                    "<ObjectLockConfiguration><ObjectLockEnabled>Enabled</ObjectLockEnabled></ObjectLockConfiguration>"
                        .utf8)
                created.documents[.versioning] = versioningDocument("Enabled")
                created.versioning = .enabled
            }
            contents[bucket] = created
        }
    }

    package func deleteBucket(_ bucket: String) async throws {
        let isEmpty = try withBucket(bucket) { $0.isEmpty }
        guard isEmpty else {
            throw ObjectStoreError(
                .conflict, "bucket \(bucket) is not empty", status: 409, serverCode: "BucketNotEmpty")
        }
        contents.withLock { $0[bucket] = nil }
    }

    /// Gives the current version of an object other tags, as PutObjectTagging does: nothing else of it changes.
    package func setTags(_ tags: [Tag], of key: ObjectKey, in bucket: String) throws {
        try withBucket(bucket) { try $0.setTags(tags, of: key) }
    }

    package func store(for bucket: String) -> any ObjectStore {
        InMemoryObjectStore(service: self, bucket: bucket)
    }

    package func document(_ document: BucketDocument, of bucket: String) async throws -> [UInt8]? {
        try withBucket(bucket) { $0.documents[document] }
    }

    /// Versioning takes effect; every other document is only kept.
    package func setDocument(_ document: BucketDocument, of bucket: String, to content: [UInt8]?) async throws {
        if document == .versioning, !options.hasVersioning {
            throw ObjectStoreError(.notImplemented, "no versioning", status: 501, serverCode: "NotImplemented")
        }
        try withBucket(bucket) { state in
            if document == .versioning {
                let text = String(decoding: content ?? [], as: UTF8.self)
                if text.contains("<Status>Enabled</Status>") {
                    state.versioning = .enabled
                } else if text.contains("<Status>Suspended</Status>") {
                    state.versioning = .suspended
                } else {
                    throw ObjectStoreError(
                        .badRequest, "not a versioning document", status: 400, serverCode: "MalformedXML")
                }
            }
            state.documents[document] = content
        }
    }

    func withBucket<Value: Sendable>(
        _ bucket: String, _ body: (inout InMemoryBucket) throws -> Value
    ) throws -> Value {
        try contents.withLock { contents in
            guard let index = contents.index(forKey: bucket) else {
                throw ObjectStoreError(
                    .noSuchBucket, "no bucket \(bucket)", status: 404, serverCode: "NoSuchBucket")
            }
            return try body(&contents.values[index])
        }
    }
}

/// A versioning document, as S3 wants it.
package func versioningDocument(_ status: String) -> [UInt8] {
    Array(
        ("<VersioningConfiguration xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Status>\(status)</Status>"
            + "</VersioningConfiguration>").utf8)
}
