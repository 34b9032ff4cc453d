// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import ObjectStorage

@Suite struct S3EndpointTests {
    @Test(arguments: [
        ("http://127.0.0.1:8333", "http://127.0.0.1:8333", "127.0.0.1", 8333),
        ("https://s3.example.com", "https://s3.example.com", "s3.example.com", 443),
        ("https://s3.example.com:443/", "https://s3.example.com", "s3.example.com", 443),
        ("HTTP://S3.Example.COM:80", "http://s3.example.com", "s3.example.com", 80),
        ("http://[::1]:9000", "http://[::1]:9000", "::1", 9000),
        ("http://[FE80::1]", "http://[fe80::1]", "fe80::1", 80),
        ("http://minio_1:9000", "http://minio_1:9000", "minio_1", 9000),
    ])
    func reads(_ text: String, _ description: String, _ host: String, _ port: Int) throws {
        let endpoint = try S3Endpoint(text)
        #expect(endpoint.description == description)
        #expect(endpoint.host == host)
        #expect(endpoint.port == port)
        #expect(endpoint.isTLS == description.hasPrefix("https"))
    }

    @Test(arguments: [
        ("localhost:8333", S3EndpointError.missingScheme), ("", .missingScheme), ("s3://bucket", .unknownScheme),
        ("ftp://host", .unknownScheme), ("http://", .badHost), ("http://:80", .badHost), ("http://a b", .badHost),
        ("http://user:secret@host", .credentials), ("http://host/path", .tail("/path")),
        ("http://host?x=1", .tail("?x=1")),
        ("http://host#f", .tail("#f")), ("http://host/?x", .tail("/?x")), ("http://host:0", .badPort("0")),
        ("http://host:65536", .badPort("65536")), ("http://host:", .badPort("")), ("http://host:+80", .badPort("+80")),
        ("http://host:8x", .badPort("8x")), ("http://[::1", .badHost), ("http://[::1]x", .badHost),
        ("http://[host]", .badHost), ("http://::1", .badHost),
    ])
    func refuses(_ text: String, _ expected: S3EndpointError) {
        #expect(throws: expected) { try S3Endpoint(text) }
    }

    @Test func errorsSayWhatToWriteAndKeepSecrets() {
        #expect(S3EndpointError.missingScheme.description.contains("write https://host"))
        #expect(throws: S3EndpointError.credentials) { try S3Endpoint("https://u:pa55word@h") }
        #expect(!S3EndpointError.credentials.description.contains("pa55word"))
    }

    struct Target: Sendable {
        let endpoint: String
        var addressing = S3Endpoint.Addressing.automatic
        var bucket = "photos"
        var key = "a/b.jpg"
        let host: String
        let line: String
    }

    @Test(arguments: [
        Target(endpoint: "http://127.0.0.1:9000", host: "127.0.0.1:9000", line: "/photos/a/b.jpg"),
        Target(
            endpoint: "https://s3.eu-west-1.amazonaws.com", host: "photos.s3.eu-west-1.amazonaws.com", line: "/a/b.jpg"),
        Target(
            endpoint: "https://s3.amazonaws.com", bucket: "my.photos", host: "s3.amazonaws.com",
            line: "/my.photos/a/b.jpg"),
        Target(endpoint: "https://s3.amazonaws.com", key: "soap", host: "s3.amazonaws.com", line: "/photos/soap"),
        Target(
            endpoint: "https://s3.amazonaws.com", addressing: .path, host: "s3.amazonaws.com", line: "/photos/a/b.jpg"),
        Target(
            endpoint: "https://s3.amazonaws.com", bucket: "Old_Bucket", host: "s3.amazonaws.com",
            line: "/Old_Bucket/a/b.jpg"),
        Target(
            endpoint: "http://localhost:8333", addressing: .virtualHost, host: "photos.localhost:8333", line: "/a/b.jpg"
        ),
        Target(
            endpoint: "http://10.0.0.1:8333", addressing: .virtualHost, host: "10.0.0.1:8333", line: "/photos/a/b.jpg"),
        Target(endpoint: "http://[::1]:8333", addressing: .virtualHost, host: "[::1]:8333", line: "/photos/a/b.jpg"),
        Target(endpoint: "http://h", key: "a//b/../c", host: "h", line: "/photos/a//b/../c"),
        Target(endpoint: "http://h", key: "a+b %?#é", host: "h", line: "/photos/a%2Bb%20%25%3F%23%C3%A9"),
        Target(endpoint: "http://h", key: "/", host: "h", line: "/photos//"),
    ])
    func addresses(_ target: Target) async throws {
        let transport = CannedTransport(.canned(204))
        let client = S3Client(
            endpoint: try S3Endpoint(target.endpoint, addressing: target.addressing),
            credentials: S3Credentials(accessKey: "a", secretKey: Secret("s")), region: "us-east-1",
            transport: transport)
        try await client.delete(ObjectReference(ObjectKey(target.key)), in: target.bucket)
        let request = try #require(transport.requests.first)
        #expect(request.header("host") == target.host)
        #expect(request.target == target.line)
        #expect(target.host.hasPrefix(request.host) || target.host.hasPrefix("[\(request.host)]"))
    }

    /// `DELETE /bucket/` would delete the bucket.
    @Test(arguments: [("photos", ""), ("", "a"), ("..", "a"), ("a/b", "c"), (".", "c")])
    func refusesNamesThatMeanSomethingElse(_ bucket: String, _ key: String) async throws {
        let transport = CannedTransport(.canned(204))
        let client = try transport.client()
        let error = await storeError { try await client.delete(ObjectReference(ObjectKey(key)), in: bucket) }
        #expect(error?.code == .badRequest)
        #expect(transport.requests.isEmpty)
    }
}
