// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import NIOCore
import Streams

/// Buckets and their configuration.
extension S3Client {
    /// Pages of a listing of buckets that are read at most: ten million buckets at Amazon's page size.
    private static let bucketPageLimit = 1000

    /// ListBuckets, all pages.
    package func buckets() async throws -> [String] {
        var names: [String] = []
        var continuation: String?
        for _ in 0..<Self.bucketPageLimit {
            var request = S3Request("ListBuckets", "GET")
            request.query.add("continuation-token", continuation)
            let answer = try await perform(request)
            let page = try await answer.document("ListAllMyBucketsResult") { try BucketDocuments.buckets(&$0) }
            names += page.names
            guard let next = page.continuation else { return names }
            guard next != continuation else { throw answer.bad("the listing of buckets does not advance") }
            continuation = next
        }
        throw ObjectStoreError(.badAnswer, "ListBuckets: more than \(Self.bucketPageLimit) pages")
    }

    /// CreateBucket.
    ///
    /// - Parameter objectLock: makes it a bucket whose versions can be locked; this cannot be undone.
    package func createBucket(_ bucket: String, objectLock: Bool = false) async throws {
        var request = S3Request("CreateBucket", "PUT", bucket: bucket)
        if objectLock { request.setHeader("x-amz-bucket-object-lock-enabled", "true") }
        // The first region must not be named (S3 API, CreateBucketConfiguration).
        if region != "us-east-1", !region.isEmpty {
            request.setHeader("content-type", "application/xml")
            request.body = ReplayableBody(BucketDocuments.creation(region: region))
        }
        _ = try await perform(request)
    }

    /// HeadBucket: whether the bucket exists and may be used. Refused, it is asked again in a way that has a reason for
    /// an answer: a wrong secret key, a wrong clock, a missing right.
    package func bucketExists(_ bucket: String) async throws -> Bool {
        do {
            _ = try await perform(S3Request("HeadBucket", "HEAD", bucket: bucket))
            return true
        } catch let error as ObjectStoreError where error.code == .notFound || error.code == .noSuchBucket {
            return false
        } catch let error as ObjectStoreError where error.code == .accessDenied {
            try await explainRefusal(of: bucket)
            throw error
        }
    }

    /// Throws why nothing at all is allowed, if that is so. An answer to HEAD has no body to say it in.
    private func explainRefusal(of bucket: String) async throws {
        do {
            _ = try await location(of: bucket)
        } catch let reason as ObjectStoreError {
            if reason.code == .unauthorized || reason.code == .clockSkew { throw reason }
        }
    }

    /// DeleteBucket; a bucket that holds anything is a `.conflict`.
    package func deleteBucket(_ bucket: String) async throws {
        _ = try await perform(S3Request("DeleteBucket", "DELETE", bucket: bucket))
    }

    /// GetBucketLocation: the region in which the bucket lies.
    package func location(of bucket: String) async throws -> String {
        var request = S3Request("GetBucketLocation", "GET", bucket: bucket)
        request.query.add("location")
        let answer = try await perform(request)
        let body = try await answer.bytes()
        // SeaweedFS answers with the document that CreateBucket takes.
        if let region = try? answer.document("CreateBucketConfiguration", in: body, BucketDocuments.nestedLocation) {
            return region
        }
        return try answer.document("LocationConstraint", in: body, BucketDocuments.location)
    }

    /// A document of the bucket's configuration as the server keeps it; `nil` when nothing is set, which includes a
    /// document without content.
    package func document(_ document: BucketDocument, of bucket: String) async throws -> [UInt8]? {
        var request = S3Request("GetBucketConfiguration", "GET", bucket: bucket)
        request.query.add(document.rawValue)
        let answer: S3Answer
        do {
            answer = try await perform(request)
        } catch let error as ObjectStoreError where error.serverCode.map(BucketDocument.absentCodes.contains) == true {
            return nil
        }
        let body = try await answer.bytes()
        guard let root = document.root else {
            // A policy is JSON. XML in its place is a server that passed over the query.
            switch body.readableBytesView.first(where: { !XMLScanner.isSpace($0) }) {
            case nil: return nil
            case UInt8(ascii: "<"): throw answer.ignored("listed the bucket instead")
            default: return Array(body.readableBytesView)
            }
        }
        let isSet = try answer.document(root, in: body) { scanner in
            var hasContent = false
            try scanner.forEachChild { _, _ in hasContent = true }
            return hasContent
        }
        return isSet ? Array(body.readableBytesView) : nil
    }

    /// Replaces a document of the bucket's configuration, or removes it.
    ///
    /// It is read first: a server that does not know it would take the PUT for CreateBucket and the DELETE for
    /// DeleteBucket.
    package func setDocument(_ document: BucketDocument, of bucket: String, to content: [UInt8]?) async throws {
        let present = try await self.document(document, of: bucket)
        if let content {
            return try await putDocument(document, of: bucket, ByteBuffer(bytes: content))
        }
        guard present != nil else { return }
        switch document.removal {
        case .replacement(let empty):
            try await putDocument(document, of: bucket, empty)
        case .delete:
            var request = S3Request("DeleteBucketConfiguration", "DELETE", bucket: bucket)
            request.query.add(document.rawValue)
            _ = try await perform(request)
        case .impossible:
            throw ObjectStoreError(
                .badRequest,
                "the \(document.rawValue) configuration of bucket \(bucket) cannot be removed, only replaced")
        }
    }

    private func putDocument(_ document: BucketDocument, of bucket: String, _ content: ByteBuffer) async throws {
        var request = S3Request("PutBucketConfiguration", "PUT", bucket: bucket)
        request.query.add(document.rawValue)
        request.setHeader("content-type", document.root == nil ? "application/json" : "application/xml")
        // Required for some documents, accepted for all (S3 API, PutBucketLifecycleConfiguration).
        request.setHeader("content-md5", content.contentMD5)
        request.body = ReplayableBody(content)
        do {
            _ = try await perform(request)
        } catch let error as ObjectStoreError where error.code == .bucketExists {
            throw ObjectStoreError(
                .notImplemented, "\(error.message) (the server took the call for CreateBucket: it does not know it)",
                status: error.status, serverCode: error.serverCode, requestID: error.requestID)
        }
    }
}
