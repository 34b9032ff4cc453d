// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import NIOCore
import ObjectStorage
import Streams
import TestSupport
import Testing

@Suite struct ListingTests {
    private func makeStore(
        _ keys: [ObjectKey], versions: Int = 1, _ options: InMemoryOptions = InMemoryOptions()
    ) async throws -> InMemoryObjectStore {
        let store = try await InMemoryObjectStore(versioning: versions > 1, options)
        for key in keys {
            for version in 0..<versions {
                _ = try await store.put(key, ReplayableBody(ByteBuffer(integer: version)), PutOptions())
            }
        }
        return store
    }

    private func objects(_ pages: some AsyncSequence<ListPage, any Error>) async throws -> [ObjectKey] {
        var keys: [ObjectKey] = []
        for try await page in pages { keys += page.objects.map(\.key) }
        return keys
    }

    @Test(
        "listing and walk find every key once, in either order",
        arguments: [InMemoryOptions.Order.bytes, .directories], [1, 2, 7, 1000])
    func complete(order: InMemoryOptions.Order, pageSize: Int) async throws {
        var awkward = AwkwardKeys(seed: 7)
        let keys = awkward.random(120)
        let store = try await makeStore(keys, InMemoryOptions { $0.order = order })
        let listed = try await objects(listing(of: store, pageSize: pageSize))
        #expect(listed.count == keys.count)
        #expect(Set(listed) == Set(keys))
        if order == .bytes { #expect(listed == keys.sorted()) }
        let walked = try await objects(listingByDelimiter(of: store, pageSize: pageSize))
        #expect(walked.count == keys.count)
        #expect(Set(walked) == Set(keys))
    }

    @Test("version listing and walk find every version once, newest first", arguments: [1, 2, 7, 1000])
    func completeVersions(pageSize: Int) async throws {
        var awkward = AwkwardKeys(seed: 8)
        let keys = awkward.random(40)
        let store = try await makeStore(keys, versions: 3)
        for walks in [false, true] {
            var rows: [ObjectVersion] = []
            if walks {
                for try await page in versionListingByDelimiter(of: store, pageSize: pageSize) { rows += page.versions }
            } else {
                for try await page in versionListing(of: store, pageSize: pageSize) { rows += page.versions }
            }
            #expect(rows.count == 120)
            let byKey = Dictionary(grouping: rows, by: \.info.key)
            #expect(Set(byKey.keys) == Set(keys))
            for (_, versions) in byKey {
                #expect(versions.map(\.isLatest) == [true, false, false])
                let ids = versions.compactMap { $0.info.version?.rawValue }
                #expect(ids == ids.sorted(by: >))
            }
        }
    }

    @Test("a page that comes again ends the listing with an error")
    func repeatedPage() async throws {
        let store = try await makeStore((0..<10).map { ObjectKey("k\($0)") })
        let faulty = FaultyObjectStore(
            store, [.on(.list, call: 3, .repeatPage), .on(.listVersions, call: 3, .repeatPage)])
        let error = await #expect(throws: ObjectStoreError.self) {
            _ = try await objects(listing(of: faulty, pageSize: 2))
        }
        #expect(error?.code == .badAnswer)
        #expect(faulty.count(.list) == 3)
        let second = await #expect(throws: ObjectStoreError.self) {
            for try await _ in versionListing(of: faulty, pageSize: 2) {}
        }
        #expect(second?.code == .badAnswer)
        #expect(faulty.count(.listVersions) == 3)
    }

    /// Answers pages from a function of the token.
    private struct Scripted: Sendable {
        let page: @Sendable (ListQuery) -> ListPage

        func store() async throws -> any ObjectStore {
            ScriptedListing(base: try await InMemoryObjectStore(), page: page)
        }
    }

    @Test("tokens that go in a circle are noticed", arguments: [1, 2, 3, 10, 97])
    func circle(length: Int) async throws {
        let store = try await Scripted { query in
            let number = query.continuation.flatMap { Int($0) } ?? 0
            let object = ObjectInfo(key: ObjectKey("k"), size: 1, etag: "e", lastModified: .distantPast)
            // Two pages lead into the circle.
            let next = number < 2 ? number + 1 : 2 + (number - 1) % length
            return ListPage(objects: [object], continuation: String(next))
        }.store()
        var pages = 0
        let error = await #expect(throws: ObjectStoreError.self) {
            for try await _ in listing(of: store) { pages += 1 }
        }
        #expect(error?.code == .badAnswer)
        #expect(pages <= 4 * length + 8)
    }

    @Test("empty pages are followed, but not for ever")
    func emptyPages() async throws {
        let patient = try await Scripted { query in
            let number = query.continuation.flatMap { Int($0) } ?? 0
            let object = ObjectInfo(key: ObjectKey("k"), size: 1, etag: "e", lastModified: .distantPast)
            return number == 100 ? ListPage(objects: [object]) : ListPage(continuation: String(number + 1))
        }.store()
        #expect(try await objects(listing(of: patient)) == [ObjectKey("k")])
        let error = await #expect(throws: ObjectStoreError.self) {
            _ = try await objects(listing(of: patient, emptyPages: 99))
        }
        #expect(error?.code == .badAnswer)
    }

    @Test("keys outside the prefix are left out")
    func foreignKeys() async throws {
        let store = try await Scripted { _ in
            let keys = ["a/1", "ab", "a/2", "b"].map { ObjectKey($0) }
            return ListPage(
                objects: keys.map { ObjectInfo(key: $0, size: 1, etag: "e", lastModified: .distantPast) },
                commonPrefixes: [Array("x/".utf8)])
        }.store()
        let wanted = ["a/1", "a/2"].map { ObjectKey($0) }
        #expect(try await objects(listing(of: store, prefix: Array("a/".utf8))) == wanted)
        #expect(try await objects(listingByDelimiter(of: store, prefix: Array("a/".utf8))) == wanted)
    }

    @Test("common prefixes that lead nowhere or ever deeper end the walk with an error", arguments: [true, false])
    func endlessPrefixes(growing: Bool) async throws {
        let store = try await Scripted { query in
            ListPage(commonPrefixes: [growing ? query.prefix + Array("a/".utf8) : query.prefix])
        }.store()
        let error = await #expect(throws: ObjectStoreError.self) {
            _ = try await objects(listingByDelimiter(of: store))
        }
        #expect(error?.code == .badAnswer)
    }

    @Test("an error of the store is the listing's")
    func failure() async throws {
        let store = try await makeStore([ObjectKey("a"), ObjectKey("b")])
        let faulty = FaultyObjectStore(store, [.on(.list, call: 2, .fail(.internalError))])
        let error = await #expect(throws: ObjectStoreError.self) {
            _ = try await objects(listing(of: faulty, pageSize: 1))
        }
        #expect(error?.code == .serverFailure)
    }
}

/// Lists what it is told; nothing else is asked of it.
private struct ScriptedListing: ObjectStore {
    let base: InMemoryObjectStore
    let page: @Sendable (ListQuery) -> ListPage

    var bucket: String { base.bucket }
    func list(_ query: ListQuery) async throws -> ListPage { page(query) }
    func listVersions(_ query: VersionQuery) async throws -> VersionPage { try await base.listVersions(query) }
    func get(_ key: ObjectKey, _ options: GetOptions) async throws -> ObjectBody { try await base.get(key, options) }
    func head(_ key: ObjectKey, version: VersionID?) async throws -> ObjectInfo {
        try await base.head(key, version: version)
    }
    func put(_ key: ObjectKey, _ body: ReplayableBody, _ options: PutOptions) async throws -> PutResult {
        try await base.put(key, body, options)
    }
    func delete(_ objects: [ObjectReference]) async throws -> [DeleteOutcome] { try await base.delete(objects) }
    func createUpload(_ key: ObjectKey, _ options: PutOptions) async throws -> UploadID {
        try await base.createUpload(key, options)
    }
    func uploadPart(
        _ key: ObjectKey, _ upload: UploadID, number: Int, _ body: ReplayableBody
    ) async throws -> UploadedPart {
        try await base.uploadPart(key, upload, number: number, body)
    }
    func completeUpload(
        _ key: ObjectKey, _ upload: UploadID, _ parts: [UploadedPart], ifAbsent: Bool
    ) async throws -> PutResult {
        try await base.completeUpload(key, upload, parts, ifAbsent: ifAbsent)
    }
    func abortUpload(_ key: ObjectKey, _ upload: UploadID) async throws { try await base.abortUpload(key, upload) }
    func parts(of key: ObjectKey, _ upload: UploadID) async throws -> [UploadedPart] {
        try await base.parts(of: key, upload)
    }
    func uploads(prefix: [UInt8]) async throws -> [PendingUpload] { try await base.uploads(prefix: prefix) }
    func tags(of key: ObjectKey, version: VersionID?) async throws -> [ObjectStorage.Tag] {
        try await base.tags(of: key, version: version)
    }

    func acl(of key: ObjectKey, version: VersionID?) async throws -> [UInt8] {
        try await base.acl(of: key, version: version)
    }

    func apply(_ setting: ObjectSetting, to key: ObjectKey, version: VersionID?) async throws {
        try await base.apply(setting, to: key, version: version)
    }
}
