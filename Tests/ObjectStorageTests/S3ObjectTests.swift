// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import NIOCore
import Streams
import Testing

@testable import ObjectStorage

@Suite struct S3ObjectTests {
    private let key = ObjectKey("k")

    @Test func readsAWholeObject() async throws {
        let transport = CannedTransport(
            .canned(
                200, "hello",
                headers: objectHeaders + [
                    ("x-amz-version-id", "v1"), ("content-type", "text/plain"), ("content-encoding", "gzip"),
                    ("cache-control", "no-cache"), ("x-amz-meta-a", "1"), ("x-amz-meta-a", "2"), ("x-amz-meta-b", ""),
                    ("x-amz-tagging-count", "2"), ("x-amz-mp-parts-count", "3"), ("x-amz-missing-meta", "1"),
                    ("x-amz-storage-class", "GLACIER_IR"), ("x-amz-website-redirect-location", "/x"),
                    ("x-amz-server-side-encryption", "aws:kms"), ("server", "x"),
                ]))
        let body = try await transport.client().get(
            key, in: "b", GetOptions(version: VersionID("v1"), ifMatch: "abc"))
        #expect(String(buffer: try await body.bytes.collect(upTo: 5)) == "hello")
        #expect(body.length == 5)
        let info = body.info
        #expect(info.size == 5)
        #expect(info.etag == "abc")
        #expect(info.lastModified == Date(timeIntervalSince1970: 1_369_353_600))
        #expect(info.version == VersionID("v1"))
        #expect(
            info.attributes.headers.map { "\($0.name): \($0.text)" } == [
                "content-type: text/plain", "content-encoding: gzip", "cache-control: no-cache",
                "website-redirect-location: /x",
            ])
        #expect(info.attributes.metadata == [Field("a", "1,2"), Field("b", "")])
        #expect(info.tagCount == 2)
        #expect(info.partCount == 3)
        #expect(info.missingMetadata == 1)
        #expect(info.attributes.storageClass == "GLACIER_IR")
        #expect(info.isETagOpaque)
        let request = try #require(transport.requests.first)
        #expect(request.method == "GET" && request.target == "/b/k?versionId=v1")
        #expect(request.header("accept-encoding") == "identity")
        #expect(request.header("if-match") == "\"abc\"")
        #expect(request.header("user-agent")?.hasPrefix("holdfast/") == true)
        #expect(request.header("x-amz-content-sha256") == PayloadDigest.empty.sha256)
        #expect(request.header("authorization")?.contains("SignedHeaders=host;if-match;x-amz-content") == true)
    }

    @Test(arguments: [
        ("aws-chunked", nil), ("aws-chunked,", nil), ("aws-chunked,gzip", "gzip"), ("aws-chunked, gzip", "gzip"),
        ("", nil), ("gzip", "gzip"), ("aws-chunkedx", "aws-chunkedx"), ("gzip,br", "gzip,br"),
    ])
    func contentEncodingIsThatOfTheObject(_ sent: String, _ kept: String?) async throws {
        let transport = CannedTransport(.canned(200, "", headers: objectHeaders + [("content-encoding", sent)]))
        let info = try await transport.client().head(key, in: "b")
        #expect(info.attributes.headers.first { $0.name == "content-encoding" }?.text == kept)
    }

    @Test func metadataBytesStayRaw() async throws {
        var response = WireResponse.canned(200, "", headers: objectHeaders)
        response.headers.append(Field("x-amz-meta-raw", [0xE9, 0xFF]))
        let info = try await CannedTransport(response).client().head(key, in: "b")
        #expect(info.attributes.metadata == [Field("raw", [0xE9, 0xFF])])
    }

    struct RangeCase: Sendable {
        let asked: Range<Int64>
        let answer: WireResponse
        var text: String?
        var size: Int64 = 10
    }

    private static func partial(_ body: String, _ range: String) -> WireResponse {
        .canned(206, body, headers: objectHeaders + [("content-range", range)])
    }

    static let ranges: [RangeCase] = [
        RangeCase(asked: 2..<5, answer: partial("234", "bytes 2-4/10"), text: "234"),
        RangeCase(asked: 8..<20, answer: partial("89", "bytes 8-9/10"), text: "89"),
        RangeCase(asked: 0..<10, answer: partial("0123456789", "bytes 0-9/10"), text: "0123456789"),
        // The server passed over the range.
        RangeCase(asked: 0..<3, answer: .canned(200, "0123456789", headers: objectHeaders), text: "012"),
        RangeCase(
            asked: 0..<4, answer: .streamed(200, ["01", "234", "56789"], length: 10, headers: objectHeaders),
            text: "0123"),
        RangeCase(asked: 0..<20, answer: .canned(200, "0123456789", headers: objectHeaders), text: "0123456789"),
        RangeCase(asked: 3..<5, answer: .canned(200, "0123456789", headers: objectHeaders)),
        // Answers that lie.
        RangeCase(asked: 2..<5, answer: partial("123", "bytes 1-3/10")),
        RangeCase(asked: 2..<5, answer: partial("23", "bytes 2-3/10")),
        RangeCase(asked: 2..<5, answer: partial("2345", "bytes 2-4/10")),
        RangeCase(asked: 2..<5, answer: partial("234", "bytes 2-4/*")),
        RangeCase(asked: 2..<5, answer: partial("234", "2-4/10")),
        RangeCase(asked: 2..<5, answer: partial("234", "bytes 2-4/99999999999999999999")),
        RangeCase(asked: 2..<5, answer: .canned(206, "234", headers: objectHeaders)),
        RangeCase(asked: 2..<5, answer: .canned(204, "", headers: objectHeaders)),
    ]

    @Test(arguments: ranges)
    func rangesGiveWhatWasAsked(_ test: RangeCase) async throws {
        let transport = CannedTransport(test.answer)
        let client = try transport.client()
        if let text = test.text {
            let body = try await client.get(key, in: "b", GetOptions(range: test.asked))
            #expect(String(buffer: try await body.bytes.collect(upTo: 100)) == text)
            #expect(body.length == Int64(text.utf8.count))
            #expect(body.info.size == test.size)
            #expect(
                transport.requests.first?.header("range")
                    == "bytes=\(test.asked.lowerBound)-\(test.asked.upperBound - 1)")
        } else {
            let error = await storeError { _ = try await client.get(key, in: "b", GetOptions(range: test.asked)) }
            #expect(error?.code == .badAnswer)
        }
    }

    @Test func anEmptyRangeAsksOnlyTheHead() async throws {
        let transport = CannedTransport(
            WireResponse(
                status: 200, headers: objectHeaders.map { Field($0.0, $0.1) }, contentLength: 10,
                body: ByteStream(ByteBuffer())))
        let body = try await transport.client().get(key, in: "b", GetOptions(range: 4..<4, ifMatch: "abc"))
        #expect(body.length == 0)
        #expect(body.info.size == 10)
        #expect(transport.requests.map(\.method) == ["HEAD"])
        #expect(transport.requests.first?.header("if-match") == "\"abc\"")
    }

    /// Below `wholeUpTo` the body is read and checked before `get` returns; above, while it is read.
    @Test(arguments: [["5", "ab", "c"], ["5", "abc", "defg"], ["2", "abc"], ["1"]], [0, 1 << 20])
    func lengthsThatDoNotMatchAreErrors(_ announcedAndPieces: [String], _ wholeUpTo: Int) async throws {
        let announced = try #require(Int64(announcedAndPieces[0]))
        let pieces = Array(announcedAndPieces.dropFirst())
        let client = try CannedTransport(
            .streamed(200, pieces, length: announced, headers: objectHeaders)
        ).client()
        let error = await storeError {
            let body = try await client.get(key, in: "b", GetOptions(wholeUpTo: wholeUpTo))
            #expect(wholeUpTo == 0)
            _ = try await body.bytes.collect(upTo: 100)
        }
        #expect(error?.code == .badAnswer)
        #expect(error?.message.contains("\(announced) were announced") == true)
    }

    @Test func largeBodiesStream() async throws {
        let client = try CannedTransport(.streamed(200, ["abc", "de"], length: 5, headers: objectHeaders)).client()
        let body = try await client.get(key, in: "b", GetOptions(wholeUpTo: 4))
        #expect(body.bytes.whole == nil)
        #expect(String(buffer: try await body.bytes.collect(upTo: 5)) == "abcde")
    }

    @Test(arguments: [
        ("content-length", WireResponse.streamed(200, ["x"], length: nil, headers: objectHeaders)),
        ("Last-Modified", .canned(200, "x", headers: [("etag", "e")])),
        ("Last-Modified", .canned(200, "x", headers: [("etag", "e"), ("last-modified", "yesterday")])),
        ("ETag", .canned(200, "x", headers: [("last-modified", "Fri, 24 May 2013 00:00:00 GMT")])),
    ])
    func answersWithoutTheEssentialsAreRefused(_ missing: String, _ answer: WireResponse) async throws {
        let client = try CannedTransport(answer).client()
        let error = await storeError { _ = try await client.get(key, in: "b") }
        #expect(error?.code == .badAnswer)
        #expect(error?.message.lowercased().contains(missing.lowercased()) == true)
    }

    @Test func storesWithEverythingThatBelongsToIt() async throws {
        let transport = CannedTransport(.canned(200, "", headers: [("etag", "W/\"e\""), ("x-amz-version-id", "v2")]))
        let attributes = ObjectAttributes(
            headers: [Field("content-type", "a/b"), Field("website-redirect-location", "/y")],
            metadata: [Field("who", "é")], tags: [Tag("a b", "1=&"), Tag("é", "")], storageClass: "STANDARD_IA")
        let result = try await transport.client().put(
            key, in: "b", ReplayableBody(ByteBuffer(string: "Welcome to Amazon S3.")),
            PutOptions(attributes: attributes, ifAbsent: true))
        #expect(result.etag == "e")
        #expect(result.version == VersionID("v2"))
        let request = try #require(transport.requests.first)
        #expect(request.method == "PUT")
        #expect(request.header("content-type") == "a/b")
        #expect(request.header("x-amz-website-redirect-location") == "/y")
        #expect(request.header("x-amz-meta-who") == "é")
        #expect(request.header("x-amz-tagging") == "a%20b=1%3D%26&%C3%A9=")
        #expect(request.header("x-amz-storage-class") == "STANDARD_IA")
        #expect(request.header("if-none-match") == "*")
        #expect(
            request.header("x-amz-content-sha256") == "44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072"
        )
        #expect(request.header("content-md5") == nil)
    }

    @Test(arguments: ["line\nbreak", "nul\u{0}", "del\u{7F}"])
    func refusesHeadersThatWouldSmuggleOthers(_ value: String) async throws {
        let transport = CannedTransport(.canned(200, "", headers: objectHeaders))
        let client = try transport.client()
        let body = ReplayableBody(ByteBuffer())
        for attributes in [
            ObjectAttributes(metadata: [Field("a", value)]), ObjectAttributes(metadata: [Field(value, "x")]),
        ] {
            let error = await storeError {
                _ = try await client.put(key, in: "b", body, PutOptions(attributes: attributes))
            }
            #expect(error?.code == .badRequest)
        }
        #expect(transport.requests.isEmpty)
    }

    struct PayloadCase: Sendable {
        let signing: S3ClientOptions.PayloadSigning
        let endpoint: String
        let isSigned: Bool
    }

    @Test(arguments: [
        PayloadCase(signing: .signed, endpoint: "http://h", isSigned: true),
        PayloadCase(signing: .signed, endpoint: "https://h", isSigned: true),
        PayloadCase(signing: .unsignedOverTLS, endpoint: "http://h", isSigned: true),
        PayloadCase(signing: .unsignedOverTLS, endpoint: "https://h", isSigned: false),
        PayloadCase(signing: .unsigned, endpoint: "http://h", isSigned: false),
    ])
    func payloadsAreSignedAsAsked(_ test: PayloadCase) async throws {
        let transport = CannedTransport(.canned(200, "", headers: objectHeaders))
        let client = try transport.client(test.endpoint) {
            $0.payloadSigning = test.signing
            $0.sendsContentMD5 = true
        }
        let stream = ReplayableBody(length: 3) { ByteStream(ByteBuffer(string: "abc")) }
        let known = ReplayableBody(ByteBuffer(string: "abc"), sha256: "known")
        for body in [ReplayableBody(ByteBuffer(string: "abc")), stream, known] {
            _ = try await client.put(key, in: "b", body)
        }
        let abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        #expect(
            transport.requests.map { $0.header("x-amz-content-sha256") }
                == (test.isSigned ? [abc, abc, "known"] : Array(repeating: "UNSIGNED-PAYLOAD", count: 3)))
        #expect(
            transport.requests.map { $0.header("content-md5") }
                == Array(repeating: "kAFQmDzST7DWlj99KOF/cg==", count: 3))
    }

    @Test func aBodyShorterThanItSaysIsNotSent() async throws {
        let transport = CannedTransport(.canned(200, "", headers: objectHeaders))
        let client = try transport.client()
        await #expect(throws: ByteStreamError.endedEarly(wanted: 4, got: 3)) {
            _ = try await client.put(key, in: "b", ReplayableBody(length: 4) { ByteStream(ByteBuffer(string: "abc")) })
        }
        #expect(transport.requests.isEmpty)
    }

    @Test func copies() async throws {
        let transport = CannedTransport(
            .canned(
                200, "<CopyObjectResult><ETag>\"new\"</ETag></CopyObjectResult>", headers: [("x-amz-version-id", "v9")]),
            .canned(200, "\n <Error><Code>InternalError</Code><Message>broke</Message></Error>"))
        let client = try transport.client()
        let source = ObjectReference(ObjectKey("a b/é"), version: VersionID("v+1"))
        let result = try await client.copy(source, from: "src", to: key, in: "b", ifSourceMatches: "old")
        #expect(result.etag == "new")
        #expect(result.version == VersionID("v9"))
        let request = try #require(transport.requests.first)
        #expect(request.header("x-amz-copy-source") == "/src/a%20b/%C3%A9?versionId=v%2B1")
        #expect(request.header("x-amz-copy-source-if-match") == "\"old\"")
        #expect(request.header("x-amz-metadata-directive") == nil)
        let error = await storeError {
            _ = try await client.copy(source, from: "src", to: key, in: "b", attributes: ObjectAttributes())
        }
        #expect(error?.code == .serverFailure)
        #expect(error?.serverCode == "InternalError")
        #expect(transport.requests.last?.header("x-amz-metadata-directive") == "REPLACE")
    }
}
