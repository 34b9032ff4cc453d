// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import NIOCore
import ObjectStorage

extension InMemoryBucket {
    mutating func createUpload(_ key: ObjectKey, _ options: PutOptions) throws -> UploadID {
        try checkWritable(key, ifAbsent: false)
        try checkRetention(options.retention)
        let id = UploadID("upload-" + makeID())
        uploads[id] = Upload(
            key: key, attributes: options.attributes, retention: options.retention, initiated: self.options.now())
        return id
    }

    mutating func storePart(_ key: ObjectKey, _ id: UploadID, number: Int, _ bytes: ByteBuffer) throws -> UploadedPart {
        _ = try upload(id, of: key)
        guard (1...10_000).contains(number) else {
            throw ObjectStoreError(.badRequest, "part number \(number)", status: 400, serverCode: "InvalidArgument")
        }
        let etag = hexadecimal(Self.md5(bytes))
        uploads[id]?.parts[number] = (etag, bytes)
        return UploadedPart(number: number, etag: etag, size: Int64(bytes.readableBytes))
    }

    /// Completing twice is `NoSuchUpload`, which is what the stricter servers say.
    mutating func complete(
        _ key: ObjectKey, _ id: UploadID, _ parts: [UploadedPart], ifAbsent: Bool
    ) throws -> PutResult {
        let upload = try upload(id, of: key)
        try checkWritable(key, ifAbsent: ifAbsent)
        guard !parts.isEmpty, zip(parts, parts.dropFirst()).allSatisfy({ $0.number < $1.number }) else {
            throw ObjectStoreError(
                .badRequest, "parts of \(key) not in ascending order", status: 400, serverCode: "InvalidPartOrder")
        }
        var whole = ByteBuffer()
        var digests = ByteBuffer()
        for part in parts {
            guard let stored = upload.parts[part.number], stored.etag == part.etag else {
                throw ObjectStoreError(
                    .badRequest, "no part \(part.number) of \(key) with that ETag", status: 400,
                    serverCode: "InvalidPart")
            }
            guard part == parts.last || stored.bytes.readableBytes >= options.minimumPartSize else {
                throw ObjectStoreError(
                    .badRequest, "part \(part.number) of \(key) is too small", status: 400,
                    serverCode: "EntityTooSmall")
            }
            whole.writeImmutableBuffer(stored.bytes)
            digests.writeBytes(Self.md5(stored.bytes))
        }
        uploads[id] = nil
        let etag = hexadecimal(Self.md5(digests)) + "-\(parts.count)"
        return store(
            key, whole, etag: etag, attributes: upload.attributes, retention: upload.retention,
            partCount: parts.count, firstPartSize: parts.first?.size)
    }

    func parts(of key: ObjectKey, _ id: UploadID) throws -> [UploadedPart] {
        try upload(id, of: key).parts.map { number, part in
            UploadedPart(number: number, etag: part.etag, size: Int64(part.bytes.readableBytes))
        }.sorted { $0.number < $1.number }
    }

    func pendingUploads(prefix: [UInt8]) -> [PendingUpload] {
        uploads.filter { $0.value.key.bytes.starts(with: prefix) }
            .map { PendingUpload(key: $0.value.key, upload: $0.key, initiated: $0.value.initiated) }
            .sorted { ($0.key, $0.upload.rawValue) < ($1.key, $1.upload.rawValue) }
    }

    private func upload(_ id: UploadID, of key: ObjectKey) throws -> Upload {
        guard let upload = uploads[id], upload.key == key else {
            throw ObjectStoreError(
                .notFound, "no upload \(id.rawValue) of \(key)", status: 404, serverCode: "NoSuchUpload")
        }
        return upload
    }
}
