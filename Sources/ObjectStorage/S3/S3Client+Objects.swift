// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import NIOCore
package import Streams

/// Whole objects.
extension S3Client {
    /// GetObject. `info.size` is the whole object's, and the body's length is checked while it is read.
    ///
    /// A range that reaches past the end is cut to the object; an empty one asks HeadObject.
    package func get(_ key: ObjectKey, in bucket: String, _ options: GetOptions = GetOptions()) async throws
        -> ObjectBody
    {
        if let range = options.range {
            guard range.lowerBound >= 0 else {
                throw ObjectStoreError(.rangeNotSatisfiable, "GetObject \(bucket)/\(key): a range begins below 0")
            }
            if range.isEmpty {
                let info = try await head(key, in: bucket, version: options.version, ifMatch: options.ifMatch)
                return ObjectBody(info: info, length: 0, bytes: ByteStream(ByteBuffer()))
            }
        }
        var request = S3Request("GetObject", "GET", bucket: bucket, key: key)
        request.query.add("versionId", options.version?.rawValue)
        // A compressed transfer would change the length, and with some servers the stored Content-Encoding.
        request.setHeader("accept-encoding", "identity")
        request.setHeader("range", options.range.map { "bytes=\($0.lowerBound)-\($0.upperBound - 1)" })
        request.setHeader("if-match", options.ifMatch.map { ETag.quoted($0) })
        request.wholeUpTo = options.wholeUpTo
        request.carriesContents = true
        let answer = try await performReading(request)

        let (length, size, dropsRest) = try extent(answer, asked: options.range)
        let info = try ObjectHeaders.info(answer, key: key, size: size)
        var body = try CountedBody(
            source: answer.response.body, length: length, dropsRest: dropsRest, request: request
        ).stream()
        if body.whole == nil, length <= Int64(options.wholeUpTo) {
            body = ByteStream(try await body.collect(upTo: Int(length)))
        }
        return ObjectBody(info: info, length: length, bytes: body)
    }

    /// How many bytes of the body belong to the caller, and how many the object has.
    private func extent(
        _ answer: S3Answer, asked: Range<Int64>?
    ) throws -> (length: Int64, size: Int64, dropsRest: Bool) {
        guard let length = answer.response.contentLength else {
            throw answer.bad("there is no Content-Length in the answer, so a body cut short could not be told")
        }
        switch (asked, answer.response.status) {
        case (nil, 200):
            return (length, length, false)
        case (let asked?, 206):
            guard let value = answer.response.first("content-range"), let content = ContentRange(value) else {
                throw answer.bad("there is no readable Content-Range in the answer")
            }
            let expected = asked.lowerBound..<max(asked.lowerBound, min(asked.upperBound, content.total))
            guard content.range == expected, Int64(content.range.count) == length else {
                throw answer.bad(
                    "bytes \(asked.lowerBound) to \(asked.upperBound - 1) were asked for, and "
                        + "\"\(String(decoding: value, as: UTF8.self))\" with \(length) bytes came")
            }
            return (length, content.total, false)
        case (let asked?, 200) where asked.lowerBound == 0:
            // The server passed over the range: what was asked for stands at the beginning.
            return (min(length, asked.upperBound), length, true)
        case (_, let status):
            throw answer.bad("status \(status) does not fit what was asked")
        }
    }

    /// HeadObject.
    package func head(
        _ key: ObjectKey, in bucket: String, version: VersionID? = nil, ifMatch: String? = nil
    ) async throws -> ObjectInfo {
        var request = S3Request("HeadObject", "HEAD", bucket: bucket, key: key)
        request.query.add("versionId", version?.rawValue)
        request.setHeader("accept-encoding", "identity")
        request.setHeader("if-match", ifMatch.map { ETag.quoted($0) })
        let answer = try await performReading(request)
        guard let size = answer.response.contentLength else {
            throw answer.bad("there is no Content-Length in the answer")
        }
        return try ObjectHeaders.info(answer, key: key, size: size)
    }

    /// HeadObject of part 1. A server that does not know parts passes over the number, and describes the whole object.
    package func firstPartSize(
        of key: ObjectKey, in bucket: String, version: VersionID? = nil
    ) async throws -> Int64? {
        var request = S3Request("HeadObject", "HEAD", bucket: bucket, key: key)
        request.query.add("partNumber", "1")
        request.query.add("versionId", version?.rawValue)
        request.setHeader("accept-encoding", "identity")
        let answer = try await performReading(request)
        guard answer.response.status == 206, let length = answer.response.contentLength, length > 0 else { return nil }
        return length
    }

    /// PutObject: at most 5 GiB at Amazon.
    package func put(
        _ key: ObjectKey, in bucket: String, _ body: ReplayableBody, _ options: PutOptions = PutOptions()
    ) async throws -> PutResult {
        var request = S3Request("PutObject", "PUT", bucket: bucket, key: key)
        request.headers = ObjectHeaders.request(options) + customerHeaders(of: key, in: bucket, options.attributes)
        if options.ifAbsent { request.setHeader("if-none-match", "*") }
        request.body = body
        request.carriesContents = true
        let answer = try await perform(request)
        return PutResult(etag: try answer.etag(), version: answer.version)
    }

    /// CopyObject within the server: at most 5 GiB at Amazon.
    ///
    /// - Parameter attributes: what the copy gets instead of the source's headers, metadata and tags; `nil` keeps them.
    package func copy(
        _ source: ObjectReference, from sourceBucket: String, to key: ObjectKey, in bucket: String,
        attributes: ObjectAttributes? = nil, ifSourceMatches etag: String? = nil
    ) async throws -> PutResult {
        var request = S3Request("CopyObject", "PUT", bucket: bucket, key: key)
        if let attributes {
            request.headers = ObjectHeaders.request(attributes)
            request.setHeader("x-amz-metadata-directive", "REPLACE")
            request.setHeader("x-amz-tagging-directive", "REPLACE")
        }
        request.setHeader("x-amz-copy-source", Self.copySource(source, in: sourceBucket))
        request.setHeader("x-amz-copy-source-if-match", etag.map { ETag.quoted($0) })
        let answer = try await perform(request)
        let result = try await answer.document("CopyObjectResult") { try MultipartDocuments.etag(&$0) }
        return PutResult(etag: result, version: answer.version)
    }

    /// `/bucket/key?versionId=…`, encoded (S3 API, CopyObject, `x-amz-copy-source`).
    static func copySource(_ source: ObjectReference, in bucket: String) -> String {
        let path = "/\(URIEncoding.encode(bucket))/\(URIEncoding.encode(source.key.bytes, keepingSlash: true))"
        guard let version = source.version else { return path }
        return "\(path)?versionId=\(URIEncoding.encode(version.rawValue))"
    }
}
