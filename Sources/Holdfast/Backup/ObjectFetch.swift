// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import NIOCore
import ObjectStorage
import Streams

/// An object read whole, checked and described.
struct FetchedObject: Sendable {
    let info: ObjectInfo
    let content: ByteBuffer
    /// 32 bytes.
    let sha256: [UInt8]
    /// Whether it had changed since it was listed, so that it was read again.
    let changed: Bool
    /// Something about the object that could not be read although its bytes could.
    let flaw: ObjectProblem?
}

/// An object that was listed as a small one and is a large one by now.
struct GrownObject: Error {}

/// Reads the objects of a source for a backup.
struct ObjectFetch: Sendable {
    /// Objects up to this many bytes are read by one request; larger ones by ranges.
    static let wholeLimit: Int64 = 8 << 20
    /// How often an object that changes under the reader is read again.
    static let rereads = 5

    let store: any ObjectStore
    let details: DetailReading

    /// Reads a small object whole: always of the ETag that is described, whatever happens meanwhile.
    ///
    /// - Throws: ``ObjectProblem``; ``GrownObject`` when it is longer than ``wholeLimit``; what ends the run.
    @concurrent
    func whole(_ listed: ObjectInfo) async throws -> FetchedObject {
        var expected = listed.etag
        for attempt in 0...Self.rereads {
            do {
                let options = GetOptions(
                    version: listed.version, ifMatch: expected.isEmpty ? nil : expected, wholeUpTo: Int(Self.wholeLimit)
                )
                let body = try await store.get(listed.key, options)
                let content = try await body.bytes.collect(upTo: Int(Self.wholeLimit))
                return try await describe(body.info, content, listed: listed, changed: attempt > 0)
            } catch let error as ObjectStoreError where error.code == .preconditionFailed {
                expected = try await currentETag(of: listed)
            } catch let error as ObjectStoreError {
                throw try await problem(error, of: listed)
            } catch let problem as ObjectProblem where problem.reason == "corrupt" && attempt < 2 {
                continue  // Damage on the way is cured by reading again; damage at rest is not.
            } catch ByteStreamError.tooLong {
                throw GrownObject()
            }
        }
        throw ObjectProblem(reason: "changed", message: "it changed \(Self.rereads) times while it was read")
    }

    /// What the server says now of an object whose bytes an earlier backup has; `nil` when they are others by now.
    ///
    /// - Throws: ``ObjectProblem``; what ends the run.
    func description(ofUnchanged listed: ObjectInfo) async throws -> (ObjectInfo, flaw: ObjectProblem?)? {
        do {
            var info = try await store.head(listed.key, version: listed.version)
            guard info.etag == listed.etag, info.size == listed.size else { return nil }
            info.key = listed.key
            info.version = listed.version ?? info.version
            info.lastModified = listed.lastModified
            let flaw = try await details.complete(&info, in: store)
            return (info, ObjectProblem.joining(flaw, Self.missingMetadata(info)))
        } catch let error as ObjectStoreError {
            throw try await problem(error, of: listed)
        }
    }

    /// The ETag that the object has now.
    private func currentETag(of listed: ObjectInfo) async throws -> String {
        do {
            return try await store.head(listed.key, version: listed.version).etag
        } catch let error as ObjectStoreError {
            throw try await problem(error, of: listed)
        }
    }

    private func describe(
        _ info: ObjectInfo, _ content: ByteBuffer, listed: ObjectInfo, changed: Bool
    ) async throws -> FetchedObject {
        guard info.size == Int64(content.readableBytes) else {
            throw ObjectProblem(
                reason: "corrupt", message: "the server announced \(info.size) bytes and sent \(content.readableBytes)")
        }
        if let stored = ETag.md5(of: info.etag) {
            let read = ContentDigest.md5(content)
            if stored != read, !info.isETagOpaque {
                throw ObjectProblem(reason: "corrupt", message: "its bytes have MD5 \(read), the server says \(stored)")
            }
        }
        var info = info
        info.key = listed.key
        info.version = listed.version ?? info.version
        // A listing has milliseconds on some servers, a header has whole seconds everywhere.
        if !changed { info.lastModified = listed.lastModified }
        info.partSize = PartSizes.proven(content, info, first: try await firstPartSize(of: info))
        let flaw = try await details.complete(&info, in: store)
        return FetchedObject(
            info: info, content: content, sha256: ContentDigest.sha256(content), changed: changed,
            flaw: ObjectProblem.joining(flaw, Self.missingMetadata(info)))
    }

    /// Asks for the size of the first part of an object that was uploaded in several: the only request that they cost.
    ///
    /// - Returns: `nil` when the server does not tell; the usual sizes are tried then.
    func firstPartSize(of info: ObjectInfo) async throws -> Int64? {
        guard PartSizes.isWorthAsking(info) else { return nil }
        do {
            return try await store.firstPartSize(of: info.key, version: info.version)
        } catch is ObjectStoreError {
            return nil
        }
    }

    /// Metadata that the server has and cannot say (`x-amz-missing-meta`).
    static func missingMetadata(_ info: ObjectInfo) -> ObjectProblem? {
        guard info.missingMetadata > 0 else { return nil }
        return ObjectProblem(
            reason: "metadata",
            message: "the server keeps \(info.missingMetadata) metadata fields that it cannot send as headers")
    }

    /// What an answer means for one object; throws what means the end of the run.
    func problem(_ error: ObjectStoreError, of listed: ObjectInfo) async throws -> ObjectProblem {
        switch error.code {
        case .unreadable where error.serverCode == "InvalidObjectState":
            let tier = listed.attributes.storageClass.map { " (\($0))" } ?? ""
            return ObjectProblem(
                reason: ObjectProblem.archived,
                message:
                    "it lies in an archive tier\(tier), from which the server gives it only after it was restored there (RestoreObject)"
            )
        case .notFound: return ObjectProblem(reason: "vanished", message: "it was listed and is gone")
        case .unreadable: return ObjectProblem(reason: "unreadable", message: error.message)
        case .encrypted: return ObjectProblem(reason: "encrypted", message: error.message)
        case .accessDenied: return ObjectProblem(reason: "denied", message: error.message)
        case .noSuchBucket, .unauthorized, .clockSkew: throw error
        default:
            // One object's failure is an exception, the server's failure is the end of the run: ask which it is.
            _ = try await store.list(ListQuery(limit: 1))
            return ObjectProblem(reason: "failed", message: error.message)
        }
    }
}
