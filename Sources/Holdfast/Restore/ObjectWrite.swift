// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import AsyncAlgorithms
import Catalog
import NIOCore
import ObjectStorage
import Streams

/// Writes one object of a backup into a bucket and makes sure of what the server stored.
struct ObjectWrite: Sendable {
    /// Objects up to this many bytes are written by one request; larger ones by multipart upload.
    static let wholeLimit: Int64 = 16 << 20
    static let concurrentParts = 3

    let store: any ObjectStore
    /// Where uploads are written down while they are open; `nil` where nobody looks for them.
    var records: UploadRecords?

    /// Bytes of a part: those of the parts that made the object, so that its ETag is the same again; where they are not
    /// known or not to be had, 16 MiB, or what 10,000 parts need.
    static func partSize(of object: CatalogObject) -> Int64 {
        if let exact = exactPartSize(of: object) { return exact }
        let size = object.size
        if let count = object.partCount, count > 1, object.partSize == nil {
            for usual in usualPartSizes where PartSizes.fits(usual, count: count, size: size) { return usual }
        }
        return max(16 << 20, ((size / 9_999) >> 20 + 1) << 20)
    }

    /// The size that the backup proved, if parts of it can be written. `nil` for most objects.
    static func exactPartSize(of object: CatalogObject) -> Int64? {
        guard let partSize = object.partSize, let count = object.partCount, partSize <= PartSizes.largest,
            PartSizes.fits(partSize, count: count, size: object.size), count == 1 || partSize >= PartSizes.smallest
        else { return nil }
        return partSize
    }

    /// aws and boto3, mc and Holdfast, rclone and many more, and what is left: a guess for backups that know the number
    /// of parts alone.
    private static let usualPartSizes: [Int64] = [8, 16, 5, 10, 15, 12, 6, 7, 9, 11, 13, 14].map { $0 << 20 }

    /// Parts on their way at once: together they stay within 48 MiB, or are a single one.
    static func concurrentParts(of size: Int64) -> Int {
        max(1, min(concurrentParts, Int((48 << 20) / max(size, 1))))
    }

    /// Writes content that is in memory and has been compared with the catalog's checksum.
    ///
    /// - Returns: the version that was made, where the server tells one.
    @concurrent
    func whole(_ object: CatalogObject, _ content: ByteBuffer, ifAbsent: Bool) async throws -> VersionID? {
        let sha256 = ContentDigest.sha256(content)
        try CheckedContent.compare(object, count: Int64(content.readableBytes), sha256: sha256)
        let key = ObjectKey(object.key)
        let result = try await store.put(
            key, ReplayableBody(content, sha256: Hex.text(sha256)),
            PutOptions(attributes: object.attributes, ifAbsent: ifAbsent))
        // The backup made sure that this ETag is the content's MD5; a server that answers the same has stored it.
        if ETag.md5(of: result.etag) != nil, result.etag == object.listed.etag { return result.version }
        if let stored = ETag.md5(of: result.etag), stored == ContentDigest.md5(content) { return result.version }
        try await readBack(object, key, sha256: sha256)
        return result.version
    }

    /// An ETag that says nothing of the content (encryption, gateways): ask for the bytes themselves.
    private func readBack(_ object: CatalogObject, _ key: ObjectKey, sha256: [UInt8]) async throws {
        let body = try await store.get(key, GetOptions())
        var digests = RunningDigests(wantsMD5: false)
        for try await piece in body.bytes { digests.update(piece) }
        guard body.info.size == object.size, digests.sha256 == sha256 else {
            throw ObjectStoreError(.badAnswer, "The server gives other bytes of \(key) than were stored.")
        }
    }

    /// Writes content that is in memory: in the parts that made the object, if it had any and they are known, else by one
    /// request.
    ///
    /// - Returns: the version that was made, where the server tells one.
    func collected(_ object: CatalogObject, _ content: ByteBuffer, ifAbsent: Bool) async throws -> VersionID? {
        var object = object
        // An older backup knows the number of parts alone; what is in memory can be tried.
        if object.partSize == nil { object.partSize = PartSizes.proven(content, ObjectInfo(object), first: nil) }
        guard Self.exactPartSize(of: object) != nil else {
            return try await whole(object, content, ifAbsent: ifAbsent)
        }
        do {
            return try await upload(object, ByteStream(content), ifAbsent: ifAbsent, onBytes: { _ in })
        } catch is ForeignPart {
            // Where the server's ETags are no MD5s, the ETag would not come back: what is stored is read back instead.
            return try await whole(object, content, ifAbsent: ifAbsent)
        }
    }

    /// A part whose ETag is not the MD5 of what was sent. The upload is aborted.
    private struct ForeignPart: Error {
        let number: Int
    }

    /// Writes content that comes in pieces, by multipart upload. Nothing is visible unless every byte was right.
    ///
    /// - Returns: the version that was made, where the server tells one.
    func parts(
        _ object: CatalogObject, _ content: ByteStream, ifAbsent: Bool, onBytes: @escaping @Sendable (Int) -> Void
    ) async throws -> VersionID? {
        do {
            return try await upload(object, content, ifAbsent: ifAbsent, onBytes: onBytes)
        } catch let part as ForeignPart {
            throw ObjectStoreError(
                .badAnswer,
                "The server holds other bytes of part \(part.number) of \(ObjectKey(object.key)) than were sent.")
        }
    }

    /// - Throws: ``ForeignPart`` and what everything else throws.
    private func upload(
        _ object: CatalogObject, _ content: ByteStream, ifAbsent: Bool, onBytes: @escaping @Sendable (Int) -> Void
    ) async throws -> VersionID? {
        let key = ObjectKey(object.key)
        let upload = try await store.createUpload(key, PutOptions(attributes: object.attributes))
        let result: PutResult
        do {
            try await records?.begin(upload, of: key)
            let parts = try await send(object, content, to: upload, of: key, onBytes: onBytes)
            result = try await store.completeUpload(key, upload, parts, ifAbsent: ifAbsent)
        } catch {
            // In a task of its own so that a cancelled restore cleans up as well.
            await RetryLoop.$waitsOutOutages.withValue(false) {
                await Task {
                    guard (try? await store.abortUpload(key, upload)) != nil else { return }
                    await records?.end(upload, of: key)
                }.value
            }
            throw error
        }
        await records?.end(upload, of: key)
        let stored = try await store.head(key, version: nil).size
        guard stored == object.size else {
            throw ObjectStoreError(.badAnswer, "The server holds \(stored) bytes of \(key), \(object.size) were sent.")
        }
        if !object.attributes.tags.isEmpty { try await ensureTags(object.attributes.tags, of: key, result.version) }
        return result.version
    }

    /// Some servers forget the tags that an upload is created with.
    ///
    /// - Throws: ``ObjectStoreError`` when the object has others in the end.
    private func ensureTags(_ tags: [Tag], of key: ObjectKey, _ version: VersionID?) async throws {
        if Set(try await store.tags(of: key, version: version)) == Set(tags) { return }
        try await store.apply(.tags(tags), to: key, version: version)
        guard Set(try await store.tags(of: key, version: version)) == Set(tags) else {
            throw ObjectStoreError(.badAnswer, "The server does not keep the tags of \(key).")
        }
    }

    private func send(
        _ object: CatalogObject, _ content: ByteStream, to upload: UploadID, of key: ObjectKey,
        onBytes: @escaping @Sendable (Int) -> Void
    ) async throws -> [UploadedPart] {
        var digests = RunningDigests(wantsMD5: false)
        var count: Int64 = 0
        var parts: [UploadedPart] = []
        let partSize = max(Self.partSize(of: object), 1)
        let pieces = FixedSizePieces(source: content, size: Int(partSize))
        // Under a customer's key the ETag of a part looks like an MD5 and is none.
        let isOpaque = object.attributes.hasCustomerKey
        try await pieces.mapInOrder(width: Self.concurrentParts(of: partSize)) { [store] piece in
            let part = try await Self.sendPart(piece, to: upload, of: key, in: store, isOpaque: isOpaque)
            return (part, piece.bytes)
        } consume: { (part, bytes) in
            parts.append(part)
            digests = await Self.update(digests, bytes)
            count += Int64(bytes.readableBytes)
            onBytes(bytes.readableBytes)
        }
        try CheckedContent.compare(object, count: count, sha256: digests.sha256)
        if parts.isEmpty {
            // An upload has at least one part, be it an empty one.
            parts.append(try await store.uploadPart(key, upload, number: 1, ReplayableBody(ByteBuffer())))
        }
        return parts
    }

    @concurrent
    private static func update(_ digests: RunningDigests, _ bytes: ByteBuffer) async -> RunningDigests {
        var digests = digests
        digests.update(bytes)
        return digests
    }

    @concurrent
    private static func sendPart(
        _ piece: FixedSizePieces.Piece, to upload: UploadID, of key: ObjectKey, in store: any ObjectStore,
        isOpaque: Bool
    ) async throws -> UploadedPart {
        let part = try await store.uploadPart(key, upload, number: piece.number, ReplayableBody(piece.bytes))
        if !isOpaque, let stored = ETag.md5(of: part.etag) {
            let sent = ContentDigest.md5(piece.bytes)
            guard stored == sent else { throw ForeignPart(number: piece.number) }
        }
        return part
    }
}
