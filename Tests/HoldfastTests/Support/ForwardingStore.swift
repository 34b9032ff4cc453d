// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import NIOCore
import ObjectStorage
import Streams
import TestSupport

/// A store that hands every request to another one, but for those that a conformer writes itself.
protocol ForwardingStore: ObjectStore {
    var base: any ObjectStore { get }

    /// Does one request; the place for what happens around every one of them.
    func meet<Value: Sendable>(_ request: () async throws -> Value) async throws -> Value
}

extension ForwardingStore {
    var bucket: String { base.bucket }

    func meet<Value: Sendable>(_ request: () async throws -> Value) async throws -> Value { try await request() }

    func list(_ query: ListQuery) async throws -> ListPage { try await meet { try await base.list(query) } }

    func listVersions(_ query: VersionQuery) async throws -> VersionPage {
        try await meet { try await base.listVersions(query) }
    }

    func get(_ key: ObjectKey, _ options: GetOptions) async throws -> ObjectBody {
        try await meet { try await base.get(key, options) }
    }

    func head(_ key: ObjectKey, version: VersionID?) async throws -> ObjectInfo {
        try await meet { try await base.head(key, version: version) }
    }

    func firstPartSize(of key: ObjectKey, version: VersionID?) async throws -> Int64? {
        try await meet { try await base.firstPartSize(of: key, version: version) }
    }

    func put(_ key: ObjectKey, _ body: ReplayableBody, _ options: PutOptions) async throws -> PutResult {
        try await meet { try await base.put(key, body, options) }
    }

    func delete(_ objects: [ObjectReference]) async throws -> [DeleteOutcome] {
        try await meet { try await base.delete(objects) }
    }

    func createUpload(_ key: ObjectKey, _ options: PutOptions) async throws -> UploadID {
        try await meet { try await base.createUpload(key, options) }
    }

    func uploadPart(
        _ key: ObjectKey, _ upload: UploadID, number: Int, _ body: ReplayableBody
    ) async throws -> UploadedPart {
        try await meet { try await base.uploadPart(key, upload, number: number, body) }
    }

    func copyPart(
        _ key: ObjectKey, _ upload: UploadID, number: Int, from source: ObjectKey, range: Range<Int64>, ifMatch: String
    ) async throws -> UploadedPart {
        try await meet {
            try await base.copyPart(key, upload, number: number, from: source, range: range, ifMatch: ifMatch)
        }
    }

    func completeUpload(
        _ key: ObjectKey, _ upload: UploadID, _ parts: [UploadedPart], ifAbsent: Bool
    ) async throws -> PutResult {
        try await meet { try await base.completeUpload(key, upload, parts, ifAbsent: ifAbsent) }
    }

    func abortUpload(_ key: ObjectKey, _ upload: UploadID) async throws {
        try await meet { try await base.abortUpload(key, upload) }
    }

    func parts(of key: ObjectKey, _ upload: UploadID) async throws -> [UploadedPart] {
        try await meet { try await base.parts(of: key, upload) }
    }

    func uploads(prefix: [UInt8]) async throws -> [PendingUpload] {
        try await meet { try await base.uploads(prefix: prefix) }
    }

    func tags(of key: ObjectKey, version: VersionID?) async throws -> [Tag] {
        try await meet { try await base.tags(of: key, version: version) }
    }

    func acl(of key: ObjectKey, version: VersionID?) async throws -> [UInt8] {
        try await meet { try await base.acl(of: key, version: version) }
    }

    func apply(_ setting: ObjectSetting, to key: ObjectKey, version: VersionID?) async throws {
        try await meet { try await base.apply(setting, to: key, version: version) }
    }
}

/// A store whose listing names the first key of the bucket on every page, and the last key of each page twice.
struct RepeatingStore: ForwardingStore {
    let base: any ObjectStore

    func list(_ query: ListQuery) async throws -> ListPage {
        var page = try await base.list(query)
        if let last = page.objects.last { page.objects.append(last) }
        page.objects.insert(contentsOf: try await base.list(ListQuery(limit: 1)).objects, at: 0)
        return page
    }
}

/// A store whose ETags say nothing of the content, and that keeps other bytes of one key than were sent.
struct OpaqueStore: ForwardingStore {
    let base: any ObjectStore
    let damaged: ObjectKey

    func put(_ key: ObjectKey, _ body: ReplayableBody, _ options: PutOptions) async throws -> PutResult {
        var content = try await body.makeStream().collect(upTo: 1 << 20)
        if key == damaged { content.setInteger(0, at: content.readerIndex, as: UInt8.self) }
        let result = try await base.put(key, ReplayableBody(content), options)
        return PutResult(etag: "opaque", version: result.version)
    }
}

/// A store that is never reached again after so many requests: what its user sees when he is killed, he does not see.
struct DyingStore: ForwardingStore {
    let base: any ObjectStore
    /// Requests that are answered.
    let life: Int
    /// Whether the request after the last answered one is still done.
    let doesLast: Bool
    private let requests = Guarded(0)

    init(_ base: any ObjectStore, life: Int, doesLast: Bool = false) {
        self.base = base
        self.life = life
        self.doesLast = doesLast
    }

    /// How many requests came.
    var count: Int { requests.value }

    func meet<Value: Sendable>(_ request: () async throws -> Value) async throws -> Value {
        let number = requests.with { requests in
            requests += 1
            return requests
        }
        if number <= life { return try await request() }
        if number == life + 1, doesLast { _ = try await request() }
        throw ObjectStoreError.brokenConnection
    }
}
