// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import NIOCore
package import Streams

/// Objects in parts.
extension S3Client {
    /// Pages of a listing of parts or uploads that are read at most: a million entries, about 200 MB.
    private static let pageLimit = 1000

    /// CreateMultipartUpload; attributes and tags belong here.
    package func createUpload(
        _ key: ObjectKey, in bucket: String, _ options: PutOptions = PutOptions()
    ) async throws -> UploadID {
        var request = S3Request("CreateMultipartUpload", "POST", bucket: bucket, key: key)
        request.query.add("uploads")
        let keyHeaders = customerHeaders(of: key, in: bucket, options.attributes)
        request.headers = ObjectHeaders.request(options) + keyHeaders
        let upload = try await perform(request).document("InitiateMultipartUploadResult") {
            try MultipartDocuments.uploadID(&$0)
        }
        if !keyHeaders.isEmpty { keyedUploads.insert(upload) }
        return upload
    }

    /// UploadPart.
    ///
    /// - Parameter number: 1 to 10,000.
    package func uploadPart(
        _ key: ObjectKey, in bucket: String, _ upload: UploadID, number: Int, _ body: ReplayableBody
    ) async throws -> UploadedPart {
        var request = try partRequest("UploadPart", key, in: bucket, upload, number: number)
        request.body = body
        request.carriesContents = true
        if keyedUploads.contains(upload) {
            request.headers += self.options.customerKeys.key(of: key, in: bucket)?.headers ?? []
        }
        let answer = try await perform(request)
        return UploadedPart(number: number, etag: try answer.etag(), size: body.length)
    }

    /// UploadPartCopy: a part from a range of an object on the same server.
    package func uploadPartCopy(
        _ source: ObjectReference, from sourceBucket: String, range: Range<Int64>, to key: ObjectKey,
        in bucket: String, _ upload: UploadID, number: Int, ifSourceMatches etag: String? = nil
    ) async throws -> UploadedPart {
        guard !range.isEmpty, range.lowerBound >= 0 else {
            throw ObjectStoreError(.badRequest, "UploadPartCopy \(bucket)/\(key): a copied part has at least one byte")
        }
        var request = try partRequest("UploadPartCopy", key, in: bucket, upload, number: number)
        request.setHeader("x-amz-copy-source", Self.copySource(source, in: sourceBucket))
        request.setHeader("x-amz-copy-source-range", "bytes=\(range.lowerBound)-\(range.upperBound - 1)")
        request.setHeader("x-amz-copy-source-if-match", etag.map { ETag.quoted($0) })
        let result = try await perform(request).document("CopyPartResult") { try MultipartDocuments.etag(&$0) }
        return UploadedPart(number: number, etag: result, size: Int64(range.count))
    }

    private func partRequest(
        _ operation: StaticString, _ key: ObjectKey, in bucket: String, _ upload: UploadID, number: Int
    ) throws -> S3Request {
        guard (1...10_000).contains(number) else {
            throw ObjectStoreError(
                .badRequest, "\(operation) \(bucket)/\(key): part \(number) is not among the numbers 1 to 10,000")
        }
        var request = S3Request(operation, "PUT", bucket: bucket, key: key)
        request.query.add("partNumber", String(number))
        request.query.add("uploadId", upload.rawValue)
        return request
    }

    /// CompleteMultipartUpload.
    ///
    /// A server may answer 200 at once and tell the outcome at the end of the body, so the body decides. When an answer
    /// is lost and the call is repeated, the second answer is `.notFound`, or one without an ETag, although the object may be there.
    ///
    /// - Returns: with an empty ETag where the answer has none.
    package func completeUpload(
        _ key: ObjectKey, in bucket: String, _ upload: UploadID, _ parts: [UploadedPart], ifAbsent: Bool = false
    ) async throws -> PutResult {
        var request = S3Request("CompleteMultipartUpload", "POST", bucket: bucket, key: key)
        request.query.add("uploadId", upload.rawValue)
        request.setHeader("content-type", "application/xml")
        if ifAbsent { request.setHeader("if-none-match", "*") }
        request.body = ReplayableBody(MultipartDocuments.completion(parts))
        let answer = try await perform(request)
        let etag = try await answer.document("CompleteMultipartUploadResult") {
            try MultipartDocuments.etag(&$0, mayLack: true)
        }
        keyedUploads.remove(upload)
        return PutResult(etag: etag, version: answer.version)
    }

    /// AbortMultipartUpload; one that is gone already is a success.
    package func abortUpload(_ key: ObjectKey, in bucket: String, _ upload: UploadID) async throws {
        keyedUploads.remove(upload)
        var request = S3Request("AbortMultipartUpload", "DELETE", bucket: bucket, key: key)
        request.query.add("uploadId", upload.rawValue)
        do {
            _ = try await perform(request)
        } catch let error as ObjectStoreError where error.code == .notFound {
            return
        }
    }

    /// ListParts, all pages, ascending by number.
    package func parts(of key: ObjectKey, in bucket: String, _ upload: UploadID) async throws -> [UploadedPart] {
        var parts: [UploadedPart] = []
        var marker: Int64 = 0
        while true {
            var request = S3Request("ListParts", "GET", bucket: bucket, key: key)
            request.query.add("uploadId", upload.rawValue)
            if marker > 0 { request.query.add("part-number-marker", String(marker)) }
            let answer = try await perform(request)
            let page = try await answer.document("ListPartsResult") { try PartsDocument(&$0) }
            parts += page.parts
            guard page.isTruncated else { return parts.sorted { $0.number < $1.number } }
            // Part numbers end at 10,000 and every page moves the marker on, so this ends.
            guard let next = page.nextMarker, next > marker, next <= 10_000 else {
                throw answer.bad("the listing of parts does not advance")
            }
            marker = next
        }
    }

    /// ListMultipartUploads, all pages.
    package func uploads(prefix: [UInt8] = [], in bucket: String) async throws -> [PendingUpload] {
        var uploads: [PendingUpload] = []
        var keyMarker: [UInt8]?
        var uploadMarker: String?
        for _ in 0..<Self.pageLimit {
            var request = S3Request("ListMultipartUploads", "GET", bucket: bucket)
            request.query.add("uploads")
            // Not encoding-type=url: SeaweedFS says then that the keys are encoded and sends them as they are.
            request.query.add("max-uploads", "1000")
            if !prefix.isEmpty { request.query.add("prefix", prefix) }
            request.query.add("key-marker", keyMarker)
            request.query.add("upload-id-marker", uploadMarker)
            let answer = try await perform(request)
            let page = try await answer.document("ListMultipartUploadsResult") { try UploadsDocument(&$0) }
            uploads += page.uploads
            guard page.isTruncated else { return uploads }
            let upload = page.nextUpload?.isEmpty == true ? nil : page.nextUpload
            guard let next = page.nextKey, !next.isEmpty, next != keyMarker || upload != uploadMarker else {
                throw answer.bad("the listing of uploads does not advance")
            }
            (keyMarker, uploadMarker) = (next, upload)
        }
        throw ObjectStoreError(
            .badAnswer,
            "ListMultipartUploads \(bucket): more than \(Self.pageLimit) pages of uploads in progress; "
                + "abort those that nobody will complete")
    }
}
