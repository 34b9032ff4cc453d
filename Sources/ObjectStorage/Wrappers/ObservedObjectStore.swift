// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

package import Logging
import NIOCore
package import Streams

/// Counts requests, errors, bytes and time into ``StoreCounters``, and logs each failure at debug level.
///
/// Logged are bucket, key, error code and the server's request id; never headers, credentials or content.
package struct ObservedObjectStore: ObjectStore {
    private let store: any ObjectStore
    private let counters: StoreCounters
    private let logger: Logger
    private let now: @Sendable () -> Duration

    package init(
        _ store: any ObjectStore, counters: StoreCounters, logger: Logger,
        clock: any Clock<Duration> = ContinuousClock()
    ) {
        self.store = store
        self.counters = counters
        self.logger = logger
        now = stopwatch(clock)
    }

    package var bucket: String { store.bucket }

    package func list(_ query: ListQuery) async throws -> ListPage {
        try await observe(.list) { try await store.list(query) }
    }

    package func listVersions(_ query: VersionQuery) async throws -> VersionPage {
        try await observe(.listVersions) { try await store.listVersions(query) }
    }

    package func get(_ key: ObjectKey, _ options: GetOptions) async throws -> ObjectBody {
        let body = try await observe(.get, key) { try await store.get(key, options) }
        if let whole = body.bytes.whole {
            counters.add(.get) { $0.bytesIn += Int64(whole.readableBytes) }
            return body
        }
        let counted = CountedStream(source: body.bytes, counters: counters)
        return ObjectBody(info: body.info, length: body.length, bytes: ByteStream(counted))
    }

    package func head(_ key: ObjectKey, version: VersionID?) async throws -> ObjectInfo {
        try await observe(.head, key) { try await store.head(key, version: version) }
    }

    package func firstPartSize(of key: ObjectKey, version: VersionID?) async throws -> Int64? {
        try await observe(.head, key) { try await store.firstPartSize(of: key, version: version) }
    }

    package func put(_ key: ObjectKey, _ body: ReplayableBody, _ options: PutOptions) async throws -> PutResult {
        try await observe(.put, key, sent: body.length) { try await store.put(key, body, options) }
    }

    package func delete(_ objects: [ObjectReference]) async throws -> [DeleteOutcome] {
        let outcomes = try await observe(.delete) { try await store.delete(objects) }
        for outcome in outcomes {
            guard let error = outcome.error else { continue }
            counters.add(.delete) { $0.errors[error.code, default: 0] += 1 }
            log(error, .delete, outcome.object.key)
        }
        return outcomes
    }

    package func createUpload(_ key: ObjectKey, _ options: PutOptions) async throws -> UploadID {
        try await observe(.createUpload, key) { try await store.createUpload(key, options) }
    }

    package func uploadPart(
        _ key: ObjectKey, _ upload: UploadID, number: Int, _ body: ReplayableBody
    ) async throws -> UploadedPart {
        try await observe(.uploadPart, key, sent: body.length) {
            try await store.uploadPart(key, upload, number: number, body)
        }
    }

    package func copyPart(
        _ key: ObjectKey, _ upload: UploadID, number: Int, from source: ObjectKey, range: Range<Int64>, ifMatch: String
    ) async throws -> UploadedPart {
        try await observe(.uploadPart, key) {
            try await store.copyPart(key, upload, number: number, from: source, range: range, ifMatch: ifMatch)
        }
    }

    package func completeUpload(
        _ key: ObjectKey, _ upload: UploadID, _ parts: [UploadedPart], ifAbsent: Bool
    ) async throws -> PutResult {
        try await observe(.completeUpload, key) {
            try await store.completeUpload(key, upload, parts, ifAbsent: ifAbsent)
        }
    }

    package func abortUpload(_ key: ObjectKey, _ upload: UploadID) async throws {
        try await observe(.abortUpload, key) { try await store.abortUpload(key, upload) }
    }

    package func parts(of key: ObjectKey, _ upload: UploadID) async throws -> [UploadedPart] {
        try await observe(.parts, key) { try await store.parts(of: key, upload) }
    }

    package func uploads(prefix: [UInt8]) async throws -> [PendingUpload] {
        try await observe(.uploads) { try await store.uploads(prefix: prefix) }
    }

    package func tags(of key: ObjectKey, version: VersionID?) async throws -> [Tag] {
        try await observe(.tags, key) { try await store.tags(of: key, version: version) }
    }

    package func acl(of key: ObjectKey, version: VersionID?) async throws -> [UInt8] {
        try await observe(.acl, key) { try await store.acl(of: key, version: version) }
    }

    package func apply(_ setting: ObjectSetting, to key: ObjectKey, version: VersionID?) async throws {
        try await observe(.apply, key) { try await store.apply(setting, to: key, version: version) }
    }

    private func observe<Value>(
        _ operation: StoreOperation, _ key: ObjectKey? = nil, sent: Int64 = 0, _ body: () async throws -> Value
    ) async throws -> Value {
        let start = now()
        do {
            let value = try await body()
            let time = now() - start
            counters.add(operation) {
                $0.requests += 1
                $0.bytesOut += sent
                $0.latency += time
            }
            return value
        } catch {
            let time = now() - start
            counters.add(operation) {
                $0.requests += 1
                $0.latency += time
                if error is CancellationError {
                    $0.cancellations += 1
                } else if let error = error as? ObjectStoreError {
                    $0.errors[error.code, default: 0] += 1
                } else {
                    $0.otherErrors += 1
                }
            }
            if let error = error as? ObjectStoreError { log(error, operation, key) }
            throw error
        }
    }

    private func log(_ error: ObjectStoreError, _ operation: StoreOperation, _ key: ObjectKey?) {
        logger.debug(
            "request failed",
            metadata: [
                "store.bucket": "\(bucket)",
                "store.operation": "\(operation.rawValue)",
                "store.key": "\(key?.description ?? "")",
                "error.code": "\(error.code.rawValue)",
                "error.status": "\(error.status ?? 0)",
                "error.server": "\(error.serverCode ?? "")",
                "request.id": "\(error.requestID ?? "")",
            ])
    }
}

/// Counts the bytes of a body as they pass.
private struct CountedStream: AsyncSequence, Sendable {
    typealias Element = ByteBuffer
    let source: ByteStream
    let counters: StoreCounters

    struct AsyncIterator: AsyncIteratorProtocol {
        var source: ByteStream.AsyncIterator
        let counters: StoreCounters

        mutating func next() async throws -> ByteBuffer? {
            let piece = try await source.next()
            if let piece { counters.add(.get) { $0.bytesIn += Int64(piece.readableBytes) } }
            return piece
        }
    }

    func makeAsyncIterator() -> AsyncIterator {
        AsyncIterator(source: source.makeAsyncIterator(), counters: counters)
    }
}
