// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

/// One object version of a backup: all that is known of it and where its bytes lie.
package struct CatalogObject: Hashable, Sendable {
    /// What a listing says, true of the bytes that were stored.
    package var listed: ListedObject
    package var headers: [CatalogField]
    package var metadata: [CatalogField]
    package var tags: [CatalogField]
    /// Access control list, JSON.
    package var acl: String?
    /// Object-lock retention, JSON.
    package var retention: String?
    /// Object-lock legal hold, JSON.
    package var legalHold: String?
    /// Parts of the multipart upload that made the object.
    package var partCount: Int?
    /// Bytes of each part but the last.
    package var partSize: Int64?
    /// The SHA-256 of the content, 32 bytes.
    package var sha256: [UInt8]?
    /// The name of the tar member that holds the object.
    package var member: [UInt8]?
    /// Where the content lies, in the order of the content.
    package var extents: [Extent]
    /// Into what the content was cut; `nil` where it was not. A reader leaves it out of the rows that it hands out:
    /// ``CatalogReader/chunks(of:)`` asks for it.
    package var chunks: ChunkList?

    package init(
        listed: ListedObject, headers: [CatalogField] = [], metadata: [CatalogField] = [], tags: [CatalogField] = [],
        acl: String? = nil, retention: String? = nil, legalHold: String? = nil, partCount: Int? = nil,
        partSize: Int64? = nil, sha256: [UInt8]? = nil, member: [UInt8]? = nil, extents: [Extent] = [],
        chunks: ChunkList? = nil
    ) {
        self.listed = listed
        self.headers = headers
        self.metadata = metadata
        self.tags = tags
        self.acl = acl
        self.retention = retention
        self.legalHold = legalHold
        self.partCount = partCount
        self.partSize = partSize
        self.sha256 = sha256
        self.member = member
        self.extents = extents
        self.chunks = chunks
    }

    package var key: [UInt8] { listed.key }
    package var ordinal: Int { listed.ordinal }
    package var size: Int64 { listed.size }

    /// What of this row is beyond the limits of a catalog, and the limit; `nil` for a row that can be stored.
    package var fault: String? { CatalogLimits.fault(of: self) }

    /// The place in the order of the archive; `nil` for a row without extents.
    package var position: CatalogPosition? {
        extents.first.map { CatalogPosition(offset: $0.offset, key: key, ordinal: ordinal) }
    }
}

/// A place in the order in which an archive holds its objects.
///
/// The offset alone would not do to go on from: objects of equal content share their bytes, empty ones their place.
package struct CatalogPosition: Hashable, Comparable, Sendable {
    /// Of the first extent, in the tar stream.
    package var offset: Int64
    package var key: [UInt8]
    package var ordinal: Int

    package init(offset: Int64, key: [UInt8], ordinal: Int) {
        self.offset = offset
        self.key = key
        self.ordinal = ordinal
    }

    package static func < (left: CatalogPosition, right: CatalogPosition) -> Bool {
        guard left.offset == right.offset else { return left.offset < right.offset }
        guard left.key == right.key else { return left.key.lexicographicallyPrecedes(right.key) }
        return left.ordinal < right.ordinal
    }
}
