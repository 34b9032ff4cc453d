// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import NIOCore
import Streams

/// What is kept beside an object's bytes and headers. Writing asks first whether the server knows the sub-resource;
/// see ``KnownSubresources``.
extension S3Client {
    /// GetObjectTagging; an object without tags gives none.
    package func tags(of key: ObjectKey, in bucket: String, version: VersionID? = nil) async throws -> [Tag] {
        do {
            let answer = try await read("GetObjectTagging", "tagging", key, bucket, version)
            let body = try await answer.bytes()
            // Ceph sends nothing at all for an object that has none. With an ETag it would be an empty object, from a
            // server that passes over the query.
            let isNothing = body.readableBytes == 0 && answer.response.first("etag") == nil
            let tags = isNothing ? [] : try answer.document("Tagging", in: body) { try ObjectDocuments.tags(&$0) }
            subresources.insert("tagging", of: bucket)
            return tags
        } catch let error as ObjectStoreError where error.serverCode == "NoSuchTagSet" {
            subresources.insert("tagging", of: bucket)
            return []
        }
    }

    /// PutObjectTagging: replaces all tags.
    package func setTags(
        _ tags: [Tag], of key: ObjectKey, in bucket: String, version: VersionID? = nil
    ) async throws {
        if !subresources.contains("tagging", of: bucket) {
            _ = try await self.tags(of: key, in: bucket, version: version)
        }
        try await write("PutObjectTagging", "tagging", ObjectDocuments.tagging(tags), key, bucket, version)
    }

    /// DeleteObjectTagging.
    package func deleteTags(of key: ObjectKey, in bucket: String, version: VersionID? = nil) async throws {
        if !subresources.contains("tagging", of: bucket) {
            _ = try await tags(of: key, in: bucket, version: version)
        }
        var request = S3Request("DeleteObjectTagging", "DELETE", bucket: bucket, key: key)
        request.query.add("tagging")
        request.query.add("versionId", version?.rawValue)
        _ = try await perform(request)
    }

    /// GetObjectAcl: the `AccessControlPolicy` as the server keeps it.
    package func acl(of key: ObjectKey, in bucket: String, version: VersionID? = nil) async throws -> [UInt8] {
        let answer = try await read("GetObjectAcl", "acl", key, bucket, version)
        let body = try await answer.bytes()
        try answer.document("AccessControlPolicy", in: body) { try $0.forEachChild { _, _ in } }
        subresources.insert("acl", of: bucket)
        return Array(body.readableBytesView)
    }

    /// PutObjectAcl.
    package func setACL(
        _ document: [UInt8], of key: ObjectKey, in bucket: String, version: VersionID? = nil
    ) async throws {
        if !subresources.contains("acl", of: bucket) {
            _ = try await acl(of: key, in: bucket, version: version)
        }
        try await write("PutObjectAcl", "acl", ByteBuffer(bytes: document), key, bucket, version)
    }

    /// GetObjectRetention; `nil` when none is set or the bucket has no lock.
    package func retention(
        of key: ObjectKey, in bucket: String, version: VersionID? = nil
    ) async throws -> ObjectRetention? {
        try await lock("GetObjectRetention", "retention", "Retention", key, bucket, version) {
            try ObjectRetention(&$0)
        }
    }

    /// PutObjectRetention.
    ///
    /// - Parameter bypassGovernance: shortens or lifts a retention in governance mode, which needs a right of its own.
    package func setRetention(
        _ retention: ObjectRetention, of key: ObjectKey, in bucket: String, version: VersionID? = nil,
        bypassGovernance: Bool = false
    ) async throws {
        if !subresources.contains("retention", of: bucket) {
            _ = try await self.retention(of: key, in: bucket, version: version)
        }
        try await write(
            "PutObjectRetention", "retention", retention.document, key, bucket, version,
            headers: bypassGovernance ? [Field("x-amz-bypass-governance-retention", "true")] : [])
    }

    /// GetObjectLegalHold; `false` when none is set or the bucket has no lock.
    package func legalHold(of key: ObjectKey, in bucket: String, version: VersionID? = nil) async throws -> Bool {
        try await lock("GetObjectLegalHold", "legal-hold", "LegalHold", key, bucket, version) {
            try ObjectDocuments.legalHold(&$0)
        } ?? false
    }

    /// PutObjectLegalHold.
    package func setLegalHold(
        _ isOn: Bool, of key: ObjectKey, in bucket: String, version: VersionID? = nil
    ) async throws {
        if !subresources.contains("legal-hold", of: bucket) {
            _ = try await legalHold(of: key, in: bucket, version: version)
        }
        try await write("PutObjectLegalHold", "legal-hold", ObjectDocuments.legalHold(isOn), key, bucket, version)
    }

    /// GetObjectAttributes, all parts. A server without the call throws `.notImplemented`.
    package func details(
        of key: ObjectKey, in bucket: String, version: VersionID? = nil
    ) async throws -> ObjectDetails {
        var result: ObjectDetails?
        var marker: Int64 = 0
        while true {
            let answer = try await read(
                "GetObjectAttributes", "attributes", key, bucket, version,
                headers: [
                    Field("x-amz-object-attributes", "ETag,Checksum,ObjectParts,StorageClass,ObjectSize"),
                    Field("x-amz-part-number-marker", String(marker)),
                ])
            let page = try await answer.document("GetObjectAttributesResponse") { try ObjectDetails(&$0) }
            var details = result ?? page
            if result != nil { details.parts += page.parts }
            guard let next = page.nextPart else { return details }
            // Part numbers end at 10,000 and every page moves the marker on, so this ends.
            guard next > marker, next <= 10_000 else { throw answer.bad("the listing of parts does not advance") }
            (result, marker) = (details, next)
        }
    }

    // MARK: Sub-resources

    private func read(
        _ operation: StaticString, _ subresource: String, _ key: ObjectKey, _ bucket: String, _ version: VersionID?,
        headers: [Field] = []
    ) async throws -> S3Answer {
        var request = S3Request(operation, "GET", bucket: bucket, key: key)
        request.query.add(subresource)
        request.query.add("versionId", version?.rawValue)
        request.headers = headers
        return try await perform(request)
    }

    private func write(
        _ operation: StaticString, _ subresource: String, _ body: ByteBuffer, _ key: ObjectKey, _ bucket: String,
        _ version: VersionID?, headers: [Field] = []
    ) async throws {
        var request = S3Request(operation, "PUT", bucket: bucket, key: key)
        request.query.add(subresource)
        request.query.add("versionId", version?.rawValue)
        request.headers = headers
        request.setHeader("content-type", "application/xml")
        request.setHeader("content-md5", body.contentMD5)
        request.body = ReplayableBody(body)
        try await perform(request).checkForError()
    }

    private func lock<Value>(
        _ operation: StaticString, _ subresource: String, _ root: StaticString, _ key: ObjectKey, _ bucket: String,
        _ version: VersionID?, _ decode: (inout XMLScanner) throws -> Value
    ) async throws -> Value? {
        do {
            let value = try await read(operation, subresource, key, bucket, version).document(root, decode)
            subresources.insert(subresource, of: bucket)
            return value
        } catch let error as ObjectStoreError where Self.meansNoLock(error) {
            subresources.insert(subresource, of: bucket)
            return nil
        }
    }

    /// Nothing set on the object, or a bucket without Object Lock, which is told by no better code than InvalidRequest.
    private static func meansNoLock(_ error: ObjectStoreError) -> Bool {
        switch error.serverCode {
        case "NoSuchObjectLockConfiguration", "ObjectLockConfigurationNotFoundError", "NoSuchObjectLegalHold",
            "NoSuchObjectRetention", "InvalidRequest":
            true
        default: false
        }
    }
}
