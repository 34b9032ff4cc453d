// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import NIOCore
package import ObjectStorage
package import Streams

/// A bucket of an ``InMemoryStorageService``.
package struct InMemoryObjectStore: ObjectStore {
    /// The server it belongs to.
    package let service: InMemoryStorageService
    package let bucket: String

    init(service: InMemoryStorageService, bucket: String) {
        self.service = service
        self.bucket = bucket
    }

    /// A new empty bucket on a server of its own.
    ///
    /// - Parameter versioning: whether versioning is enabled.
    package init(
        bucket: String = "bucket", versioning: Bool = false, _ options: InMemoryOptions = InMemoryOptions()
    ) async throws {
        service = InMemoryStorageService(options)
        self.bucket = bucket
        try await service.createBucket(bucket)
        if versioning {
            try await service.setDocument(.versioning, of: bucket, to: versioningDocument("Enabled"))
        }
    }

    package func list(_ query: ListQuery) async throws -> ListPage {
        try service.withBucket(bucket) { try $0.list(query) }
    }

    package func listVersions(_ query: VersionQuery) async throws -> VersionPage {
        try service.withBucket(bucket) { try $0.listVersions(query) }
    }

    package func get(_ key: ObjectKey, _ options: GetOptions) async throws -> ObjectBody {
        try Task.checkCancellation()
        let (stored, info) = try service.withBucket(bucket) { state in
            let stored = try state.version(options.version, of: key)
            return (stored.bytes, state.describe(stored, key))
        }
        if let expected = options.ifMatch, expected != info.etag {
            throw ObjectStoreError(
                .preconditionFailed, "\(key) is another object by now", status: 412, serverCode: "PreconditionFailed")
        }
        var range = 0..<info.size
        if let asked = options.range {
            guard asked.lowerBound >= 0, asked.lowerBound < info.size else {
                throw ObjectStoreError(
                    .rangeNotSatisfiable, "bytes from \(asked.lowerBound) of the \(info.size) of \(key)", status: 416,
                    serverCode: "InvalidRange")
            }
            range = asked.clamped(to: range)
        }
        // The range lies within a buffer in memory, so that it fits into Int.
        let slice =
            stored.getSlice(at: stored.readerIndex + Int(range.lowerBound), length: range.count) ?? ByteBuffer()
        guard range.count > options.wholeUpTo else {
            return ObjectBody(info: info, length: Int64(range.count), bytes: ByteStream(slice))
        }
        let pieces = BufferBytes(slice).stream(0..<Int64(range.count), blockSize: 1 << 16)
        return ObjectBody(info: info, length: Int64(range.count), bytes: pieces)
    }

    package func head(_ key: ObjectKey, version: VersionID?) async throws -> ObjectInfo {
        try service.withBucket(bucket) { state in
            try state.describe(state.version(version, of: key), key)
        }
    }

    package func firstPartSize(of key: ObjectKey, version: VersionID?) async throws -> Int64? {
        guard service.options.tellsPartSizes else { return nil }
        return try service.withBucket(bucket) { try $0.version(version, of: key).firstPartSize }
    }

    package func put(_ key: ObjectKey, _ body: ReplayableBody, _ options: PutOptions) async throws -> PutResult {
        let bytes = try await collect(body)
        try Task.checkCancellation()
        return try service.withBucket(bucket) { state in
            try state.checkWritable(key, ifAbsent: options.ifAbsent)
            try state.checkRetention(options.retention)
            let etag = hexadecimal(InMemoryBucket.md5(bytes))
            return state.store(key, bytes, etag: etag, attributes: options.attributes, retention: options.retention)
        }
    }

    package func delete(_ objects: [ObjectReference]) async throws -> [DeleteOutcome] {
        try service.withBucket(bucket) { state in
            try objects.map { object in
                do {
                    try state.delete(object)
                    return DeleteOutcome(object: object, error: nil)
                } catch let error as ObjectStoreError {
                    return DeleteOutcome(object: object, error: error)
                }
            }
        }
    }

    package func createUpload(_ key: ObjectKey, _ options: PutOptions) async throws -> UploadID {
        try service.withBucket(bucket) { try $0.createUpload(key, options) }
    }

    package func uploadPart(
        _ key: ObjectKey, _ upload: UploadID, number: Int, _ body: ReplayableBody
    ) async throws -> UploadedPart {
        let bytes = try await collect(body)
        try Task.checkCancellation()
        return try service.withBucket(bucket) { try $0.storePart(key, upload, number: number, bytes) }
    }

    package func copyPart(
        _ key: ObjectKey, _ upload: UploadID, number: Int, from source: ObjectKey, range: Range<Int64>, ifMatch: String
    ) async throws -> UploadedPart {
        guard service.options.hasPartCopies else {
            throw ObjectStoreError(.notImplemented, "no UploadPartCopy", status: 501, serverCode: "NotImplemented")
        }
        let body = try await get(
            source, GetOptions(range: range, ifMatch: ifMatch, wholeUpTo: Int(clamping: range.upperBound)))
        let bytes = try await body.bytes.collect(upTo: Int(clamping: body.length))
        return try service.withBucket(bucket) { try $0.storePart(key, upload, number: number, bytes) }
    }

    package func completeUpload(
        _ key: ObjectKey, _ upload: UploadID, _ parts: [UploadedPart], ifAbsent: Bool
    ) async throws -> PutResult {
        try service.withBucket(bucket) { try $0.complete(key, upload, parts, ifAbsent: ifAbsent) }
    }

    package func abortUpload(_ key: ObjectKey, _ upload: UploadID) async throws {
        try service.withBucket(bucket) { $0.uploads[upload] = nil }
    }

    package func parts(of key: ObjectKey, _ upload: UploadID) async throws -> [UploadedPart] {
        try service.withBucket(bucket) { try $0.parts(of: key, upload) }
    }

    package func uploads(prefix: [UInt8]) async throws -> [PendingUpload] {
        try service.withBucket(bucket) { $0.pendingUploads(prefix: prefix) }
    }

    package func tags(of key: ObjectKey, version: VersionID?) async throws -> [Tag] {
        guard service.options.hasTagging else {
            throw ObjectStoreError(.notImplemented, "no tagging", status: 501, serverCode: "NotImplemented")
        }
        return try service.withBucket(bucket) { try $0.version(version, of: key).attributes.tags }
    }

    package func acl(of key: ObjectKey, version: VersionID?) async throws -> [UInt8] {
        try service.withBucket(bucket) { try $0.version(version, of: key).acl }
    }

    package func apply(_ setting: ObjectSetting, to key: ObjectKey, version: VersionID?) async throws {
        try service.withBucket(bucket) { try $0.apply(setting, to: key, version) }
    }

    private func collect(_ body: ReplayableBody) async throws -> ByteBuffer {
        let bytes = try await body.makeStream().collect(upTo: Int(clamping: body.length))
        guard Int64(bytes.readableBytes) == body.length else {
            throw ObjectStoreError(
                .badRequest, "a body of \(bytes.readableBytes) bytes announced as \(body.length)", status: 400,
                serverCode: "IncompleteBody")
        }
        return bytes
    }
}

extension InMemoryBucket {
    /// What `head` and `get` say: everything but the tags.
    fileprivate func describe(_ version: StoredVersion, _ key: ObjectKey) -> ObjectInfo {
        var info = info(version, of: key)
        info.attributes = version.attributes
        info.attributes.tags = []
        info.retention = version.retention
        info.hasLegalHold = version.hasLegalHold
        let tags = version.attributes.tags.count
        if options.hasTagging, tags > 0 { info.tagCount = tags }
        return info
    }
}
