// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import NIOCore
import Streams
import Testing

@testable import ObjectStorage

@Suite struct S3DeletionTests {
    private func reference(_ key: String, _ version: String? = nil) -> ObjectReference {
        ObjectReference(ObjectKey(key), version: version.map { VersionID($0) })
    }

    private func deleted(_ entries: String) -> WireResponse {
        .canned(200, "<DeleteResult>\(entries)</DeleteResult>")
    }

    @Test func oneOutcomeForEachInOrder() async throws {
        let transport = CannedTransport(
            deleted(
                "<Deleted><Key>c</Key></Deleted>"
                    + "<Error><Key>b</Key><VersionId>v1</VersionId><Code>AccessDenied</Code><Message>locked.</Message></Error>"
                    + "<Error><Key>d</Key><Code>NoSuchKey</Code></Error><Deleted><Key>a</Key></Deleted>"))
        let objects = [reference("a"), reference("b", "v1"), reference("c"), reference("d")]
        let outcomes = try await transport.client().delete(objects, in: "x")
        #expect(outcomes.map(\.object) == objects)
        #expect(outcomes.map(\.error?.code) == [nil, .accessDenied, nil, nil])
        #expect(outcomes[1].error?.message.contains("x/b") == true)
        #expect(outcomes[1].error?.message.contains("AccessDenied: locked") == true)
        let request = try #require(transport.requests.first)
        #expect(transport.lines == ["POST /x?delete="])
        #expect(
            request.bodyText
                == "<Delete xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Object><Key>a</Key></Object>"
                + "<Object><Key>b</Key><VersionId>v1</VersionId></Object><Object><Key>c</Key></Object>"
                + "<Object><Key>d</Key></Object></Delete>")
        #expect(request.header("content-md5") == request.body?.buffer?.contentMD5)
        #expect(ByteBuffer(string: "abc").contentMD5 == "kAFQmDzST7DWlj99KOF/cg==")
    }

    @Test func batchesHoldAThousand() async throws {
        let transport = CannedTransport { request, _ in
            let keys = request.bodyText.split(separator: "<Key>").dropFirst().map { $0.prefix { $0 != "<" } }
            return .canned(
                200, "<DeleteResult>" + keys.map { "<Deleted><Key>\($0)</Key></Deleted>" }.joined() + "</DeleteResult>")
        }
        let outcomes = try await transport.client().delete((0..<2_001).map { reference("k\($0)") }, in: "x")
        #expect(transport.requests.count == 3)
        #expect(outcomes.count == 2_001)
        #expect(outcomes.allSatisfy { $0.error == nil })
    }

    @Test func nothingToDeleteAsksNothing() async throws {
        let transport = CannedTransport(deleted(""))
        #expect(try await transport.client().delete([], in: "x").isEmpty)
        #expect(transport.requests.isEmpty)
    }

    @Test(arguments: [
        WireResponse.error(501, "NotImplemented"), .error(405, "MethodNotAllowed"), .error(400, "MissingContentMD5"),
        .canned(501),
    ])
    func serversWithoutBatchesGetSingleDeletes(_ refusal: WireResponse) async throws {
        let transport = CannedTransport { request, _ in request.method == "POST" ? refusal : .canned(204) }
        let outcomes = try await transport.client().delete([reference("a"), reference("b", "v 1")], in: "x")
        #expect(outcomes.map(\.error?.code) == [nil, nil])
        #expect(Set(transport.lines.dropFirst()) == ["DELETE /x/a", "DELETE /x/b?versionId=v%201"])
    }

    /// Strict parsers refuse control characters even as numeric references.
    @Test func keysThatXMLCannotCarryGoAlone() async throws {
        let transport = CannedTransport { request, _ in
            request.method == "POST"
                ? .canned(200, "<DeleteResult><Deleted><Key>a</Key></Deleted></DeleteResult>") : .canned(204)
        }
        let odd = ObjectReference(ObjectKey([0x62, 0x01]))
        let outcomes = try await transport.client().delete([odd, reference("a")], in: "x")
        #expect(outcomes.map(\.object.key) == [odd.key, ObjectKey("a")])
        #expect(transport.lines == ["POST /x?delete=", "DELETE /x/b%01"])
        #expect(transport.requests.first?.bodyText.contains("b&#1;") == false)
    }

    /// An object that the answer does not mention is not deleted on its word.
    @Test func whatIsNotMentionedIsDeletedAlone() async throws {
        let transport = CannedTransport { request, _ in
            switch request.method {
            case "POST": .canned(200, "<DeleteResult><Deleted><Key>a</Key></Deleted></DeleteResult>")
            default: .error(403, "AccessDenied")
            }
        }
        let outcomes = try await transport.client().delete([reference("a"), reference("b")], in: "x")
        #expect(transport.lines == ["POST /x?delete=", "DELETE /x/b"])
        #expect(outcomes.map(\.error?.code) == [nil, .accessDenied])
    }

    @Test func aMissingObjectIsASuccess() async throws {
        let client = try CannedTransport(.error(404, "NoSuchKey")).client()
        try await client.delete(reference("a"), in: "x")
        let gone = try CannedTransport(.error(404, "NoSuchBucket")).client()
        #expect(await storeError { try await gone.delete(reference("a"), in: "x") }?.code == .noSuchBucket)
    }

    @Test(arguments: [
        (200, "<Error><Code>SlowDown</Code></Error>", ObjectStoreError.Code.throttled), (200, "junk", .badAnswer),
    ])
    func aBatchThatFailsFails(_ status: Int, _ body: String, _ code: ObjectStoreError.Code) async throws {
        let client = try CannedTransport(.canned(status, body)).client()
        #expect(await storeError { _ = try await client.delete([reference("a")], in: "x") }?.code == code)
    }
}
