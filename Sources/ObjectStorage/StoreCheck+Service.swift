// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import NIOCore
import Streams

/// One obligation of a ``StorageService``; as ``StoreCheck``, but with buckets of its own.
package struct ServiceCheck: Sendable {
    /// What is checked, as a sentence.
    package let name: String
    /// What the server must be able to do for the check to make sense.
    package let requires: Set<StoreCapability>
    /// Runs the check.
    ///
    /// - Parameter bucket: the name of a bucket that does not exist; the check makes it and, unless it fails, removes it.
    package let run: @Sendable (_ service: any StorageService, _ bucket: String) async throws -> Void

    /// Every check there is.
    package static let all: [ServiceCheck] = [
        ServiceCheck(name: "a bucket is made, seen and removed", requires: []) { service, bucket in
            try expect("exists before", try await service.bucketExists(bucket), is: false)
            try await service.createBucket(bucket)
            try expect("exists", try await service.bucketExists(bucket), is: true)
            try expect(try await service.buckets().contains(bucket), "\(bucket) is not among the buckets")
            try await service.deleteBucket(bucket)
            try expect("exists after", try await service.bucketExists(bucket), is: false)
        },
        ServiceCheck(name: "a bucket that is not there is named as such", requires: []) { service, bucket in
            let store = service.store(for: bucket)
            try await expect("listing", throws: .noSuchBucket) { _ = try await store.list(ListQuery()) }
            try await expect("put", throws: .noSuchBucket) {
                _ = try await store.put(ObjectKey("a"), ReplayableBody(ByteBuffer(string: "x")), PutOptions())
            }
            try await expect("removing", throws: .noSuchBucket) { try await service.deleteBucket(bucket) }
        },
        ServiceCheck(name: "a bucket with content is not removed", requires: []) { service, bucket in
            try await service.createBucket(bucket)
            let scratch = ScratchPrefix(store: service.store(for: bucket), prefix: "")
            try await scratch.put("content")
            try await expect("removing", throws: .conflict) { try await service.deleteBucket(bucket) }
            try await scratch.clear()
            try await service.deleteBucket(bucket)
        },
        ServiceCheck(name: "versioning is unset, enabled and suspended", requires: [.versioning]) { service, bucket in
            try await service.createBucket(bucket)
            let store = service.store(for: bucket)
            let scratch = ScratchPrefix(store: store, prefix: "")
            try await scratch.put("object", [1])
            try await service.setDocument(.versioning, of: bucket, to: versioning("Enabled"))
            let document = try await service.document(.versioning, of: bucket) ?? []
            try expect(String(decoding: document, as: UTF8.self).contains("Enabled"), "versioning is not told")
            let during = try await scratch.put("object", [2]).version
            try await service.setDocument(.versioning, of: bucket, to: versioning("Suspended"))
            try await scratch.put("object", [3])
            let page = try await store.listVersions(VersionQuery())
            try expect("versions", Set(page.versions.map(\.info.version)), is: [.null, during])
            try expect("latest", page.versions.filter(\.isLatest).map(\.info.version), is: [.null])
            try expect("null version", try await scratch.read("object", GetOptions(version: .null)), is: [3])
            try await scratch.clear()
            try await service.deleteBucket(bucket)
        },
        ServiceCheck(
            name: "a null version is listed in its place among the others", requires: [.versioning, .nullVersionOrder]
        ) { service, bucket in
            try await service.createBucket(bucket)
            let scratch = ScratchPrefix(store: service.store(for: bucket), prefix: "")
            try await service.setDocument(.versioning, of: bucket, to: versioning("Enabled"))
            let first = try await scratch.put("object", [1]).version
            try await service.setDocument(.versioning, of: bucket, to: versioning("Suspended"))
            try await scratch.put("object", [2])
            try await service.setDocument(.versioning, of: bucket, to: versioning("Enabled"))
            let last = try await scratch.put("object", [3]).version
            let page = try await scratch.store.listVersions(VersionQuery())
            try expect("versions", page.versions.map(\.info.version), is: [last, .null, first])
            try await scratch.clear()
            try await service.deleteBucket(bucket)
        },
        ServiceCheck(name: "a policy that is not set is nil", requires: []) { service, bucket in
            try await service.createBucket(bucket)
            try expect("policy", try await service.document(.policy, of: bucket), is: nil)
            try await service.deleteBucket(bucket)
        },
    ]

    private static func versioning(_ status: String) -> [UInt8] {
        Array(
            ("<VersioningConfiguration xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Status>\(status)</Status>"
                + "</VersioningConfiguration>").utf8)
    }
}
