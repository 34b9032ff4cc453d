// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import NIOCore
import Testing

@testable import ObjectStorage

@Suite struct S3ObjectDetailsTests {
    private let key = ObjectKey("k")

    @Test func tagsGoBothWays() async throws {
        let transport = CannedTransport(
            .canned(
                200,
                "<Tagging><TagSet><Tag><Key>a&amp;b</Key><Value>é</Value></Tag><Tag><Key>c</Key><Value/></Tag></TagSet>"
                    + "</Tagging>"),
            .canned(200), .canned(204))
        let client = try transport.client()
        let tags = try await client.tags(of: key, in: "b", version: VersionID("v"))
        #expect(tags == [Tag("a&b", "é"), Tag("c", "")])
        try await client.setTags(tags, of: key, in: "b")
        try await client.deleteTags(of: key, in: "b")
        #expect(
            transport.lines == ["GET /b/k?tagging=&versionId=v", "PUT /b/k?tagging=", "DELETE /b/k?tagging="])
        #expect(
            transport.requests[1].bodyText.hasSuffix(
                "<TagSet><Tag><Key>a&amp;b</Key><Value>é</Value></Tag><Tag><Key>c</Key><Value></Value></Tag></TagSet></Tagging>"
            ))
    }

    @Test func noTagsAreNoTags() async throws {
        #expect(try await CannedTransport(.error(404, "NoSuchTagSet")).client().tags(of: key, in: "b") == [])
        #expect(
            try await CannedTransport(.canned(200, "<Tagging><TagSet/></Tagging>")).client().tags(of: key, in: "b")
                == [])
        // Ceph, of an object without tags; an empty object from a server that passes over the query is another thing.
        #expect(try await CannedTransport(.canned(200)).client().tags(of: key, in: "b") == [])
        let ignoring = try CannedTransport(.canned(200, headers: objectHeaders)).client()
        await #expect(throws: ObjectStoreError.self) { try await ignoring.tags(of: key, in: "b") }
    }

    /// A server that passes over the query would store the XML as the object, or delete the object.
    @Test func unknownSubresourcesAreNeverWritten() async throws {
        let transport = CannedTransport(.canned(200, "the object's own bytes", headers: objectHeaders))
        let client = try transport.client()
        let until = Date(timeIntervalSince1970: 2_000_000_000)
        let calls: [@Sendable () async throws -> Void] = [
            { _ = try await client.tags(of: key, in: "b") },
            { try await client.setTags([Tag("a", "b")], of: key, in: "b") },
            { try await client.deleteTags(of: key, in: "b") },
            { try await client.setACL(Array("<x/>".utf8), of: key, in: "b") },
            { try await client.setRetention(ObjectRetention(mode: .governance, until: until), of: key, in: "b") },
            { try await client.setLegalHold(true, of: key, in: "b") },
            { _ = try await client.details(of: key, in: "b") },
        ]
        for call in calls {
            let error = await storeError(call)
            #expect(error?.code == .notImplemented)
        }
        #expect(transport.requests.count == calls.count)
        #expect(transport.requests.allSatisfy { $0.method == "GET" })
    }

    @Test func aSubresourceIsProvenOnceForABucket() async throws {
        let transport = CannedTransport { request, _ in
            request.method == "GET" ? .error(404, "NoSuchObjectLockConfiguration") : .canned(200)
        }
        let client = try transport.client()
        for bucket in ["a", "a", "b"] { try await client.setLegalHold(false, of: key, in: bucket) }
        #expect(
            transport.lines == [
                "GET /a/k?legal-hold=", "PUT /a/k?legal-hold=", "PUT /a/k?legal-hold=", "GET /b/k?legal-hold=",
                "PUT /b/k?legal-hold=",
            ])
        #expect(transport.requests[1].bodyText.contains("<Status>OFF</Status>"))
    }

    @Test func retentionGoesBothWays() async throws {
        let transport = CannedTransport(
            .canned(
                200,
                "<Retention><Mode>COMPLIANCE</Mode><RetainUntilDate>2033-05-18T03:33:20.000Z</RetainUntilDate></Retention>"
            ),
            .canned(200))
        let client = try transport.client()
        let retention = ObjectRetention(mode: .compliance, until: Date(timeIntervalSince1970: 2_000_000_000))
        #expect(try await client.retention(of: key, in: "b") == retention)
        try await client.setRetention(retention, of: key, in: "b", version: VersionID("v"), bypassGovernance: true)
        let put = try #require(transport.requests.last)
        #expect(put.target == "/b/k?retention=&versionId=v")
        #expect(
            put.bodyText.hasSuffix(
                "<Mode>COMPLIANCE</Mode><RetainUntilDate>2033-05-18T03:33:20Z</RetainUntilDate></Retention>"))
        #expect(put.header("x-amz-bypass-governance-retention") == "true")
    }

    @Test(arguments: [
        WireResponse.error(404, "NoSuchObjectLockConfiguration"), .error(404, "ObjectLockConfigurationNotFoundError"),
        .error(404, "NoSuchObjectLegalHold"), .error(400, "InvalidRequest", "Invalid Request"),
        .error(400, "InvalidRequest", "Bucket is missing Object Lock Configuration"),
    ])
    func noLockIsNil(_ answer: WireResponse) async throws {
        let client = try CannedTransport(answer).client()
        #expect(try await client.retention(of: key, in: "b") == nil)
        #expect(try await client.legalHold(of: key, in: "b") == false)
    }

    @Test func legalHoldIsRead() async throws {
        let client = try CannedTransport(.canned(200, "<LegalHold><Status>ON</Status></LegalHold>")).client()
        #expect(try await client.legalHold(of: key, in: "b"))
        let missing = try CannedTransport(.error(404, "NoSuchKey")).client()
        #expect(await storeError { _ = try await missing.legalHold(of: key, in: "b") }?.code == .notFound)
    }

    @Test func accessListsAreRaw() async throws {
        let document = "<?xml version=\"1.0\"?><AccessControlPolicy><Owner><ID>x</ID></Owner></AccessControlPolicy>"
        let transport = CannedTransport(.streamed(200, [document], length: nil), .canned(200))
        let client = try transport.client()
        #expect(try await client.acl(of: key, in: "b") == Array(document.utf8))
        try await client.setACL(Array(document.utf8), of: key, in: "b")
        #expect(transport.requests.last?.bodyText == document)
    }

    @Test func detailsCollectEveryPart() async throws {
        func page(_ part: Int, next: Int?) -> WireResponse {
            .canned(
                200,
                "<GetObjectAttributesResponse><ETag>e-2</ETag><Checksum><ChecksumCRC32>AA==</ChecksumCRC32></Checksum>"
                    + "<ObjectParts><IsTruncated>\(next != nil)</IsTruncated>"
                    + (next.map { "<NextPartNumberMarker>\($0)</NextPartNumberMarker>" } ?? "")
                    + "<Part><PartNumber>\(part)</PartNumber><Size>5</Size><ChecksumCRC32>p\(part)</ChecksumCRC32></Part>"
                    + "</ObjectParts><StorageClass>STANDARD</StorageClass><ObjectSize>10</ObjectSize>"
                    + "</GetObjectAttributesResponse>", headers: [("last-modified", "Fri, 24 May 2013 00:00:00 GMT")])
        }
        let transport = CannedTransport(page(1, next: 1), page(2, next: nil))
        let details = try await transport.client().details(of: key, in: "b")
        #expect(details.etag == "e-2")
        #expect(details.size == 10)
        #expect(details.storageClass == "STANDARD")
        #expect(details.checksums == ["ChecksumCRC32": "AA=="])
        #expect(details.parts.map(\.number) == [1, 2])
        #expect(details.parts.last?.checksums == ["ChecksumCRC32": "p2"])
        #expect(transport.requests.map { $0.header("x-amz-part-number-marker") } == ["0", "1"])
        let stuck = try CannedTransport(page(1, next: 0)).client()
        #expect(await storeError { _ = try await stuck.details(of: key, in: "b") }?.code == .badAnswer)
    }
}
