// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

package import Streams

/// Keeps the number of requests under way within what the server bears.
///
/// A `get` holds its place until its head and what is collected of its body came, not while a stream is consumed: the
/// consumer may be slow, and the server's work is done.
package struct ThrottledObjectStore: ObjectStore {
    private let store: any ObjectStore
    private let gate: RequestGate

    package init(_ store: any ObjectStore, gate: RequestGate = RequestGate()) {
        self.store = store
        self.gate = gate
    }

    package var bucket: String { store.bucket }

    package func list(_ query: ListQuery) async throws -> ListPage {
        try await gate.pass { try await store.list(query) }
    }

    package func listVersions(_ query: VersionQuery) async throws -> VersionPage {
        try await gate.pass { try await store.listVersions(query) }
    }

    package func get(_ key: ObjectKey, _ options: GetOptions) async throws -> ObjectBody {
        try await gate.pass { try await store.get(key, options) }
    }

    package func head(_ key: ObjectKey, version: VersionID?) async throws -> ObjectInfo {
        try await gate.pass { try await store.head(key, version: version) }
    }

    package func firstPartSize(of key: ObjectKey, version: VersionID?) async throws -> Int64? {
        try await gate.pass { try await store.firstPartSize(of: key, version: version) }
    }

    package func put(_ key: ObjectKey, _ body: ReplayableBody, _ options: PutOptions) async throws -> PutResult {
        try await gate.pass { try await store.put(key, body, options) }
    }

    package func delete(_ objects: [ObjectReference]) async throws -> [DeleteOutcome] {
        try await gate.pass {
            try await store.delete(objects)
        } judge: { outcomes in
            outcomes.contains { $0.error?.code == .throttled } ? .throttled : .answered
        }
    }

    package func createUpload(_ key: ObjectKey, _ options: PutOptions) async throws -> UploadID {
        try await gate.pass { try await store.createUpload(key, options) }
    }

    package func uploadPart(
        _ key: ObjectKey, _ upload: UploadID, number: Int, _ body: ReplayableBody
    ) async throws -> UploadedPart {
        try await gate.pass { try await store.uploadPart(key, upload, number: number, body) }
    }

    package func copyPart(
        _ key: ObjectKey, _ upload: UploadID, number: Int, from source: ObjectKey, range: Range<Int64>, ifMatch: String
    ) async throws -> UploadedPart {
        try await gate.pass {
            try await store.copyPart(key, upload, number: number, from: source, range: range, ifMatch: ifMatch)
        }
    }

    package func completeUpload(
        _ key: ObjectKey, _ upload: UploadID, _ parts: [UploadedPart], ifAbsent: Bool
    ) async throws -> PutResult {
        try await gate.pass { try await store.completeUpload(key, upload, parts, ifAbsent: ifAbsent) }
    }

    package func abortUpload(_ key: ObjectKey, _ upload: UploadID) async throws {
        try await gate.pass { try await store.abortUpload(key, upload) }
    }

    package func parts(of key: ObjectKey, _ upload: UploadID) async throws -> [UploadedPart] {
        try await gate.pass { try await store.parts(of: key, upload) }
    }

    package func uploads(prefix: [UInt8]) async throws -> [PendingUpload] {
        try await gate.pass { try await store.uploads(prefix: prefix) }
    }

    package func tags(of key: ObjectKey, version: VersionID?) async throws -> [Tag] {
        try await gate.pass { try await store.tags(of: key, version: version) }
    }

    package func acl(of key: ObjectKey, version: VersionID?) async throws -> [UInt8] {
        try await gate.pass { try await store.acl(of: key, version: version) }
    }

    package func apply(_ setting: ObjectSetting, to key: ObjectKey, version: VersionID?) async throws {
        try await gate.pass { try await store.apply(setting, to: key, version: version) }
    }
}
