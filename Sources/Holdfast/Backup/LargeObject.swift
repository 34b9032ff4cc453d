// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Archive
import AsyncAlgorithms
import Catalog
import NIOCore
import ObjectStorage
import Streams

/// Reads a large object by ranges, several at once, into the archive.
///
/// Memory: `concurrentRanges` pieces of `rangeSize` bytes.
struct LargeObject {
    static let rangeSize: Int64 = 8 << 20
    static let concurrentRanges = 3

    let fetch: ObjectFetch
    let listed: ObjectInfo
    let place: VersionPlace

    /// What became of a large object.
    struct Packed {
        let info: ObjectInfo
        let content: StoredContent
        let changed: Bool
        let flaw: ObjectProblem?
    }

    /// Packs the object; when it changes meanwhile, what was written is voided and it is read again.
    ///
    /// - Parameter catalog: knows what lies elsewhere already, where it builds on an earlier one.
    /// - Throws: ``ObjectProblem`` when it cannot be read.
    func pack(
        into writer: ArchiveWriter, _ catalog: CatalogWriter, member: [UInt8],
        onBytes: @escaping @Sendable (Int) -> Void
    ) async throws -> Packed {
        for attempt in 0...ObjectFetch.rereads {
            do {
                var info = try await fetch.store.head(listed.key, version: listed.version)
                info.key = listed.key
                info.version = listed.version ?? info.version
                if attempt == 0, info.etag == listed.etag { info.lastModified = listed.lastModified }
                let flaw = try await fetch.details.complete(&info, in: fetch.store)
                try info.checkFitsCatalog()
                let pieces = StoredPieces(info, at: place, member: member, into: writer, catalog)
                let (content, partSize) =
                    if let pieces {
                        try await write(info, pieces, onBytes: onBytes)
                    } else {
                        try await write(info, into: writer, member: member, onBytes: onBytes)
                    }
                info.partSize = partSize
                return Packed(
                    info: info, content: content, changed: info.etag != listed.etag,
                    flaw: ObjectProblem.joining(flaw, ObjectFetch.missingMetadata(info)))
            } catch let error as ObjectStoreError where error.code == .preconditionFailed {
                continue
            } catch let error as ObjectStoreError {
                throw try await fetch.problem(error, of: listed)
            }
        }
        throw ObjectProblem(reason: "changed", message: "it changed \(ObjectFetch.rereads) times while it was read")
    }

    /// Stores what is not known yet, piece by piece. Pieces of a content that turns out wrong stay and are right.
    private func write(
        _ info: ObjectInfo, _ pieces: StoredPieces, onBytes: @escaping @Sendable (Int) -> Void
    ) async throws -> (StoredContent, partSize: Int64?) {
        var pieces = pieces
        let digests = try await readContent(info) { piece in
            try await pieces.take(piece)
            onBytes(piece.readableBytes)
        }
        try Self.compare(digests.md5, with: info)
        return (try await pieces.finish(sha256: digests.sha256), digests.partSize(making: info.etag))
    }

    private func write(
        _ info: ObjectInfo, into writer: ArchiveWriter, member: [UInt8], onBytes: @escaping @Sendable (Int) -> Void
    ) async throws -> (StoredContent, partSize: Int64?) {
        let header = ArchiveMember(
            name: member, kind: .file, size: info.size, modified: TimeText.milliseconds(info.lastModified),
            records: MemberRecords.records(of: info, at: place, member: member, sha256: nil))
        var chunks = ChunkedContent.sizes.contains(info.size) ? ChunkedContent(size: info.size, keepsBytes: false) : nil
        var hasBegun = false
        do {
            let digests = try await readContent(info) { piece in
                // Not before the first piece is here: an object that cannot be read at all leaves no trace.
                if !hasBegun { try await writer.begin(header) }
                hasBegun = true
                try await writer.write(piece)
                if let before = chunks { (chunks, _) = await ChunkedContent.taking(piece, into: before) }
                onBytes(piece.readableBytes)
            }
            if !hasBegun { try await writer.begin(header) }
            hasBegun = true
            try Self.compare(digests.md5, with: info)
            _ = chunks?.finish()
            let content = StoredContent(at: try await writer.end(), sha256: digests.sha256, chunks: chunks?.list)
            return (content, digests.partSize(making: info.etag))
        } catch {
            // The header is out: fill the member up. The catalog does not name it, and a second reading follows it under
            // the same name, which is the one that tar leaves on disk.
            try Task.checkCancellation()
            if hasBegun { try await writer.abandon() }
            throw error
        }
    }

    private static func compare(_ md5: String, with info: ObjectInfo) throws {
        if let stored = ETag.md5(of: info.etag), stored != md5, !info.isETagOpaque {
            throw ObjectProblem(reason: "corrupt", message: "its bytes have MD5 \(md5), the server says \(stored)")
        }
    }

    private func readContent(
        _ info: ObjectInfo, _ consume: (ByteBuffer) async throws -> Void
    ) async throws -> RunningDigests {
        let store = fetch.store
        var digests = RunningDigests(
            wantsMD5: ETag.md5(of: info.etag) != nil,
            partSizes: PartSizes.candidates(of: info, first: try await fetch.firstPartSize(of: info)))
        let starts = stride(from: 0, to: info.size, by: Int(Self.rangeSize))
        try await starts.async.mapInOrder(width: Self.concurrentRanges) { start in
            let range = start..<start + min(Self.rangeSize, info.size - start)
            let options = GetOptions(
                version: info.version, range: range, ifMatch: info.etag.isEmpty ? nil : info.etag,
                wholeUpTo: Int(Self.rangeSize))
            let body = try await store.get(info.key, options)
            let piece = try await body.bytes.collect(upTo: Int(Self.rangeSize))
            guard piece.readableBytes == range.count else {
                throw ObjectStoreError(
                    .badAnswer,
                    "The server sent \(piece.readableBytes) of \(range.count) bytes of \(info.key) from \(range.lowerBound)."
                )
            }
            guard body.info.size == info.size else {
                throw ObjectStoreError(
                    .badAnswer, "The server says that \(info.key) has \(info.size) bytes, and then \(body.info.size).")
            }
            return piece
        } consume: { piece in
            // Hashing and cutting take about as long: on two cores at once.
            let before = digests
            async let updated = Self.update(before, piece)
            try await consume(piece)
            digests = await updated
        }
        return digests
    }

    /// Hashes away from the caller's actor: 8 MiB take some 5 ms.
    @concurrent
    private static func update(_ digests: RunningDigests, _ piece: ByteBuffer) async -> RunningDigests {
        var digests = digests
        digests.update(piece)
        return digests
    }
}
