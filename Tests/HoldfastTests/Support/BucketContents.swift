// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import NIOCore
import ObjectStorage
import Streams

/// An object as a user sees it: what a backup must bring back.
struct Seen: Equatable, Sendable {
    var bytes: ByteBuffer
    var attributes: ObjectAttributes

    init(_ bytes: ByteBuffer, _ attributes: ObjectAttributes = ObjectAttributes()) {
        self.bytes = bytes
        self.attributes = attributes
    }
}

/// Everything that is in a bucket.
struct BucketContents: Sendable {
    private(set) var objects: [ObjectKey: Seen] = [:]

    /// Reads the whole bucket into memory.
    init(of store: any ObjectStore) async throws {
        for try await page in listing(of: store) {
            for object in page.objects {
                let body = try await store.get(object.key, GetOptions())
                var seen = Seen(try await body.bytes.collect(upTo: 1 << 26), body.info.attributes)
                seen.attributes.tags = try await store.tags(of: object.key, version: nil)
                objects[object.key] = seen
            }
        }
    }

    /// What is different in another bucket, for people; none when both are the same.
    func differences(from other: BucketContents) -> [String] {
        Set(objects.keys).union(other.objects.keys).sorted().compactMap { key in
            switch (objects[key], other.objects[key]) {
            case (let mine?, let theirs?):
                if mine.bytes != theirs.bytes { return "\(key): other bytes" }
                if mine.attributes != theirs.attributes { return "\(key): \(mine.attributes), \(theirs.attributes)" }
                return nil
            case (_?, nil): return "\(key): only in the first"
            default: return "\(key): only in the second"
            }
        }
    }
}

extension ObjectStore {
    /// Stores an object in one request.
    func put(_ key: String, _ bytes: [UInt8], _ attributes: ObjectAttributes = ObjectAttributes()) async throws {
        try await put(ObjectKey(key), bytes, attributes)
    }

    func put(_ key: ObjectKey, _ bytes: [UInt8], _ attributes: ObjectAttributes = ObjectAttributes()) async throws {
        _ = try await put(key, ReplayableBody(ByteBuffer(bytes: bytes)), PutOptions(attributes: attributes))
    }

    /// The content of an object as text; `nil` when there is none.
    func text(_ key: String) async throws -> String? {
        do {
            return String(buffer: try await get(ObjectKey(key), GetOptions()).bytes.collect(upTo: 1 << 20))
        } catch let error as ObjectStoreError where error.code == .notFound {
            return nil
        }
    }

    /// The keys, in the order of the listing.
    func keys() async throws -> [String] {
        var keys: [String] = []
        for try await page in listing(of: self) { keys += page.objects.map { "\($0.key)" } }
        return keys
    }
}
