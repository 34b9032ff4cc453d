// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

package import Streams

/// Reads as ever, refuses every change with `.accessDenied` before the server hears of it.
package struct ReadOnlyObjectStore: ObjectStore {
    private let store: any ObjectStore

    package init(_ store: any ObjectStore) {
        self.store = store
    }

    package var bucket: String { store.bucket }

    package func list(_ query: ListQuery) async throws -> ListPage {
        try await store.list(query)
    }

    package func listVersions(_ query: VersionQuery) async throws -> VersionPage {
        try await store.listVersions(query)
    }

    package func get(_ key: ObjectKey, _ options: GetOptions) async throws -> ObjectBody {
        try await store.get(key, options)
    }

    package func head(_ key: ObjectKey, version: VersionID?) async throws -> ObjectInfo {
        try await store.head(key, version: version)
    }

    package func firstPartSize(of key: ObjectKey, version: VersionID?) async throws -> Int64? {
        try await store.firstPartSize(of: key, version: version)
    }

    package func put(_ key: ObjectKey, _ body: ReplayableBody, _ options: PutOptions) async throws -> PutResult {
        throw refusal("put \(key)")
    }

    package func delete(_ objects: [ObjectReference]) async throws -> [DeleteOutcome] {
        throw refusal("delete \(objects.count) objects")
    }

    package func createUpload(_ key: ObjectKey, _ options: PutOptions) async throws -> UploadID {
        throw refusal("begin an upload of \(key)")
    }

    package func uploadPart(
        _ key: ObjectKey, _ upload: UploadID, number: Int, _ body: ReplayableBody
    ) async throws -> UploadedPart {
        throw refusal("upload part \(number) of \(key)")
    }

    package func copyPart(
        _ key: ObjectKey, _ upload: UploadID, number: Int, from source: ObjectKey, range: Range<Int64>, ifMatch: String
    ) async throws -> UploadedPart {
        throw refusal("copy part \(number) of \(key)")
    }

    package func completeUpload(
        _ key: ObjectKey, _ upload: UploadID, _ parts: [UploadedPart], ifAbsent: Bool
    ) async throws -> PutResult {
        throw refusal("complete the upload of \(key)")
    }

    package func abortUpload(_ key: ObjectKey, _ upload: UploadID) async throws {
        throw refusal("abort the upload of \(key)")
    }

    package func parts(of key: ObjectKey, _ upload: UploadID) async throws -> [UploadedPart] {
        try await store.parts(of: key, upload)
    }

    package func uploads(prefix: [UInt8]) async throws -> [PendingUpload] {
        try await store.uploads(prefix: prefix)
    }

    package func tags(of key: ObjectKey, version: VersionID?) async throws -> [Tag] {
        try await store.tags(of: key, version: version)
    }

    package func acl(of key: ObjectKey, version: VersionID?) async throws -> [UInt8] {
        try await store.acl(of: key, version: version)
    }

    package func apply(_ setting: ObjectSetting, to key: ObjectKey, version: VersionID?) async throws {
        throw refusal("change the settings of \(key)")
    }

    private func refusal(_ what: String) -> ObjectStoreError {
        ObjectStoreError(.accessDenied, "refused to \(what): bucket \(bucket) is opened read-only")
    }
}
