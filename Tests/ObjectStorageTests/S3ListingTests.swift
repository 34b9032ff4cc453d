// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import NIOCore
import Testing

@testable import ObjectStorage

@Suite struct S3ListingTests {
    private func contents(_ key: String) -> String {
        "<Contents><Key>\(key)</Key><LastModified>2009-10-12T17:50:30.000Z</LastModified>"
            + "<ETag>&quot;fba9dede5f27731c9771645a39863328&quot;</ETag><Size>434234</Size>"
            + "<StorageClass>STANDARD</StorageClass></Contents>"
    }

    private func list(_ body: String) -> WireResponse {
        .canned(200, "<ListBucketResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">\(body)</ListBucketResult>")
    }

    @Test func asksAndReadsAPage() async throws {
        let transport = CannedTransport(
            list(
                "<Name>b</Name><IsTruncated>true</IsTruncated><NextContinuationToken>tok/+=</NextContinuationToken>"
                    + contents("my+image%2B%C3%A9.jpg") + contents("b%00%0D")
                    + "<CommonPrefixes><Prefix>a+b/</Prefix></CommonPrefixes><EncodingType>url</EncodingType>"))
        let client = try transport.client()
        let page = try await client.list(
            ListQuery(prefix: [0xFF, 0x2F], delimiter: "/", continuation: "before+", limit: 7), in: "b")
        #expect(
            transport.lines == [
                "GET /b?continuation-token=before%2B&delimiter=%2F&encoding-type=url&list-type=2&max-keys=7&prefix=%FF%2F"
            ])
        #expect(page.objects.map(\.key) == [ObjectKey("my image+é.jpg"), ObjectKey([0x62, 0x00, 0x0D])])
        #expect(page.commonPrefixes == [Array("a b/".utf8)])
        #expect(page.continuation == "tok/+=")
        let first = try #require(page.objects.first)
        #expect(first.size == 434_234)
        #expect(first.etag == "fba9dede5f27731c9771645a39863328")
        #expect(first.lastModified == Date(timeIntervalSince1970: 1_255_369_830))
        #expect(first.attributes.storageClass == "STANDARD")
    }

    /// A server that ignores `encoding-type` sends keys as they are; decoding them would name others.
    @Test func decodesOnlyWhatIsEncoded() async throws {
        let transport = CannedTransport(list("<IsTruncated>false</IsTruncated>" + contents("a+b%20c&amp;")))
        let page = try await transport.client().list(ListQuery(), in: "b")
        #expect(page.objects.map(\.key) == [ObjectKey("a+b%20c&")])
        #expect(page.continuation == nil)
    }

    @Test func keepsNormalFormsApart() async throws {
        let transport = CannedTransport(
            list("<EncodingType>url</EncodingType>" + contents("%C3%A9") + contents("e%CC%81")))
        let page = try await transport.client().list(ListQuery(), in: "b")
        #expect(Set(page.objects.map(\.key)).count == 2)
    }

    struct BadPage: Sendable {
        let body: String
        let says: String
    }

    @Test(arguments: [
        BadPage(body: "<html><body>502 Bad Gateway</body></html>", says: "begins \"<html><body>502 Bad Gateway"),
        BadPage(body: "", says: "it is empty"),
        BadPage(body: "proxy\r\n\t error \u{1}x", says: "begins \"proxy error x\""),
        BadPage(
            body: "<ListBucketResult><Contents><Key>a</Key></Contents></ListBucketResult>", says: "no LastModified"),
        BadPage(body: "<ListBucketResult><Contents><Size>1</Size></Contents></ListBucketResult>", says: "no Key"),
        BadPage(body: "<ListBucketResult><IsTruncated>true</IsTruncated></ListBucketResult>", says: "no continuation"),
        BadPage(
            body: "<ListBucketResult><IsTruncated>true</IsTruncated><NextContinuationToken>here</NextContinuationToken>"
                + "</ListBucketResult>", says: "does not advance"),
        BadPage(body: "<ListBucketResult><IsTruncated>false", says: "ends within an element"),
        BadPage(
            body: "<ListBucketResult><EncodingType>url</EncodingType><Contents><Key>100%</Key><Size>1</Size>"
                + "<LastModified>2009-10-12T17:50:30Z</LastModified></Contents></ListBucketResult>",
            says: "not URL-encoded"),
        BadPage(
            body: "<ListBucketResult><Contents><Key>a</Key><Size>-5</Size></Contents></ListBucketResult>",
            says: "not a number"),
    ])
    func saysWhatIsWrongWithAPage(_ bad: BadPage) async throws {
        let client = try CannedTransport(.canned(200, bad.body)).client()
        let error = await storeError { _ = try await client.list(ListQuery(continuation: "here"), in: "b") }
        #expect(error?.code == .badAnswer)
        #expect(error?.isTransient == true)
        #expect(error?.message.contains(bad.says) == true, "\(error?.message ?? "no error")")
        #expect(error?.message.hasPrefix("ListObjectsV2 b: ") == true)
    }

    @Test func excerptsAreShort() async throws {
        let client = try CannedTransport(.canned(200, "<html>" + String(repeating: "x", count: 100_000))).client()
        let error = await storeError { _ = try await client.list(ListQuery(), in: "b") }
        #expect((error?.message.utf8.count ?? 1000) < 300)
    }

    /// `NextMarker` is encoded by some servers and plain from others, so the last name leads on.
    @Test func markersOfTheFirstVersionComeFromThePage() async throws {
        let transport = CannedTransport(
            list(
                "<IsTruncated>true</IsTruncated><NextMarker>misleading</NextMarker><EncodingType>url</EncodingType>"
                    + contents("a%2Bb")),
            list(
                "<IsTruncated>true</IsTruncated>" + contents("c")
                    + "<CommonPrefixes><Prefix>d/</Prefix></CommonPrefixes>"),
            list("<IsTruncated>false</IsTruncated>"))
        let client = try transport.client()
        let first = try await client.listByMarker(ListQuery(), in: "b")
        #expect(first.next == Array("a+b".utf8))
        let second = try await client.listByMarker(ListQuery(), marker: first.next, in: "b")
        #expect(second.next == Array("d/".utf8))
        let third = try await client.listByMarker(ListQuery(), marker: second.next, in: "b")
        #expect(third.next == nil)
        #expect(transport.lines[1] == "GET /b?encoding-type=url&marker=a%2Bb&max-keys=1000")
    }

    @Test func versionsKeepTheOrderOfTheDocument() async throws {
        func row(_ tag: String, _ version: String, latest: Bool) -> String {
            "<\(tag)><Key>a+b</Key><VersionId>\(version)</VersionId><IsLatest>\(latest)</IsLatest>"
                + "<LastModified>2009-10-12T17:50:30Z</LastModified>"
                + (tag == "Version" ? "<ETag>\"e\"</ETag><Size>3</Size>" : "") + "</\(tag)>"
        }
        let transport = CannedTransport(
            .canned(
                200,
                "<ListVersionsResult><IsTruncated>true</IsTruncated><EncodingType>url</EncodingType>"
                    + "<NextKeyMarker>a+b</NextKeyMarker><NextVersionIdMarker>v+1</NextVersionIdMarker>"
                    + row("DeleteMarker", "v4", latest: true) + row("Version", "v3", latest: false)
                    + row("DeleteMarker", "v2", latest: false) + row("Version", "null", latest: false)
                    + "<CommonPrefixes><Prefix>p/</Prefix></CommonPrefixes></ListVersionsResult>"))
        let client = try transport.client()
        let page = try await client.listVersions(
            VersionQuery(marker: VersionMarker(key: Array("a".utf8), version: "v0")), in: "b")
        #expect(
            transport.lines == [
                "GET /b?encoding-type=url&key-marker=a&max-keys=1000&version-id-marker=v0&versions="
            ])
        #expect(page.versions.map(\.isDeleteMarker) == [true, false, true, false])
        #expect(page.versions.compactMap(\.info.version?.rawValue) == ["v4", "v3", "v2", "null"])
        #expect(page.versions.map(\.isLatest) == [true, false, false, false])
        #expect(page.versions.map(\.info.size) == [0, 3, 0, 3])
        #expect(page.versions.allSatisfy { $0.info.key == ObjectKey("a b") })
        #expect(page.marker == VersionMarker(key: Array("a b".utf8), version: "v+1"))
        let stuck = await storeError {
            _ = try await client.listVersions(VersionQuery(marker: page.marker), in: "b")
        }
        #expect(stuck?.code == .badAnswer)
    }

    @Test func serversWithoutVersionsAreKnown() async throws {
        let ignoring = try CannedTransport(list("")).client()
        #expect(
            await storeError { _ = try await ignoring.listVersions(VersionQuery(), in: "b") }?.code == .notImplemented)
        let refusing = try CannedTransport(.error(501, "NotImplemented")).client()
        #expect(
            await storeError { _ = try await refusing.listVersions(VersionQuery(), in: "b") }?.code == .notImplemented)
        let plain = try CannedTransport(
            .canned(
                200,
                "<ListVersionsResult><Version><Key>k</Key><Size>1</Size><LastModified>2009-10-12T17:50:30Z</LastModified>"
                    + "</Version></ListVersionsResult>")
        ).client()
        let page = try await plain.listVersions(VersionQuery(), in: "b")
        #expect(page.versions.map(\.info.version) == [.null])
    }

    /// JuiceFS sends up to 4,500 keys although at most 1,000 are asked for.
    @Test func acceptsMoreThanWasAsked() async throws {
        let rows = (0..<4_500).map { contents("key-\($0)") }.joined()
        let page = try await CannedTransport(list(rows)).client().list(ListQuery(), in: "b")
        #expect(page.objects.count == 4_500)
        #expect(page.objects.last?.key == ObjectKey("key-4499"))
    }
}
