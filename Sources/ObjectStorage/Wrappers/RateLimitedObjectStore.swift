// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import NIOCore
package import Streams

/// Waits before bodies of objects and parts are sent, and between the pieces of those that come.
///
/// Listings, documents and headers are not held back. A body to send waits as a whole, so that the server never sees a
/// request that stands still; one that comes is read no faster than its pieces may pass, and the server's own connection
/// slows it down. What is on its way then is at most what the transport buffers of each body.
package struct RateLimitedObjectStore: ObjectStore {
    private let store: any ObjectStore
    private let bandwidth: Bandwidth

    package init(_ store: any ObjectStore, bandwidth: Bandwidth) {
        self.store = store
        self.bandwidth = bandwidth
    }

    package var bucket: String { store.bucket }

    package func get(_ key: ObjectKey, _ options: GetOptions) async throws -> ObjectBody {
        guard let limit = bandwidth.download else { return try await store.get(key, options) }
        // Collected below the limit, a body would come at once.
        var streamed = options
        streamed.wholeUpTo = 0
        let body = try await store.get(key, streamed)
        let paced = ByteStream(PacedStream(source: body.bytes, length: body.length, limit: limit))
        guard body.length <= Int64(options.wholeUpTo) else {
            return ObjectBody(info: body.info, length: body.length, bytes: paced)
        }
        let whole = try await paced.collect(upTo: options.wholeUpTo)
        return ObjectBody(info: body.info, length: body.length, bytes: ByteStream(whole))
    }

    package func firstPartSize(of key: ObjectKey, version: VersionID?) async throws -> Int64? {
        try await store.firstPartSize(of: key, version: version)
    }

    package func put(_ key: ObjectKey, _ body: ReplayableBody, _ options: PutOptions) async throws -> PutResult {
        try await bandwidth.upload?.pass(body.length, ofBody: body.length)
        return try await store.put(key, body, options)
    }

    package func uploadPart(
        _ key: ObjectKey, _ upload: UploadID, number: Int, _ body: ReplayableBody
    ) async throws -> UploadedPart {
        try await bandwidth.upload?.pass(body.length, ofBody: body.length)
        return try await store.uploadPart(key, upload, number: number, body)
    }

    package func list(_ query: ListQuery) async throws -> ListPage { try await store.list(query) }

    package func listVersions(_ query: VersionQuery) async throws -> VersionPage {
        try await store.listVersions(query)
    }

    package func head(_ key: ObjectKey, version: VersionID?) async throws -> ObjectInfo {
        try await store.head(key, version: version)
    }

    package func delete(_ objects: [ObjectReference]) async throws -> [DeleteOutcome] {
        try await store.delete(objects)
    }

    package func createUpload(_ key: ObjectKey, _ options: PutOptions) async throws -> UploadID {
        try await store.createUpload(key, options)
    }

    package func copyPart(
        _ key: ObjectKey, _ upload: UploadID, number: Int, from source: ObjectKey, range: Range<Int64>, ifMatch: String
    ) async throws -> UploadedPart {
        try await store.copyPart(key, upload, number: number, from: source, range: range, ifMatch: ifMatch)
    }

    package func completeUpload(
        _ key: ObjectKey, _ upload: UploadID, _ parts: [UploadedPart], ifAbsent: Bool
    ) async throws -> PutResult {
        try await store.completeUpload(key, upload, parts, ifAbsent: ifAbsent)
    }

    package func abortUpload(_ key: ObjectKey, _ upload: UploadID) async throws {
        try await store.abortUpload(key, upload)
    }

    package func parts(of key: ObjectKey, _ upload: UploadID) async throws -> [UploadedPart] {
        try await store.parts(of: key, upload)
    }

    package func uploads(prefix: [UInt8]) async throws -> [PendingUpload] { try await store.uploads(prefix: prefix) }

    package func tags(of key: ObjectKey, version: VersionID?) async throws -> [Tag] {
        try await store.tags(of: key, version: version)
    }

    package func acl(of key: ObjectKey, version: VersionID?) async throws -> [UInt8] {
        try await store.acl(of: key, version: version)
    }

    package func apply(_ setting: ObjectSetting, to key: ObjectKey, version: VersionID?) async throws {
        try await store.apply(setting, to: key, version: version)
    }
}

/// A body whose pieces are handed on when they may pass.
private struct PacedStream: AsyncSequence, Sendable {
    typealias Element = ByteBuffer
    let source: ByteStream
    let length: Int64
    let limit: RateLimit

    struct AsyncIterator: AsyncIteratorProtocol {
        var source: ByteStream.AsyncIterator
        let length: Int64
        let limit: RateLimit

        mutating func next() async throws -> ByteBuffer? {
            guard let piece = try await source.next() else { return nil }
            try await limit.pass(Int64(piece.readableBytes), ofBody: length)
            return piece
        }
    }

    func makeAsyncIterator() -> AsyncIterator {
        AsyncIterator(source: source.makeAsyncIterator(), length: length, limit: limit)
    }
}
