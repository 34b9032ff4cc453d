// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

package import NIOCore
import Streams

/// The bytes of one object, read in any order by ranged requests, and always of the same object.
///
/// Size and ETag are those of the moment it was opened. Each read asks for that ETag (`If-Match`) and checks that the
/// answer carries it, so that an object replaced meanwhile is an error and never a mixture of two.
package struct StoredBytes: RandomAccessBytes {
    /// The object as it was when it was opened.
    package let info: ObjectInfo
    private let store: any ObjectStore
    private let version: VersionID?

    /// Bytes of an object that is known already, from `head` or a listing.
    ///
    /// - Parameter version: the version to read; `nil` reads the current one.
    package init(_ info: ObjectInfo, version: VersionID? = nil, in store: any ObjectStore) {
        self.info = info
        self.version = version
        self.store = store
    }

    package var size: Int64 { info.size }

    /// Reads a range into memory: the caller chooses ranges that fit there.
    ///
    /// - Throws: besides what ``RandomAccessBytes`` promises, ``ObjectStoreError`` with `.preconditionFailed` when the
    ///   object was replaced and `.notFound` when it was deleted since it was opened.
    package func read(_ range: Range<Int64>) async throws -> ByteBuffer {
        try checkBounds(range)
        guard !range.isEmpty else { return ByteBuffer() }
        guard let count = Int(exactly: range.upperBound - range.lowerBound) else {
            throw ByteStreamError.outOfBounds(range, size: size)
        }
        let options = GetOptions(version: version, range: range, ifMatch: info.etag, wholeUpTo: count)
        let body = try await store.get(info.key, options)
        // A server may ignore If-Match.
        guard body.info.etag == info.etag, body.info.size == size else {
            throw ObjectStoreError(
                .preconditionFailed,
                "\(info.key) in bucket \(store.bucket) was replaced while it was read: open it again")
        }
        guard body.length == Int64(count) else {
            throw ByteStreamError.endedEarly(wanted: Int64(count), got: body.length)
        }
        let bytes = try await body.bytes.collect(upTo: count)
        guard bytes.readableBytes == count else {
            throw ByteStreamError.endedEarly(wanted: Int64(count), got: Int64(bytes.readableBytes))
        }
        return bytes
    }
}

extension ObjectStore {
    /// Opens an object for reading in any order. One `head` request.
    package func randomAccess(to key: ObjectKey, version: VersionID? = nil) async throws -> StoredBytes {
        StoredBytes(try await head(key, version: version), version: version, in: self)
    }
}
