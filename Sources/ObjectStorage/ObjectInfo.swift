// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

package import struct Foundation.Date

/// One header or metadata field. Values are bytes: a server may hold what is not UTF-8.
package struct Field: Hashable, Sendable {
    /// Lower case.
    package let name: String
    package let value: [UInt8]

    package init(_ name: String, _ value: [UInt8]) {
        self.name = name
        self.value = value
    }

    package init(_ name: String, _ value: String) {
        self.init(name, Array(value.utf8))
    }

    /// The value as text; bytes that are not UTF-8 are replaced.
    package var text: String { String(decoding: value, as: UTF8.self) }
}

/// An object tag.
package struct Tag: Hashable, Sendable {
    package let name: String
    package let value: String

    package init(_ name: String, _ value: String) {
        self.name = name
        self.value = value
    }
}

/// What a writer says about an object beside its bytes.
package struct ObjectAttributes: Hashable, Sendable {
    /// The system headers that travel with an object, those of ``systemHeaders`` that were present.
    package var headers: [Field] = []
    /// User metadata: names without `x-amz-meta-`, in lower case.
    package var metadata: [Field] = []
    package var tags: [Tag] = []
    package var storageClass: String?

    package init(headers: [Field] = [], metadata: [Field] = [], tags: [Tag] = [], storageClass: String? = nil) {
        self.headers = headers
        self.metadata = metadata
        self.tags = tags
        self.storageClass = storageClass
    }

    /// The headers that S3 stores with an object and gives back
    /// (S3 API, PutObject; `website-redirect-location` travels as `x-amz-website-redirect-location`).
    package static let systemHeaders = [
        "content-type", "content-encoding", "content-language", "content-disposition", "cache-control", "expires",
        "website-redirect-location",
    ]
}

/// What a store knows about one version of an object.
package struct ObjectInfo: Sendable {
    package var key: ObjectKey
    package var version: VersionID?
    /// Bytes.
    package var size: Int64
    /// Without quotes. Content is identified by it, but it is an MD5 only if ``ETag/md5(of:)`` says so.
    package var etag: String
    package var lastModified: Date
    /// Empty from a listing; complete from `get` and `head`, tags excepted.
    package var attributes: ObjectAttributes
    /// From `x-amz-tagging-count`; `nil` when the server did not say.
    package var tagCount: Int?
    /// From `x-amz-mp-parts-count` or the ETag's suffix; `nil` when unknown.
    package var partCount: Int?
    /// Bytes of each part but the last; `nil` unless it was proven by the ETag.
    package var partSize: Int64?
    /// Until when it is protected; `nil` when it is not, and from servers that do not say so with the object.
    package var retention: ObjectRetention?
    package var hasLegalHold = false
    /// `nil` where it was not asked for, and where the owner alone has rights.
    package var acl: ObjectACL?
    /// Whether the ETag is no digest of the content although it looks like one: SSE-KMS and SSE-C (S3 API, Object).
    package var isETagOpaque = false
    /// Metadata fields that the server could not put into headers (`x-amz-missing-meta`): a loss of fidelity to report.
    package var missingMetadata = 0

    package init(
        key: ObjectKey, version: VersionID? = nil, size: Int64, etag: String, lastModified: Date,
        attributes: ObjectAttributes = ObjectAttributes()
    ) {
        self.key = key
        self.version = version
        self.size = size
        self.etag = etag
        self.lastModified = lastModified
        self.attributes = attributes
    }
}

/// What an entity tag tells about content.
package enum ETag {
    /// The MD5 that `etag` is, as 32 lower-case hex digits, or `nil` when it has another form (multipart, for instance).
    ///
    /// With SSE-KMS and SSE-C the form is the same and the value is not an MD5 (S3 API, Object): callers who know of
    /// such encryption do not ask.
    package static func md5(of etag: String) -> String? {
        let digits = etag.utf8
        guard digits.count == 32, digits.allSatisfy({ (48...57).contains($0) || (97...102).contains($0 | 32) }) else {
            return nil
        }
        return etag.lowercased()
    }

    /// The number of parts in a multipart ETag (`<hex>-N`), or `nil`.
    package static func partCount(of etag: String) -> Int? {
        // Over bytes: this is asked of every entry of a listing.
        guard let dash = etag.utf8.lastIndex(of: UInt8(ascii: "-")),
            let count = Int(etag[etag.utf8.index(after: dash)...]), count > 0
        else {
            return nil
        }
        return count
    }
}
