// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import NIOCore
import Streams

@testable import ObjectStorage

/// An answer of an S3 server, read by the call that its first byte chooses; the second byte chooses the status.
enum AnswerBytes {
    private static let key = ObjectKey("photos/ü & <1>.jpg")
    private static let bucket = "bucket"

    static func read(_ bytes: [UInt8]) async throws {
        guard bytes.count >= 2 else { return }
        let body = Array(bytes[2...])
        let statuses = [200, 200, 206, 301, 400, 403, 404, 409, 412, 500, 503]
        let status = statuses[Int(bytes[1]) % statuses.count]
        let client = try Self.client(AnswerTransport(status: status, fields: headers, body: body))
        _ = try await accepted(unless: ObjectStoreError.self) {
            switch bytes[0] % 18 {
            case 0: try await list(client)
            case 1: try await listByMarker(client)
            case 2: try await listVersions(client)
            case 3: _ = try await client.buckets()
            case 4: _ = try await client.location(of: bucket)
            case 5: try demand(!(try await client.createUpload(key, in: bucket).rawValue.isEmpty), "an empty upload id")
            case 6: _ = try await client.completeUpload(key, in: bucket, UploadID("u"), [], ifAbsent: true)
            case 7: _ = try await client.copy(ObjectReference(key), from: bucket, to: key, in: bucket)
            case 8: try await parts(client)
            case 9: try await uploads(client)
            case 10: try await delete(client)
            case 11: try await tags(client)
            case 12: _ = try await client.acl(of: key, in: bucket)
            case 13: try await retention(client)
            case 14: _ = try await client.legalHold(of: key, in: bucket)
            case 15: try await details(client)
            case 16: _ = try await client.identity()
            default: try await documents(client, body)
            }
        }
        try writeAndScan(body)
    }

    /// With an ETag, as every answer about an object has one, and with the headers that errors are told by.
    private static let headers = [
        Field("etag", "\"0123456789abcdef0123456789abcdef-2\""),
        Field("last-modified", "Fri, 24 May 2013 00:00:00 GMT"),
        Field("x-amz-request-id", "R1"), Field("retry-after", "7"), Field("x-amz-bucket-region", "eu-west-1"),
    ]

    static func client(_ transport: any S3Transport) throws -> S3Client {
        var options = S3ClientOptions()
        options.now = { Date(timeIntervalSince1970: 1_369_353_600) }
        return S3Client(
            endpoint: try S3Endpoint("http://s3.test:9000"),
            credentials: S3Credentials(accessKey: "user", secretKey: Secret("secret")), region: "us-east-1",
            transport: transport, options: options)
    }

    private static func list(_ client: S3Client) async throws {
        let page = try await client.list(ListQuery(continuation: "here"), in: bucket)
        try demand(page.objects.allSatisfy { !$0.key.bytes.isEmpty && $0.size >= 0 }, "an entry without key or size")
        try demand(page.continuation?.isEmpty != true && page.continuation != "here", "a page that does not lead on")
    }

    private static func listByMarker(_ client: S3Client) async throws {
        let (page, next) = try await client.listByMarker(ListQuery(), marker: Array("here".utf8), in: bucket)
        try demand(page.objects.allSatisfy { !$0.key.bytes.isEmpty && $0.size >= 0 }, "an entry without key or size")
        try demand(next != Array("here".utf8), "a page that does not lead on")
    }

    private static func listVersions(_ client: S3Client) async throws {
        let marker = VersionMarker(key: Array("here".utf8), version: "v")
        let page = try await client.listVersions(VersionQuery(marker: marker), in: bucket)
        try demand(
            page.versions.allSatisfy { !$0.info.key.bytes.isEmpty && $0.info.size >= 0 && $0.info.version != nil },
            "a version without key, size or id")
        try demand(page.marker?.key.isEmpty != true && page.marker != marker, "a page that does not lead on")
    }

    private static func parts(_ client: S3Client) async throws {
        let parts = try await client.parts(of: key, in: bucket, UploadID("u"))
        try demand(parts.allSatisfy { (1...10_000).contains($0.number) && $0.size >= 0 }, "an impossible part")
        try demand(zip(parts, parts.dropFirst()).allSatisfy { $0.number <= $1.number }, "parts out of order")
    }

    private static func uploads(_ client: S3Client) async throws {
        let uploads = try await client.uploads(in: bucket)
        try demand(
            uploads.allSatisfy { !$0.key.bytes.isEmpty && !$0.upload.rawValue.isEmpty }, "an upload without key or id")
    }

    private static func delete(_ client: S3Client) async throws {
        let objects = [
            ObjectReference(key), ObjectReference(key, version: VersionID("v")), ObjectReference(ObjectKey("a")),
        ]
        let outcomes = try await client.delete(objects, in: bucket)
        try demand(outcomes.map(\.object) == objects, "not one outcome for each object")
    }

    private static func tags(_ client: S3Client) async throws {
        let tags = try await client.tags(of: key, in: bucket)
        let again = try scan(ObjectDocuments.tagging(tags)) { try ObjectDocuments.tags(&$0) }
        try demand(again == tags, "tags are not what they were when they are written and read")
    }

    private static func retention(_ client: S3Client) async throws {
        guard let retention = try await client.retention(of: key, in: bucket) else { return }
        let again = try scan(retention.document) { try ObjectRetention(&$0) }
        try demand(
            again.mode == retention.mode && abs(again.until.timeIntervalSince(retention.until)) < 1,
            "a retention is not what it was when it is written and read")
    }

    private static func details(_ client: S3Client) async throws {
        let details = try await client.details(of: key, in: bucket)
        try demand(details.size ?? 0 >= 0 && details.parts.allSatisfy { $0.size >= 0 }, "a negative size")
    }

    private static func documents(_ client: S3Client, _ body: [UInt8]) async throws {
        for document in BucketDocument.allCases {
            let kept = try await accepted(unless: ObjectStoreError.self) {
                try await client.document(document, of: bucket)
            }
            if let kept = kept ?? nil { try demand(kept == body, "a configuration is not kept as it came") }
        }
    }

    /// Any bytes as a key: escaped into a document and scanned out of it, and through the encoding of queries.
    private static func writeAndScan(_ bytes: [UInt8]) throws {
        let read = try scan(XMLWriter.document("Delete") { $0.element("Key", bytes) }) { scanner in
            var found: [UInt8] = []
            try scanner.forEachChild { scanner, _ in found = try scanner.rawBytes() }
            return found
        }
        try demand(read == bytes, "a key is not what it was when it is written and read")
        try demand(
            URIEncoding.decodeForm(Array(URIEncoding.encode(bytes).utf8)) == bytes, "a key is encoded and not decoded")
    }

    private static func scan<Value>(
        _ document: ByteBuffer, _ read: (inout XMLScanner) throws -> Value
    ) throws -> Value {
        try document.withUnsafeReadableBytes { bytes in
            var scanner = XMLScanner(bytes)
            _ = try scanner.root()
            let value = try read(&scanner)
            guard case .done = try scanner.next() else { throw Contradiction(description: "a document goes on") }
            return value
        }
    }
}

/// Gives the same answer to every request.
struct AnswerTransport: S3Transport {
    let status: Int
    let fields: [Field]
    let body: [UInt8]
    /// What the answer says of its length, if it says otherwise.
    var contentLength: Int64??

    func send(_ request: WireRequest) async throws -> WireResponse {
        WireResponse(
            status: status, headers: fields, contentLength: contentLength ?? Int64(body.count),
            body: ByteStream(ByteBuffer(bytes: body)))
    }

    func shutdown() async throws {}
}
