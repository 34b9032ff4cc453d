// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import NIOCore
import Streams

extension StoreCheck {
    /// The least that servers accept for a part that is not the last (S3 API, Multipart upload limits).
    private static var partSize: Int { 5 << 20 }

    static let uploads: [StoreCheck] = [
        StoreCheck("parts sent out of order make one object, attributes included") { scratch in
            let first = patterned(partSize, seed: 1)
            let second = patterned(1000, seed: 2)
            let attributes = ObjectAttributes(
                headers: [Field("content-type", "application/x-parts")], metadata: [Field("kind", "parts")])
            let key = scratch.key("parts")
            let upload = try await scratch.store.createUpload(key, PutOptions(attributes: attributes))
            let last = try await scratch.store.uploadPart(key, upload, number: 2, body(second))
            let beginning = try await scratch.store.uploadPart(key, upload, number: 1, body(first))
            try expect("size of part 1", beginning.size, is: Int64(partSize))
            let result = try await scratch.store.completeUpload(key, upload, [beginning, last], ifAbsent: false)
            let info = try await scratch.store.head(key, version: nil)
            try expect("size", info.size, is: Int64(partSize + 1000))
            try expect("ETag", info.etag, is: result.etag)
            try expect("part count", ETag.partCount(of: info.etag), is: 2)
            try expect("metadata", info.attributes.metadata, is: [Field("kind", "parts")])
            try expect(try await scratch.read("parts") == first + second, "content differs")
        },
        StoreCheck("a part sent again replaces the first") { scratch in
            let key = scratch.key("again")
            let upload = try await scratch.store.createUpload(key, PutOptions())
            _ = try await scratch.store.uploadPart(key, upload, number: 1, body([1, 1, 1]))
            let part = try await scratch.store.uploadPart(key, upload, number: 1, body([2, 2]))
            _ = try await scratch.store.completeUpload(key, upload, [part], ifAbsent: false)
            try expect("content", try await scratch.read("again"), is: [2, 2])
        },
        StoreCheck("part numbers need not be consecutive") { scratch in
            let key = scratch.key("gaps")
            let upload = try await scratch.store.createUpload(key, PutOptions())
            let first = try await scratch.store.uploadPart(key, upload, number: 3, body(patterned(partSize)))
            let last = try await scratch.store.uploadPart(key, upload, number: 999, body([9]))
            _ = try await scratch.store.completeUpload(key, upload, [first, last], ifAbsent: false)
            try expect("content", try await scratch.read("gaps").last, is: 9)
        },
        StoreCheck("a part is copied out of the object that the upload replaces", requires: [.partCopies]) { scratch in
            let old = patterned(2 * partSize, seed: 3)
            try await scratch.put("replaced", old)
            let key = scratch.key("replaced")
            let etag = try await scratch.store.head(key, version: nil).etag
            let upload = try await scratch.store.createUpload(key, PutOptions())
            let first = try await scratch.store.uploadPart(key, upload, number: 1, body(patterned(partSize, seed: 4)))
            let range = Int64(partSize - 7)..<Int64(2 * partSize)
            let copied = try await scratch.store.copyPart(
                key, upload, number: 2, from: key, range: range, ifMatch: etag)
            try expect("size of part 2", copied.size, is: Int64(partSize + 7))
            _ = try await scratch.store.completeUpload(key, upload, [first, copied], ifAbsent: false)
            let expected = patterned(partSize, seed: 4) + old[(partSize - 7)...]
            try expect(try await scratch.read("replaced") == expected, "content differs")
        },
        StoreCheck("an upload is listed until it is aborted, and leaves nothing") { scratch in
            let key = scratch.key("aborted")
            let upload = try await scratch.store.createUpload(key, PutOptions())
            _ = try await scratch.store.uploadPart(key, upload, number: 1, body([1]))
            let pending = try await scratch.store.uploads(prefix: Array(scratch.prefix.utf8))
            try expect("uploads", pending.map(\.upload), is: [upload])
            try expect("key of the upload", pending.first?.key, is: key)
            try await scratch.store.abortUpload(key, upload)
            try expect("uploads", try await scratch.store.uploads(prefix: Array(scratch.prefix.utf8)).count, is: 0)
            // Ceph RGW 16 believes that the completion of an aborted upload is in progress, and answers 500.
            try await expect("completing it", throws: .notFound, .serverFailure) {
                let part = UploadedPart(number: 1, etag: "00000000000000000000000000000000", size: 1)
                _ = try await scratch.store.completeUpload(key, upload, [part], ifAbsent: false)
            }
            try await scratch.store.abortUpload(key, upload)
            try await expect("reading the object", throws: .notFound) {
                _ = try await scratch.store.head(key, version: nil)
            }
        },
        StoreCheck("a completion with ifAbsent never replaces", requires: [.conditionalCompletion]) { scratch in
            try await scratch.put("held", [7])
            let key = scratch.key("held")
            let upload = try await scratch.store.createUpload(key, PutOptions())
            let part = try await scratch.store.uploadPart(key, upload, number: 1, body([8]))
            try await expect("completing", throws: .preconditionFailed) {
                _ = try await scratch.store.completeUpload(key, upload, [part], ifAbsent: true)
            }
            try expect("content", try await scratch.read("held"), is: [7])
            try await scratch.store.abortUpload(key, upload)
        },
        StoreCheck("tags of an upload reach its object", requires: [.tagging, .uploadTagging]) { scratch in
            let key = scratch.key("tagged")
            let options = PutOptions(attributes: ObjectAttributes(tags: [Tag("a", "b=c d+e")]))
            let upload = try await scratch.store.createUpload(key, options)
            let part = try await scratch.store.uploadPart(key, upload, number: 1, body([1]))
            _ = try await scratch.store.completeUpload(key, upload, [part], ifAbsent: false)
            try expect("tags", try await scratch.store.tags(of: key, version: nil), is: [Tag("a", "b=c d+e")])
        },
    ]

    private static func body(_ bytes: [UInt8]) -> ReplayableBody {
        ReplayableBody(ByteBuffer(bytes: bytes))
    }
}
