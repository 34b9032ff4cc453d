// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import NIOCore
import Streams
import Testing

@testable import ObjectStorage

@Suite struct S3MultipartTests {
    private let key = ObjectKey("big file")
    private let upload = UploadID("u/1+")

    @Test func oneUploadFromBeginningToEnd() async throws {
        let transport = CannedTransport { request, index in
            switch index {
            // The key that is repeated here is not encoded, and breaks XML for some keys; it must not matter.
            case 0:
                .canned(
                    200,
                    "<InitiateMultipartUploadResult><Key>\u{1}</Key><UploadId>u/1+</UploadId></InitiateMultipartUploadResult>"
                )
            case 1: .canned(200, "", headers: [("etag", "\"p1\"")])
            default:
                .canned(
                    200,
                    "<?xml version=\"1.0\"?>\n\n  <CompleteMultipartUploadResult><ETag>&quot;x-2&quot;</ETag>"
                        + "</CompleteMultipartUploadResult>", headers: [("x-amz-version-id", "v")])
            }
        }
        let client = try transport.client()
        let attributes = ObjectAttributes(metadata: [Field("a", "b")], tags: [Tag("t", "v")])
        #expect(try await client.createUpload(key, in: "b", PutOptions(attributes: attributes)) == upload)
        let part = try await client.uploadPart(
            key, in: "b", upload, number: 7, ReplayableBody(ByteBuffer(string: "12345")))
        #expect(part == UploadedPart(number: 7, etag: "p1", size: 5))
        let result = try await client.completeUpload(
            key, in: "b", upload, [part, UploadedPart(number: 8, etag: "p2", size: 1)], ifAbsent: true)
        #expect(result.etag == "x-2")
        #expect(result.version == VersionID("v"))
        #expect(
            transport.lines == [
                "POST /b/big%20file?uploads=", "PUT /b/big%20file?partNumber=7&uploadId=u%2F1%2B",
                "POST /b/big%20file?uploadId=u%2F1%2B",
            ])
        #expect(transport.requests[0].header("x-amz-tagging") == "t=v")
        #expect(transport.requests[0].header("x-amz-meta-a") == "b")
        #expect(transport.requests[2].header("if-none-match") == "*")
        #expect(
            transport.requests[2].bodyText
                == "<CompleteMultipartUpload xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Part><PartNumber>7</PartNumber>"
                + "<ETag>&quot;p1&quot;</ETag></Part><Part><PartNumber>8</PartNumber><ETag>&quot;p2&quot;</ETag></Part>"
                + "</CompleteMultipartUpload>")
    }

    /// Ceph answers a repeated completion so; what is there tells whether it is ours.
    @Test(arguments: [true, false])
    func aCompletionWithoutETagIsLookedInto(isOurs: Bool) async throws {
        let parts = ["5d41402abc4b2a76b9719d911017c592", "7d793037a0760186574b0282f2f435e7"].enumerated()
            .map { UploadedPart(number: $0.offset + 1, etag: $0.element, size: 5) }
        let transport = CannedTransport { request, index in
            guard index > 0 else {
                return .canned(
                    200, "<CompleteMultipartUploadResult><Key>k</Key><ETag></ETag></CompleteMultipartUploadResult>")
            }
            return .streamed(
                200, [], length: 10,
                headers: [
                    ("etag", isOurs ? "\"\(Self.etagOfBoth)\"" : "\"0123456789abcdef0123456789abcdef-2\""),
                    ("last-modified", "Mon, 23 Nov 2026 12:00:00 GMT"),
                ])
        }
        let store = S3ObjectStore(try transport.client(), bucket: "b")
        if isOurs {
            let result = try await store.completeUpload(key, upload, parts, ifAbsent: false)
            #expect(result.etag == Self.etagOfBoth)
        } else {
            let error = await storeError {
                _ = try await store.completeUpload(key, upload, parts, ifAbsent: false)
            }
            #expect(error?.code == .conflict)
        }
    }

    /// MD5 of the two MD5s, and how many they are.
    private static let etagOfBoth = "065947336a2f2a95ba8899f3675c3be6-2"

    /// S3 answers 200 before it knows the outcome; the body decides.
    @Test(arguments: [
        ("<Error><Code>InternalError</Code></Error>", ObjectStoreError.Code.serverFailure),
        ("<Error><Code>SlowDown</Code></Error>", .throttled),
        ("<Error><Code>InvalidPart</Code></Error>", .serverFailure),
        ("<Error><Code>NoSuchUpload</Code></Error>", .notFound), ("", .badAnswer), ("   ", .badAnswer),
    ])
    func aSuccessThatIsNone(_ body: String, _ code: ObjectStoreError.Code) async throws {
        let client = try CannedTransport(.streamed(200, ["  ", body], length: nil)).client()
        let error = await storeError { _ = try await client.completeUpload(key, in: "b", upload, []) }
        #expect(error?.code == code)
        #expect(error?.message.hasPrefix("CompleteMultipartUpload b/big file: ") == true)
    }

    @Test(arguments: [0, -1, 10_001])
    func partNumbersAreBounded(_ number: Int) async throws {
        let transport = CannedTransport(.canned(200, "", headers: objectHeaders))
        let client = try transport.client()
        let error = await storeError {
            _ = try await client.uploadPart(key, in: "b", upload, number: number, ReplayableBody(ByteBuffer()))
        }
        #expect(error?.code == .badRequest)
        #expect(transport.requests.isEmpty)
    }

    @Test func copiesAPart() async throws {
        let transport = CannedTransport(.canned(200, "<CopyPartResult><ETag>\"c\"</ETag></CopyPartResult>"))
        let part = try await transport.client().uploadPartCopy(
            ObjectReference(key), from: "src", range: 5..<10, to: key, in: "b", upload, number: 2)
        #expect(part == UploadedPart(number: 2, etag: "c", size: 5))
        #expect(transport.requests.first?.header("x-amz-copy-source-range") == "bytes=5-9")
        #expect(transport.requests.first?.header("x-amz-copy-source") == "/src/big%20file")
    }

    @Test func abortingWhatIsGoneIsASuccess() async throws {
        let transport = CannedTransport(.error(404, "NoSuchUpload"), .canned(204), .error(403, "AccessDenied"))
        let client = try transport.client()
        try await client.abortUpload(key, in: "b", upload)
        try await client.abortUpload(key, in: "b", upload)
        #expect(await storeError { try await client.abortUpload(key, in: "b", upload) }?.code == .accessDenied)
        #expect(transport.lines[0] == "DELETE /b/big%20file?uploadId=u%2F1%2B")
    }

    @Test func listsPartsOverPages() async throws {
        func page(_ numbers: [Int], next: Int?) -> WireResponse {
            let parts = numbers.map {
                "<Part><PartNumber>\($0)</PartNumber><ETag>\"e\($0)\"</ETag><Size>\($0)</Size></Part>"
            }
            return .canned(
                200,
                "<ListPartsResult><IsTruncated>\(next != nil)</IsTruncated>\(parts.joined())"
                    + (next.map { "<NextPartNumberMarker>\($0)</NextPartNumberMarker>" } ?? "") + "</ListPartsResult>")
        }
        let transport = CannedTransport(page([1, 2], next: 2), page([4, 3], next: nil))
        let parts = try await transport.client().parts(of: key, in: "b", upload)
        #expect(parts.map(\.number) == [1, 2, 3, 4])
        #expect(parts.last == UploadedPart(number: 4, etag: "e4", size: 4))
        #expect(transport.lines[1] == "GET /b/big%20file?part-number-marker=2&uploadId=u%2F1%2B")
        let stuck = try CannedTransport(page([1], next: 0)).client()
        #expect(await storeError { _ = try await stuck.parts(of: key, in: "b", upload) }?.code == .badAnswer)
        let lying = try CannedTransport(page([0], next: nil)).client()
        #expect(await storeError { _ = try await lying.parts(of: key, in: "b", upload) }?.code == .badAnswer)
    }

    @Test func listsUploadsOverPages() async throws {
        func page(_ keys: [String], next: (String, String)?) -> WireResponse {
            let rows = keys.map {
                "<Upload><Key>\($0)</Key><UploadId>id-\($0)</UploadId><Initiated>2009-10-12T17:50:30Z</Initiated></Upload>"
            }
            return .canned(
                200,
                "<ListMultipartUploadsResult><EncodingType>url</EncodingType><IsTruncated>\(next != nil)</IsTruncated>"
                    + (next.map {
                        "<NextKeyMarker>\($0.0)</NextKeyMarker><NextUploadIdMarker>\($0.1)</NextUploadIdMarker>"
                    } ?? "") + rows.joined() + "</ListMultipartUploadsResult>")
        }
        let transport = CannedTransport(page(["a+b"], next: ("a+b", "id")), page(["c"], next: nil))
        let uploads = try await transport.client().uploads(prefix: Array("x/".utf8), in: "b")
        #expect(uploads.map(\.key) == [ObjectKey("a b"), ObjectKey("c")])
        #expect(uploads.first?.upload == UploadID("id-a+b"))
        #expect(uploads.first?.initiated == Date(timeIntervalSince1970: 1_255_369_830))
        #expect(
            transport.lines[1]
                == "GET /b?key-marker=a%20b&max-uploads=1000&prefix=x%2F&upload-id-marker=id&uploads="
        )
        let stuck = try CannedTransport(page(["a"], next: ("a", ""))).client()
        #expect(await storeError { _ = try await stuck.uploads(in: "b") }?.code == .badAnswer)
    }
}
