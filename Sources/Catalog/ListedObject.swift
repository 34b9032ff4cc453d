// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

/// One object version as a listing shows it.
package struct ListedObject: Hashable, Sendable {
    /// 1 byte or more, as served.
    package var key: [UInt8]
    /// The place among the versions of the key: 0 is the newest.
    package var ordinal: Int
    /// The server's opaque name of the version; `nil` where the bucket was listed without versions.
    package var versionID: String?
    /// Whether this is the version that a read without a version id gets.
    package var isLatest: Bool
    package var isDeleteMarker: Bool
    /// Bytes of content.
    package var size: Int64
    /// As served, without the quotation marks; empty for a delete marker.
    package var etag: String
    /// Milliseconds since 1970, UTC.
    package var lastModified: Int64
    /// As served; `nil` when the server names none.
    package var storageClass: String?

    package init(
        key: [UInt8], ordinal: Int = 0, versionID: String? = nil, isLatest: Bool = true,
        isDeleteMarker: Bool = false, size: Int64, etag: String, lastModified: Int64, storageClass: String? = nil
    ) {
        self.key = key
        self.ordinal = ordinal
        self.versionID = versionID
        self.isLatest = isLatest
        self.isDeleteMarker = isDeleteMarker
        self.size = size
        self.etag = etag
        self.lastModified = lastModified
        self.storageClass = storageClass
    }
}
