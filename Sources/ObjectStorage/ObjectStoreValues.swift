// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

package import Streams

package import struct Foundation.Date

/// Which page of a listing.
package struct ListQuery: Sendable {
    package var prefix: [UInt8]
    /// Groups keys up to this text into common prefixes; `nil` lists everything below the prefix.
    package var delimiter: String?
    /// The token of the page before.
    package var continuation: String?
    /// Keys a page, 1 to 1,000; servers may give fewer or more.
    package var limit: Int

    package init(prefix: [UInt8] = [], delimiter: String? = nil, continuation: String? = nil, limit: Int = 1000) {
        self.prefix = prefix
        self.delimiter = delimiter
        self.continuation = continuation
        self.limit = limit
    }
}

/// A page of current objects.
package struct ListPage: Sendable {
    package var objects: [ObjectInfo]
    package var commonPrefixes: [[UInt8]]
    /// Token of the next page; `nil` on the last.
    package var continuation: String?

    package init(objects: [ObjectInfo] = [], commonPrefixes: [[UInt8]] = [], continuation: String? = nil) {
        self.objects = objects
        self.commonPrefixes = commonPrefixes
        self.continuation = continuation
    }
}

/// Which page of a version listing.
package struct VersionQuery: Sendable {
    package var prefix: [UInt8]
    package var delimiter: String?
    /// Where the page before ended.
    package var marker: VersionMarker?
    package var limit: Int

    package init(prefix: [UInt8] = [], delimiter: String? = nil, marker: VersionMarker? = nil, limit: Int = 1000) {
        self.prefix = prefix
        self.delimiter = delimiter
        self.marker = marker
        self.limit = limit
    }
}

/// The position between two pages of a version listing.
package struct VersionMarker: Hashable, Sendable {
    package var key: [UInt8]
    package var version: String?

    package init(key: [UInt8], version: String?) {
        self.key = key
        self.version = version
    }
}

/// One row of a version listing.
package struct ObjectVersion: Sendable {
    package var info: ObjectInfo
    package var isLatest: Bool
    package var isDeleteMarker: Bool

    package init(info: ObjectInfo, isLatest: Bool, isDeleteMarker: Bool) {
        self.info = info
        self.isLatest = isLatest
        self.isDeleteMarker = isDeleteMarker
    }
}

/// A page of versions, in document order.
package struct VersionPage: Sendable {
    package var versions: [ObjectVersion]
    package var commonPrefixes: [[UInt8]]
    package var marker: VersionMarker?

    package init(versions: [ObjectVersion] = [], commonPrefixes: [[UInt8]] = [], marker: VersionMarker? = nil) {
        self.versions = versions
        self.commonPrefixes = commonPrefixes
        self.marker = marker
    }
}

/// What to read of an object.
package struct GetOptions: Sendable {
    package var version: VersionID?
    /// Bytes of the object; `nil` for all.
    package var range: Range<Int64>?
    /// Read only if the object still has this ETag (without quotes).
    package var ifMatch: String?
    /// A body of at most this many bytes is read whole before `get` returns, so that a retry covers it.
    package var wholeUpTo: Int

    package init(
        version: VersionID? = nil, range: Range<Int64>? = nil, ifMatch: String? = nil, wholeUpTo: Int = 1 << 20
    ) {
        self.version = version
        self.range = range
        self.ifMatch = ifMatch
        self.wholeUpTo = wholeUpTo
    }
}

/// An object opened for reading. `info.size` is the whole object's size, also when a range was asked for.
package struct ObjectBody: Sendable {
    package let info: ObjectInfo
    /// Bytes that `bytes` will give; a body that ends before is an error thrown by the stream.
    package let length: Int64
    package let bytes: ByteStream

    package init(info: ObjectInfo, length: Int64, bytes: ByteStream) {
        self.info = info
        self.length = length
        self.bytes = bytes
    }
}

/// How to store an object.
package struct PutOptions: Sendable {
    package var attributes: ObjectAttributes
    /// Refuse when the key exists (`If-None-Match: *`).
    package var ifAbsent: Bool
    /// Until when nobody may remove what is stored. Needs a bucket with Object Lock; `nil` leaves it to the bucket.
    package var retention: ObjectRetention?

    package init(
        attributes: ObjectAttributes = ObjectAttributes(), ifAbsent: Bool = false, retention: ObjectRetention? = nil
    ) {
        self.attributes = attributes
        self.ifAbsent = ifAbsent
        self.retention = retention
    }
}

/// What the server made of a stored object.
package struct PutResult: Sendable {
    /// Without quotes.
    package let etag: String
    package let version: VersionID?

    package init(etag: String, version: VersionID?) {
        self.etag = etag
        self.version = version
    }
}

/// What can be changed of a stored version.
package enum ObjectSetting: Hashable, Sendable {
    /// An `AccessControlPolicy` document (S3 API, PutObjectAcl).
    case acl([UInt8])
    /// Needs a bucket with Object Lock.
    case retention(ObjectRetention)
    /// Needs a bucket with Object Lock.
    case legalHold(Bool)
    /// All of them; what was there goes.
    case tags([Tag])
}

/// An object, or one version of it.
package struct ObjectReference: Hashable, Sendable {
    package let key: ObjectKey
    package let version: VersionID?

    package init(_ key: ObjectKey, version: VersionID? = nil) {
        self.key = key
        self.version = version
    }
}

/// What became of one object in a batch of deletions.
package struct DeleteOutcome: Sendable {
    package let object: ObjectReference
    /// `nil` when it is gone.
    package let error: ObjectStoreError?

    package init(object: ObjectReference, error: ObjectStoreError?) {
        self.object = object
        self.error = error
    }
}

/// The server's name for a multipart upload.
package struct UploadID: Hashable, Sendable {
    package let rawValue: String

    package init(_ rawValue: String) {
        self.rawValue = rawValue
    }
}

/// A stored part.
package struct UploadedPart: Hashable, Sendable {
    package let number: Int
    package let etag: String
    /// Bytes.
    package let size: Int64

    package init(number: Int, etag: String, size: Int64) {
        self.number = number
        self.etag = etag
        self.size = size
    }
}

/// A multipart upload that nobody completed.
package struct PendingUpload: Sendable {
    package let key: ObjectKey
    package let upload: UploadID
    package let initiated: Date?

    package init(key: ObjectKey, upload: UploadID, initiated: Date?) {
        self.key = key
        self.upload = upload
        self.initiated = initiated
    }
}
