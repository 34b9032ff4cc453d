// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

package import Streams

/// One bucket of an S3 server.
package struct S3ObjectStore: ObjectStore {
    package let bucket: String
    private let client: S3Client

    package init(_ client: S3Client, bucket: String) {
        self.client = client
        self.bucket = bucket
    }

    package func list(_ query: ListQuery) async throws -> ListPage {
        try await client.list(query, in: bucket)
    }

    package func listVersions(_ query: VersionQuery) async throws -> VersionPage {
        try await client.listVersions(query, in: bucket)
    }

    package func get(_ key: ObjectKey, _ options: GetOptions) async throws -> ObjectBody {
        try await client.get(key, in: bucket, options)
    }

    package func head(_ key: ObjectKey, version: VersionID?) async throws -> ObjectInfo {
        try await client.head(key, in: bucket, version: version)
    }

    package func firstPartSize(of key: ObjectKey, version: VersionID?) async throws -> Int64? {
        try await client.firstPartSize(of: key, in: bucket, version: version)
    }

    package func put(_ key: ObjectKey, _ body: ReplayableBody, _ options: PutOptions) async throws -> PutResult {
        try await client.put(key, in: bucket, body, options)
    }

    package func delete(_ objects: [ObjectReference]) async throws -> [DeleteOutcome] {
        try await client.delete(objects, in: bucket)
    }

    package func createUpload(_ key: ObjectKey, _ options: PutOptions) async throws -> UploadID {
        try await client.createUpload(key, in: bucket, options)
    }

    package func uploadPart(
        _ key: ObjectKey, _ upload: UploadID, number: Int, _ body: ReplayableBody
    ) async throws -> UploadedPart {
        try await client.uploadPart(key, in: bucket, upload, number: number, body)
    }

    package func copyPart(
        _ key: ObjectKey, _ upload: UploadID, number: Int, from source: ObjectKey, range: Range<Int64>, ifMatch: String
    ) async throws -> UploadedPart {
        try await client.uploadPartCopy(
            ObjectReference(source), from: bucket, range: range, to: key, in: bucket, upload, number: number,
            ifSourceMatches: ifMatch)
    }

    package func completeUpload(
        _ key: ObjectKey, _ upload: UploadID, _ parts: [UploadedPart], ifAbsent: Bool
    ) async throws -> PutResult {
        let result = try await client.completeUpload(key, in: bucket, upload, parts, ifAbsent: ifAbsent)
        guard result.etag.isEmpty else { return result }
        // Ceph answers so when the same completion came before and its answer was lost: see what is there.
        let unsaid = ObjectStoreError(.badAnswer, "the completion of the upload of \(key) was answered without an ETag")
        return try await LostAnswer(store: self, key: key, refusal: unsaid).ofCompletion(parts)
    }

    package func abortUpload(_ key: ObjectKey, _ upload: UploadID) async throws {
        try await client.abortUpload(key, in: bucket, upload)
    }

    package func parts(of key: ObjectKey, _ upload: UploadID) async throws -> [UploadedPart] {
        try await client.parts(of: key, in: bucket, upload)
    }

    package func uploads(prefix: [UInt8]) async throws -> [PendingUpload] {
        try await client.uploads(prefix: prefix, in: bucket)
    }

    package func tags(of key: ObjectKey, version: VersionID?) async throws -> [Tag] {
        try await client.tags(of: key, in: bucket, version: version)
    }

    package func acl(of key: ObjectKey, version: VersionID?) async throws -> [UInt8] {
        try await client.acl(of: key, in: bucket, version: version)
    }

    package func apply(_ setting: ObjectSetting, to key: ObjectKey, version: VersionID?) async throws {
        switch setting {
        case .acl(let document): try await client.setACL(document, of: key, in: bucket, version: version)
        case .retention(let retention):
            try await client.setRetention(retention, of: key, in: bucket, version: version)
        case .legalHold(let isOn): try await client.setLegalHold(isOn, of: key, in: bucket, version: version)
        case .tags(let tags): try await client.setTags(tags, of: key, in: bucket, version: version)
        }
    }
}
