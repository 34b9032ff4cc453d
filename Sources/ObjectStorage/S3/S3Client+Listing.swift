// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

/// Pages of listings. `encoding-type=url` is always asked for; see ``ListingEncoding``.
extension S3Client {
    /// ListObjectsV2. A page that says there is more, and does not say where, is an error: the rest would be lost.
    package func list(_ query: ListQuery, in bucket: String) async throws -> ListPage {
        var request = S3Request("ListObjectsV2", "GET", bucket: bucket)
        request.query.add("list-type", "2")
        request.addListing(prefix: query.prefix, delimiter: query.delimiter, limit: query.limit)
        request.query.add("continuation-token", query.continuation)
        let answer = try await perform(request)
        let document = try await answer.document("ListBucketResult") { try ListDocument(&$0) }
        var page = document.page
        guard document.isTruncated else {
            page.continuation = nil
            return page
        }
        guard let next = page.continuation, !next.isEmpty else {
            throw answer.bad("the page says that more follows and gives no continuation token")
        }
        guard next != query.continuation else {
            throw answer.bad("the listing does not advance: the page gives its own continuation token again")
        }
        return page
    }

    /// ListObjects (V1), for servers whose V2 is missing or wrong. `query.continuation` is not used.
    ///
    /// - Parameter marker: the last name of the page before, undecoded bytes; `nil` for the first page.
    /// - Returns: the page, and the marker of the next; `nil` on the last.
    package func listByMarker(
        _ query: ListQuery, marker: [UInt8]? = nil, in bucket: String
    ) async throws -> (page: ListPage, next: [UInt8]?) {
        var request = S3Request("ListObjects", "GET", bucket: bucket)
        request.addListing(prefix: query.prefix, delimiter: query.delimiter, limit: query.limit)
        request.query.add("marker", marker)
        let answer = try await perform(request)
        let document = try await answer.document("ListBucketResult") { try ListDocument(&$0) }
        var page = document.page
        page.continuation = nil
        guard document.isTruncated else { return (page, nil) }
        guard let next = document.lastName else {
            throw answer.bad("the page says that more follows and holds nothing")
        }
        guard next != marker else {
            throw answer.bad("the listing does not advance: the page ends with its own marker")
        }
        return (page, next)
    }

    /// ListObjectVersions, rows in document order.
    package func listVersions(_ query: VersionQuery, in bucket: String) async throws -> VersionPage {
        var request = S3Request("ListObjectVersions", "GET", bucket: bucket)
        request.query.add("versions")
        request.addListing(prefix: query.prefix, delimiter: query.delimiter, limit: query.limit)
        request.query.add("key-marker", query.marker?.key)
        request.query.add("version-id-marker", query.marker?.version)
        let answer = try await perform(request)
        let document = try await answer.document("ListVersionsResult") { try VersionsDocument(&$0) }
        var page = document.page
        guard document.isTruncated else {
            page.marker = nil
            return page
        }
        guard let next = page.marker else {
            throw answer.bad("the page says that more follows and gives no key marker")
        }
        guard next != query.marker else {
            throw answer.bad("the listing does not advance: the page gives its own marker again")
        }
        return page
    }
}

extension S3Request {
    /// The parameters that all listings share.
    mutating func addListing(prefix: [UInt8], delimiter: String?, limit: Int) {
        query.add("encoding-type", "url")
        if !prefix.isEmpty { query.add("prefix", prefix) }
        query.add("delimiter", delimiter)
        query.add("max-keys", String(limit))
    }
}
