// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import struct Foundation.Date

/// `ListBucketResult`, of both versions (S3 API, ListObjectsV2 and ListObjects).
struct ListDocument {
    private(set) var page = ListPage()
    private(set) var isTruncated = false
    private var encoding = ListingEncoding.plain

    init(_ scanner: inout XMLScanner) throws {
        var objects: [ObjectInfo] = []
        objects.reserveCapacity(1000)
        try scanner.forEachChild { scanner, name in
            switch name {
            case "Contents": objects.append(try ListedObject(&scanner).info())
            case "CommonPrefixes":
                try scanner.forEachChild { scanner, name in
                    if case "Prefix" = name { page.commonPrefixes.append(try scanner.rawBytes()) }
                }
            case "IsTruncated": isTruncated = try scanner.flag()
            case "NextContinuationToken": page.continuation = try scanner.string()
            case "EncodingType": encoding = try ListingEncoding(&scanner)
            default: break
            }
        }
        for index in objects.indices { try encoding.decode(&objects[index]) }
        page.objects = objects
        page.commonPrefixes = try page.commonPrefixes.map { try encoding.decode($0) }
    }

    /// Where the next page of ListObjects (V1) begins: after the last name of this one.
    ///
    /// `NextMarker` is not used: three servers send it undecoded under `encoding-type=url`, others decoded, and nothing
    /// in the answer tells which.
    var lastName: [UInt8]? {
        let key = page.objects.last?.key.bytes
        guard let prefix = page.commonPrefixes.last else { return key }
        guard let key else { return prefix }
        return key.lexicographicallyPrecedes(prefix) ? prefix : key
    }
}

/// One `Contents`, `Version` or `DeleteMarker` of a listing.
struct ListedObject {
    private var key: [UInt8]?
    private var size: Int64?
    private var modified: Date?
    private var etag = ""
    private var storageClass: String?
    private var version: String?
    private(set) var isLatest = false

    init(_ scanner: inout XMLScanner) throws {
        try scanner.forEachChild { scanner, name in
            switch name {
            case "Key": key = try scanner.rawBytes()
            case "Size": size = try scanner.number()
            case "LastModified": modified = try scanner.date()
            case "ETag": etag = try scanner.etag()
            case "StorageClass": storageClass = try scanner.string()
            case "VersionId": version = try scanner.string()
            case "IsLatest": isLatest = try scanner.flag()
            default: break
            }
        }
    }

    /// - Parameter hasContent: whether a size is due; a delete marker has none.
    func info(hasContent: Bool = true) throws(XMLProblem) -> ObjectInfo {
        guard let key, !key.isEmpty else { throw XMLProblem("an entry of the listing has no Key") }
        guard let modified else { throw XMLProblem("an entry of the listing has no LastModified") }
        guard size != nil || !hasContent else { throw XMLProblem("an entry of the listing has no Size") }
        var info = ObjectInfo(
            key: ObjectKey(key), version: version.map { VersionID($0) }, size: size ?? 0, etag: etag,
            lastModified: modified, attributes: ObjectAttributes(storageClass: storageClass))
        info.partCount = ETag.partCount(of: etag)
        return info
    }
}
