// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Crypto
import NIOCore
import Streams

/// Finds out what became of a write whose answer was lost and whose repetition was refused.
///
/// The first attempt may have made the object before its answer was lost. Then the repetition is refused for what we did
/// ourselves: `ifAbsent` meets our own object (412), a completion meets an upload that exists no more (404). So `head`
/// is asked what is there now:
/// - an object of our size whose ETag is that of what we sent: it is ours, the write succeeded;
/// - an object of another size: it is another's, and the refusal stands;
/// - an object of our size with another ETag: `.conflict`. It may be another's, or ours with an ETag that does not tell
///   (SSE-KMS). Saying "ours" could hand another writer's object to the caller, saying "refused" could hide ours.
///
/// Another writer of the very same bytes cannot be told from us. Who uses `ifAbsent` for mutual exclusion puts something
/// unique into the body.
struct LostAnswer {
    let store: any ObjectStore
    let key: ObjectKey
    let refusal: ObjectStoreError

    func ofPut(_ body: ReplayableBody) async throws -> PutResult {
        let found = try await present()
        guard found.size == body.length else { throw refusal }
        guard let etag = ETag.md5(of: found.etag), try await md5(of: body) == etag else { throw conflict(found) }
        return PutResult(etag: found.etag, version: found.version)
    }

    func ofCompletion(_ parts: [UploadedPart]) async throws -> PutResult {
        let found = try await present()
        let size = parts.reduce(into: Int64(0)) { $0 &+= $1.size }
        guard found.size == size || refusal.code == .notFound else { throw refusal }
        guard found.size == size, found.etag.lowercased() == multipartETag(parts) else { throw conflict(found) }
        return PutResult(etag: found.etag, version: found.version)
    }

    private func present() async throws -> ObjectInfo {
        do {
            return try await store.head(key, version: nil)
        } catch let error as ObjectStoreError where error.code == .notFound {
            if refusal.code == .notFound {
                throw ObjectStoreError(
                    .notFound,
                    "the upload of \(key) is gone and the object is not there: it was aborted; upload again",
                    status: refusal.status, serverCode: refusal.serverCode, requestID: refusal.requestID)
            }
            throw ObjectStoreError(
                .conflict, "\(key) was there a moment ago and is not any more: another writer is at work",
                status: refusal.status, serverCode: refusal.serverCode, requestID: refusal.requestID)
        }
    }

    private func conflict(_ found: ObjectInfo) -> ObjectStoreError {
        ObjectStoreError(
            .conflict,
            "the answer to writing \(key) was lost, and the object of \(found.size) bytes (ETag \(found.etag)) "
                + "that is there now cannot be shown to be ours: compare it before writing again",
            status: refusal.status, serverCode: refusal.serverCode, requestID: refusal.requestID)
    }

    @concurrent
    private func md5(of body: ReplayableBody) async throws -> String {
        var hash = Insecure.MD5()
        for try await piece in try await body.makeStream() {
            piece.withUnsafeReadableBytes { hash.update(bufferPointer: $0) }
        }
        return hexadecimal(hash.finalize())
    }

    /// MD5 over the parts' MD5s, a dash and their number: the ETag of a multipart upload at Amazon and everywhere
    /// that imitates it. `nil` when a part's ETag is no MD5.
    private func multipartETag(_ parts: [UploadedPart]) -> String? {
        var hash = Insecure.MD5()
        for part in parts {
            guard let digits = ETag.md5(of: part.etag)?.utf8 else { return nil }
            var high: UInt8?
            var bytes: [UInt8] = []
            for digit in digits {
                let value = digit < 58 ? digit - 48 : digit - 87
                if let first = high { bytes.append(first << 4 | value) }
                high = high == nil ? value : nil
            }
            hash.update(data: bytes)
        }
        return hexadecimal(hash.finalize()) + "-\(parts.count)"
    }

    private func hexadecimal(_ digest: some Sequence<UInt8>) -> String {
        let digits = Array("0123456789abcdef".utf8)
        return String(decoding: digest.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
    }
}

extension ObjectStoreError {
    /// The server may have acted before this error came about. Not so when it asked to slow down.
    var mayHaveTakenEffect: Bool { isTransient && code != .throttled }

    /// The key exists, or another conditional write on it won at the same time (409 ConditionalRequestConflict).
    var refusesExistingKey: Bool { code == .preconditionFailed || code == .conflict }
}
