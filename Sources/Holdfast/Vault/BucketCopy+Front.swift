// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

package import NIOCore
import ObjectStorage
import Streams

extension BucketCopy {
    /// Bytes that are sent behind the front, so that the first part is as long as S3 wants every part but the last.
    private static let firstPart: Int64 = 8 << 20
    /// Bytes of a part that the server copies: a short one answers within any time limit, and 10,000 must be enough.
    private static func copiedPart(of size: Int64) -> Int64 { max(64 << 20, size / 9_000) }
    /// The least that S3 takes for a part that is not the last.
    private static let shortest: Int64 = 5 << 20

    /// A multipart upload over the same name, whose completion replaces the object: the front and the bytes behind it are
    /// sent, all others the server copies. Where it cannot, they pass through here. Killed before the end, an upload is
    /// left, which the next backup aborts.
    ///
    /// Memory: two parts.
    package func replaceFront(of file: ArchiveFile, upTo end: Int64, with front: ByteBuffer) async throws {
        let key = key(file)
        let old: StoredBytes
        do {
            old = try await store.randomAccess(to: key)
        } catch let error as ObjectStoreError where error.code == .notFound {
            throw HoldfastError(.notFound, "\(file.fileName) is not in \(label).")
        }
        try await checkProtection()
        let retention = retention(replacing: old.info)
        let options = PutOptions(attributes: BucketSink.attributes, retention: retention)
        var first = front
        let sent = min(end + Self.firstPart, old.size)
        first.writeImmutableBuffer(try await old.read(end..<sent))
        if sent == old.size {
            let put = try await store.put(key, ReplayableBody(first), options)
            if let retention { try await store.confirm(retention, on: key, version: put.version) }
            return
        }
        let upload = try await store.createUpload(key, options)
        do {
            var parts = [try await BucketSink.send(first, 1, to: upload, of: key, in: store)]
            do {
                parts += try await copyParts(of: old, from: sent, to: upload)
            } catch let error as ObjectStoreError where error.isInability {
                parts = [parts[0]] + (try await sendParts(of: old, from: sent, to: upload))
            }
            try await complete(upload, parts, key: key)
            if let retention { try await store.confirm(retention, on: key, version: nil) }
        } catch {
            // In a task of its own, so that a cancelled run cleans up as well.
            await RetryLoop.$waitsOutOutages.withValue(false) {
                await Task { [store] in try? await store.abortUpload(key, upload) }.value
            }
            throw error
        }
    }

    private func copyParts(of old: StoredBytes, from start: Int64, to upload: UploadID) async throws -> [UploadedPart] {
        var parts: [UploadedPart] = []
        var position = start
        while position < old.size {
            var end = min(position + Self.copiedPart(of: old.size), old.size)
            // What is left for the last part may be short, but is not worth a request.
            if old.size - end < Self.shortest { end = old.size }
            parts.append(
                try await store.copyPart(
                    old.info.key, upload, number: parts.count + 2, from: old.info.key, range: position..<end,
                    ifMatch: old.info.etag))
            position = end
        }
        return parts
    }

    private func sendParts(of old: StoredBytes, from start: Int64, to upload: UploadID) async throws -> [UploadedPart] {
        var parts: [UploadedPart] = []
        var position = start
        while position < old.size {
            let number = parts.count + 2
            let end = min(position + Int64(BucketSink.partSize(number)), old.size)
            let body = try await old.read(position..<end)
            parts.append(try await BucketSink.send(body, number, to: upload, of: old.info.key, in: store))
            position = end
        }
        return parts
    }

    private func complete(_ upload: UploadID, _ parts: [UploadedPart], key: ObjectKey) async throws {
        _ = try await store.completeUpload(key, upload, parts, ifAbsent: false)
        let size = parts.reduce(0) { $0 + $1.size }
        let stored = try await store.head(key, version: nil).size
        guard stored == size else {
            throw ObjectStoreError(
                .badAnswer, "The server made \(key) of \(stored) bytes, \(size) were sent or copied.")
        }
    }
}

extension ObjectStoreError {
    /// Whether the server cannot do it at all, so that another way must be taken.
    fileprivate var isInability: Bool {
        code == .notImplemented || code == .badRequest || code == .badAnswer
    }
}
