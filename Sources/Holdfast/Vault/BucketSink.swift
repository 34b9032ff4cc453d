// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import NIOCore
import ObjectStorage
import Streams

/// An archive being written into a bucket: parts of a multipart upload, completed at commit.
///
/// Memory: the part being filled and `concurrentParts` on their way, each of at most `partSize(_:)` bytes: 24 MiB up to
/// archives of 7.8 GiB, more for larger ones because S3 allows 10,000 parts.
actor BucketSink: ArchiveSink {
    private static let concurrentParts = 2

    private let store: any ObjectStore
    private let key: ObjectKey
    private let label: String
    /// Whether the object takes the place of the one that has the name already.
    private let isReplacing: Bool
    /// Until when nobody may remove it.
    private let retention: ObjectRetention?
    private var upload: UploadID?
    private var filling = ByteBuffer()
    private var nextNumber = 1
    private var running: [Task<UploadedPart, any Error>] = []
    private var done: [UploadedPart] = []
    /// Whether the name shows what this sink made, and it has not been confirmed to be whole.
    private var isUnconfirmed = false
    /// The version that this sink made.
    private var made: VersionID?

    init(store: any ObjectStore, key: ObjectKey, label: String, isReplacing: Bool = false, retention: ObjectRetention?)
    {
        self.retention = retention
        self.isReplacing = isReplacing
        self.store = store
        self.key = key
        self.label = label
    }

    /// Goes on with the upload of a run that is dead.
    ///
    /// - Throws: ``HoldfastError`` when the upload is gone, or has other parts than it had.
    init(
        store: any ObjectStore, key: ObjectKey, label: String, continuing checkpoint: SinkCheckpoint,
        retention: ObjectRetention?
    ) async throws {
        isReplacing = false
        self.retention = retention
        self.store = store
        self.key = key
        self.label = label
        filling = ByteBuffer(bytes: checkpoint.tail)
        guard let id = checkpoint.upload else { return }
        let upload = UploadID(id)
        let found: [UploadedPart]
        do {
            found = try await store.parts(of: key, upload)
        } catch let error as ObjectStoreError where error.code == .notFound {
            throw HoldfastError(.notFound, "its upload to \(label) is gone")
        }
        let expected = checkpoint.parts.map { UploadedPart(number: $0.number, etag: $0.etag, size: $0.size) }
        // There may be more: sent after the checkpoint. They are sent again under the same numbers.
        guard found.filter({ $0.number <= (expected.last?.number ?? 0) }) == expected else {
            throw HoldfastError(.conflict, "its upload to \(label) has other parts than it had")
        }
        self.upload = upload
        done = expected
        nextNumber = (expected.last?.number ?? 0) + 1
    }

    /// The least that a part may have that is not the last (S3 API).
    private static let leastPart = 5 << 20

    func checkpoint() async throws -> SinkCheckpoint {
        if filling.readableBytes >= Self.leastPart { try await sendPart() }
        while !running.isEmpty { try await awaitOldest() }
        done.sort { $0.number < $1.number }
        return SinkCheckpoint(
            length: done.reduce(0) { $0 + $1.size }, upload: upload?.rawValue,
            parts: done.map { SinkCheckpoint.Part(number: $0.number, etag: $0.etag, size: $0.size) },
            tail: Data(filling.readableBytesView))
    }

    func suspend() async {
        // What may have the name by now is no backup that anybody was told of, and its upload is used up.
        if isUnconfirmed { return await abort() }
        for task in running { task.cancel() }
        for task in running { _ = try? await task.value }
        running = []
    }

    /// Bytes of part `number`: 8 MiB, doubled after each 1,000 parts, so that 10,000 parts hold 7.8 TiB.
    static func partSize(_ number: Int) -> Int {
        (8 << 20) << min((number - 1) / 1000, 7)
    }

    func write(_ bytes: ByteBuffer) async throws {
        var bytes = bytes
        while bytes.readableBytes > 0 {
            let room = Self.partSize(nextNumber) - filling.readableBytes
            if filling.readableBytes == 0 { filling.reserveCapacity(Self.partSize(nextNumber)) }
            if var piece = bytes.readSlice(length: min(room, bytes.readableBytes)) { filling.writeBuffer(&piece) }
            if filling.readableBytes == Self.partSize(nextNumber) { try await sendPart() }
        }
    }

    private func sendPart() async throws {
        let body = filling
        filling = ByteBuffer()
        let number = nextNumber
        nextNumber += 1
        let upload: UploadID
        if let begun = self.upload {
            upload = begun
        } else {
            upload = try await store.createUpload(
                key, PutOptions(attributes: Self.attributes, retention: retention))
            self.upload = upload
        }
        if running.count >= Self.concurrentParts { try await awaitOldest() }
        // Not structured: a part goes on while the caller fills the next. commit and abort await every one of them.
        running.append(Task { [store, key] in try await Self.send(body, number, to: upload, of: key, in: store) })
    }

    static let attributes = ObjectAttributes(headers: [Field("content-type", "application/octet-stream")])

    /// Sends a part and compares its ETag with what was sent.
    static func send(
        _ body: ByteBuffer, _ number: Int, to upload: UploadID, of key: ObjectKey, in store: any ObjectStore
    ) async throws -> UploadedPart {
        let part = try await store.uploadPart(key, upload, number: number, ReplayableBody(body))
        try await confirm(part.etag, holds: body, what: "part \(number) of \(key)")
        return part
    }

    /// Compares the ETag that the server made of bytes with their MD5, where the ETag is one.
    @concurrent
    private static func confirm(_ etag: String, holds body: ByteBuffer, what: String) async throws {
        guard let stored = ETag.md5(of: etag) else { return }
        let sent = ContentDigest.md5(body)
        guard stored == sent else {
            throw ObjectStoreError(
                .badAnswer, "The server holds other bytes of \(what) than were sent (MD5 \(stored), sent \(sent)).")
        }
    }

    private func awaitOldest() async throws {
        let oldest = running.removeFirst()
        done.append(try await oldest.value)
    }

    func commit() async throws {
        do {
            if upload == nil {
                try await putWhole(ifAbsent: !isReplacing)
                return
            }
            if filling.readableBytes > 0 { try await sendPart() }
            while !running.isEmpty { try await awaitOldest() }
            try await complete(ifAbsent: !isReplacing)
        } catch let error as ObjectStoreError where error.code == .preconditionFailed {
            throw HoldfastError.nameTaken(key.description, in: label)
        } catch let error as ObjectStoreError where error.code == .notImplemented {
            try await commitWithoutCondition()
        }
    }

    /// For servers without conditional writes: the run's lock on the name is then what keeps a second writer away.
    private func commitWithoutCondition() async throws {
        if upload == nil {
            try await putWhole(ifAbsent: false)
        } else {
            try await complete(ifAbsent: false)
        }
    }

    private func putWhole(ifAbsent: Bool) async throws {
        let result = try await store.put(
            key, ReplayableBody(filling),
            PutOptions(attributes: Self.attributes, ifAbsent: ifAbsent, retention: retention))
        isUnconfirmed = true
        made = result.version
        try await Self.confirm(result.etag, holds: filling, what: "\(key)")
        if let retention { try await store.confirm(retention, on: key, version: made) }
        isUnconfirmed = false
    }

    private func complete(ifAbsent: Bool) async throws {
        guard let upload else { return }
        let result = try await store.completeUpload(
            key, upload, done.sorted { $0.number < $1.number }, ifAbsent: ifAbsent)
        isUnconfirmed = true
        made = result.version
        let size = done.reduce(0) { $0 + $1.size }
        let stored = try await store.head(key, version: nil).size
        guard stored == size else {
            throw ObjectStoreError(.badAnswer, "The server made \(key) of \(stored) bytes, \(size) were sent.")
        }
        if let retention { try await store.confirm(retention, on: key, version: made) }
        isUnconfirmed = false
    }

    func abort() async {
        for task in running { task.cancel() }
        for task in running { _ = try? await task.value }
        running = []
        // Cleaning up must work also when the run was cancelled, so it runs in a task of its own.
        await RetryLoop.$waitsOutOutages.withValue(false) {
            await Task { [store, key, upload, isUnconfirmed, isReplacing, made, retention] in
                // What was replaced is gone already: what has the name now is better than nothing.
                if isUnconfirmed, !isReplacing {
                    // A version that is locked already cannot go: a marker then takes it out of sight.
                    let reference = ObjectReference(key, version: retention == nil ? nil : made)
                    let outcome = try? await store.delete([reference]).first
                    if reference.version != nil, outcome?.error != nil {
                        _ = try? await store.delete([ObjectReference(key)])
                    }
                }
                if let upload { try? await store.abortUpload(key, upload) }
            }.value
        }
    }
}
