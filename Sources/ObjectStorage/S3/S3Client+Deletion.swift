// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Crypto
import NIOCore
import Streams

import struct Foundation.Data

/// Deleting objects and versions.
extension S3Client {
    /// The most objects that DeleteObjects takes at once (S3 API).
    private static let batchLimit = 1000
    /// Single deletions under way at once, where batches cannot be used.
    private static let singleWidth = 8

    /// DeleteObjects in batches of 1,000, one after another; one outcome for each object, in order.
    ///
    /// Keys that XML cannot carry, and all of them on a server without batches, are deleted one by one. So is what an
    /// answer does not mention: nothing counts as deleted on the word of an answer that passes over it.
    package func delete(_ objects: [ObjectReference], in bucket: String) async throws -> [DeleteOutcome] {
        var outcomes: [ObjectReference: ObjectStoreError?] = [:]
        outcomes.reserveCapacity(objects.count)
        let batched = objects.filter { XMLWriter.canCarry($0.key.bytes) }
        var single = objects.filter { !XMLWriter.canCarry($0.key.bytes) }
        var start = 0
        while start < batched.count {
            let batch = Array(batched[start..<min(start + Self.batchLimit, batched.count)])
            do {
                try await deleteBatch(batch, in: bucket, &outcomes)
                single += batch.filter { outcomes[$0] == nil }
                start += batch.count
            } catch let error as ObjectStoreError where Self.meansNoBatches(error) {
                single += batched[start...]
                break
            }
        }
        try await deleteSingly(single, in: bucket, &outcomes)
        return objects.map { object in
            DeleteOutcome(
                object: object,
                error: outcomes[object]
                    ?? ObjectStoreError(.badAnswer, "DeleteObject \(bucket)/\(object.key): no answer was recorded"))
        }
    }

    /// DeleteObject; a missing key or version is a success.
    package func delete(_ object: ObjectReference, in bucket: String) async throws {
        var request = S3Request("DeleteObject", "DELETE", bucket: bucket, key: object.key)
        request.query.add("versionId", object.version?.rawValue)
        do {
            _ = try await perform(request)
        } catch let error as ObjectStoreError where error.code == .notFound {
            return
        }
    }

    private func deleteBatch(
        _ batch: [ObjectReference], in bucket: String, _ outcomes: inout [ObjectReference: ObjectStoreError?]
    ) async throws {
        let body = DeleteDocument.request(batch)
        var request = S3Request("DeleteObjects", "POST", bucket: bucket)
        request.query.add("delete")
        request.setHeader("content-type", "application/xml")
        // Amazon wants this or a checksum; JuiceFS and Swift accept nothing else.
        request.setHeader("content-md5", body.contentMD5)
        request.body = ReplayableBody(body)
        let answer = try await perform(request)
        let asked = Set(batch)
        for entry in try await answer.document("DeleteResult", { try DeleteDocument(&$0) }).entries {
            // An answer without a version id may belong to a request with one: old servers leave it out.
            let exact = ObjectReference(ObjectKey(entry.key), version: entry.version.map { VersionID($0) })
            let plain = ObjectReference(ObjectKey(entry.key))
            guard let object = [exact, plain].first(where: { asked.contains($0) }) else { continue }
            let error = entry.error.map { self.error(for: "DeleteObjects \(bucket)/\(object.key)", $0) }
            outcomes[object] = .some(error?.code == .notFound ? nil : error)
        }
    }

    private func deleteSingly(
        _ objects: [ObjectReference], in bucket: String, _ outcomes: inout [ObjectReference: ObjectStoreError?]
    ) async throws {
        guard !objects.isEmpty else { return }
        let iterator = AsyncObjects(objects: objects)
        var collected: [(ObjectReference, ObjectStoreError?)] = []
        try await iterator.mapInOrder(width: Self.singleWidth) { object in
            do {
                try await delete(object, in: bucket)
                return (object, ObjectStoreError?.none)
            } catch let error as ObjectStoreError where !error.isTransient {
                return (object, error)
            }
        } consume: {
            collected.append($0)
        }
        for (object, error) in collected { outcomes[object] = .some(error) }
    }

    /// Whether a refusal is of batches as such, so that single deletions are worth trying.
    private static func meansNoBatches(_ error: ObjectStoreError) -> Bool {
        switch error.serverCode {
        case "MissingContentMD5", "MissingRequestBodyError", "InvalidDigest": true
        default: error.code == .notImplemented
        }
    }
}

/// The objects of an array as an asynchronous sequence.
private struct AsyncObjects: AsyncSequence, Sendable {
    typealias Element = ObjectReference
    let objects: [ObjectReference]

    struct AsyncIterator: AsyncIteratorProtocol {
        var rest: ArraySlice<ObjectReference>
        mutating func next() async -> ObjectReference? { rest.popFirst() }
    }

    func makeAsyncIterator() -> AsyncIterator { AsyncIterator(rest: objects[...]) }
}

extension ByteBuffer {
    /// The value of `Content-MD5` for these bytes (RFC 1864).
    var contentMD5: String {
        withUnsafeReadableBytes { Data(Insecure.MD5.hash(data: $0)).base64EncodedString() }
    }
}
