// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import NIOCore
import Streams

/// The part of a bucket that belongs to one run of a check, and what checks are made of.
struct ScratchPrefix: Sendable {
    let store: any ObjectStore
    let prefix: String

    func key(_ name: String) -> ObjectKey {
        ObjectKey(prefix + name)
    }

    @discardableResult
    func put(
        _ name: String, _ content: [UInt8] = Array("content".utf8), _ attributes: ObjectAttributes = ObjectAttributes()
    ) async throws -> PutResult {
        try await store.put(
            key(name), ReplayableBody(ByteBuffer(bytes: content)), PutOptions(attributes: attributes))
    }

    func read(_ name: String, _ options: GetOptions = GetOptions()) async throws -> [UInt8] {
        try await read(key(name), options)
    }

    func read(_ key: ObjectKey, _ options: GetOptions = GetOptions()) async throws -> [UInt8] {
        let body = try await store.get(key, options)
        let bytes = Array(try await body.bytes.collect(upTo: 64 << 20).readableBytesView)
        try expect(Int64(bytes.count) == body.length, "\(bytes.count) bytes of \(key), announced as \(body.length)")
        return bytes
    }

    /// Every key below the prefix, by pages of `limit`; each at most once, or the check fails.
    func keys(_ below: String = "", limit: Int = 1000) async throws -> Set<[UInt8]> {
        var found: Set<[UInt8]> = []
        for try await page in listing(of: store, prefix: Array((prefix + below).utf8), pageSize: limit) {
            for object in page.objects {
                try expect(found.insert(object.key.bytes).inserted, "\(object.key) listed twice by pages of \(limit)")
            }
        }
        return found
    }

    /// Removes every object, version and upload below the prefix.
    func clear() async throws {
        for upload in try await store.uploads(prefix: Array(prefix.utf8)) {
            try await store.abortUpload(upload.key, upload.upload)
        }
        var objects: [ObjectReference] = []
        do {
            for try await page in versionListingByDelimiter(of: store, prefix: Array(prefix.utf8)) {
                objects += page.versions.map { ObjectReference($0.info.key, version: $0.info.version) }
            }
        } catch let error as ObjectStoreError where error.code == .notImplemented {}
        if objects.allSatisfy({ $0.version == .null }) {
            objects = []
            for try await page in listing(of: store, prefix: Array(prefix.utf8)) {
                objects += page.objects.map { ObjectReference($0.key) }
            }
        }
        // Deepest first: a server that keeps directories then finds them empty.
        objects.sort { $0.key.bytes.count > $1.key.bytes.count }
        for outcome in try await store.delete(objects) {
            if let error = outcome.error { throw error }
        }
    }
}

/// Fails the check unless `condition` holds.
func expect(_ condition: Bool, _ message: @autoclosure () -> String) throws {
    guard condition else { throw StoreCheckFailure(message()) }
}

/// Fails the check unless both are equal, and says how they differ.
func expect<Value: Equatable>(_ what: String, _ got: Value, is wanted: Value) throws {
    guard got == wanted else { throw StoreCheckFailure("\(what): got \(got), wanted \(wanted)") }
}

/// Fails the check unless `body` throws an ``ObjectStoreError`` with one of `codes`.
func expect(
    _ what: String, throws codes: ObjectStoreError.Code..., from body: () async throws -> Void
) async throws {
    let wanted = codes.map(\.rawValue).joined(separator: " or ")
    do {
        try await body()
    } catch let error as ObjectStoreError {
        guard codes.contains(error.code) else {
            throw StoreCheckFailure("\(what): got \(error.code.rawValue) (\(error)), wanted \(wanted)")
        }
        return
    }
    throw StoreCheckFailure("\(what): succeeded, wanted \(wanted)")
}

/// `count` bytes that differ from place to place, so that a shifted or mixed copy is noticed.
func patterned(_ count: Int, seed: Int = 0) -> [UInt8] {
    var block = (0..<4096).map { UInt8(truncatingIfNeeded: ($0 &+ seed) &* 31 ^ ($0 >> 8) &* 7) }
    var bytes: [UInt8] = []
    bytes.reserveCapacity(count + block.count)
    while bytes.count < count {
        for index in 0..<4 { block[index] = UInt8(truncatingIfNeeded: bytes.count >> (8 * index)) }
        bytes += block
    }
    bytes.removeLast(bytes.count - count)
    return bytes
}
