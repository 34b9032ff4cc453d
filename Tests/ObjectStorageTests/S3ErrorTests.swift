// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import NIOCore
import Streams
import Testing

@testable import ObjectStorage

@Suite struct S3ErrorTests {
    struct Mapping: Sendable, CustomTestStringConvertible {
        let status: Int
        var code = ""
        var message = ""
        var headers: [(String, String)] = []
        let expected: ObjectStoreError.Code
        var says = ""

        var testDescription: String { "\(status) \(code)" }

        var answer: WireResponse {
            code.isEmpty ? .canned(status, message, headers: headers) : .error(status, code, message, headers: headers)
        }
    }

    static let mappings: [Mapping] = [
        Mapping(
            status: 404, code: "NoSuchKey", message: "Gone.", expected: .notFound, says: "answered 404 NoSuchKey: Gone"),
        Mapping(status: 404, code: "NoSuchVersion", expected: .notFound),
        Mapping(status: 404, code: "NoSuchBucket", expected: .noSuchBucket),
        Mapping(status: 404, expected: .notFound),
        Mapping(status: 405, headers: [("x-amz-delete-marker", "true")], expected: .notFound),
        Mapping(
            status: 403, code: "SignatureDoesNotMatch", expected: .unauthorized,
            says: "check the secret key and the region"),
        Mapping(status: 403, code: "InvalidAccessKeyId", expected: .unauthorized, says: "does not know the access key"),
        Mapping(status: 400, code: "ExpiredToken", expected: .unauthorized),
        Mapping(status: 401, expected: .unauthorized),
        Mapping(status: 403, code: "AccessDenied", expected: .accessDenied),
        Mapping(status: 403, expected: .accessDenied),
        Mapping(
            status: 403, code: "RequestTimeTooSkewed", headers: [("date", "Fri, 24 May 2013 02:00:00 GMT")],
            expected: .clockSkew,
            says: "this machine's clock says 2013-05-24T00:00:00Z, the server's 2013-05-24T02:00:00Z"),
        Mapping(status: 412, code: "PreconditionFailed", expected: .preconditionFailed),
        Mapping(status: 304, expected: .preconditionFailed),
        Mapping(status: 416, code: "InvalidRange", expected: .rangeNotSatisfiable),
        Mapping(status: 409, code: "BucketAlreadyOwnedByYou", expected: .bucketExists),
        Mapping(status: 409, code: "BucketNotEmpty", expected: .conflict),
        Mapping(status: 409, expected: .conflict),
        Mapping(status: 501, code: "NotImplemented", expected: .notImplemented),
        Mapping(status: 405, code: "MethodNotAllowed", expected: .notImplemented),
        Mapping(status: 403, code: "InvalidObjectState", expected: .unreadable),
        Mapping(
            status: 400, code: "InvalidRequest",
            message: "Requests specifying Server Side Encryption with Customer provided keys must provide the "
                + "appropriate secret key.", expected: .encrypted),
        Mapping(
            status: 400, code: "InvalidRequest",
            message:
                "The object was stored using a form of Server Side Encryption. The correct parameters must be provided",
            expected: .encrypted),
        Mapping(status: 503, code: "SlowDown", expected: .throttled),
        Mapping(status: 503, code: "SlowDownRead", expected: .throttled),
        Mapping(status: 429, expected: .throttled),
        Mapping(status: 503, headers: [("retry-after", "3")], expected: .throttled),
        Mapping(status: 503, expected: .serverFailure),
        Mapping(status: 500, code: "InternalError", expected: .serverFailure),
        Mapping(
            status: 502, message: "<html><head><TITLE>Bad\nGateway</TITLE></head><body>a lot more</body></html>",
            expected: .serverFailure, says: "answered 502 \"Bad Gateway\" (an HTML page)"),
        Mapping(
            status: 502, message: "<html>Bad Gateway</html>", expected: .serverFailure, says: "<html>Bad Gateway</html>"
        ),
        Mapping(status: 507, expected: .outOfSpace),
        Mapping(status: 500, code: "XMinioStorageFull", expected: .outOfSpace, says: "make room"),
        Mapping(
            status: 500, code: "InternalError", message: "No writable volumes and no free volumes left",
            expected: .outOfSpace),
        Mapping(status: 400, code: "RequestTimeout", expected: .unreachable),
        Mapping(status: 400, code: "BadDigest", expected: .badAnswer),
        Mapping(status: 400, code: "EntityTooLarge", expected: .badRequest),
        Mapping(status: 400, code: "InvalidArgument", expected: .badRequest),
        Mapping(status: 301, expected: .badRequest),
        Mapping(status: 100, expected: .badAnswer),
    ]

    @Test(arguments: mappings)
    func mapsAnswers(_ mapping: Mapping) async throws {
        let client = try CannedTransport(mapping.answer).client()
        let error = await storeError { _ = try await client.get(ObjectKey("a\u{1}"), in: "photos") }
        #expect(error?.code == mapping.expected)
        #expect(error?.status == mapping.status)
        #expect(error?.serverCode == (mapping.code.isEmpty ? nil : mapping.code))
        #expect(error?.requestID == (mapping.code.isEmpty ? nil : "R1"))
        // That a key is missing is said in words of our own.
        let says =
            mapping.expected == .encrypted
            ? "it is encrypted with a customer's key" : "http://s3.test:9000 answered \(mapping.status)"
        #expect(error?.message.hasPrefix("GetObject photos/a\\x01: \(says)") == true)
        #expect(mapping.says.isEmpty || error?.message.contains(mapping.says) == true, "\(error?.message ?? "")")
    }

    @Test func namesTheRightRegion() async throws {
        for body in [
            "<Error><Code>AuthorizationHeaderMalformed</Code><Message>wrong</Message><Region>eu-west-1</Region></Error>",
            "<Error><Code>PermanentRedirect</Code><Endpoint>b.s3-eu-west-1.amazonaws.com</Endpoint><Region>eu-west-1</Region></Error>",
        ] {
            let client = try CannedTransport(.canned(body.contains("Permanent") ? 301 : 400, body)).client()
            let error = await storeError { _ = try await client.list(ListQuery(), in: "b") }
            #expect(error?.code == .badRequest)
            #expect(error?.message.contains("set the region to eu-west-1 instead of us-east-1") == true)
        }
        let redirect = try CannedTransport(
            .canned(301, "<Error><Code>PermanentRedirect</Code><Endpoint>other.host</Endpoint></Error>")
        ).client()
        let error = await storeError { _ = try await redirect.list(ListQuery(), in: "b") }
        #expect(error?.message.contains("addressed at other.host") == true)
    }

    @Test(arguments: [
        ("7", Duration.seconds(7)), ("0", .zero), ("86400", .seconds(3600)),
        ("Fri, 24 May 2013 00:00:30 GMT", .seconds(20)),
        ("Fri, 24 May 2013 00:00:00 GMT", .zero),
    ])
    func readsRetryAfter(_ value: String, _ expected: Duration) async throws {
        let client = try CannedTransport(
            .error(503, "SlowDown", headers: [("retry-after", value), ("date", "Fri, 24 May 2013 00:00:10 GMT")])
        ).client()
        #expect(await storeError { _ = try await client.buckets() }?.retryAfter == expected)
    }

    @Test(arguments: ["", "soon", "-1", "1.5", "99999999999999999999"])
    func ignoresOtherRetryAfters(_ value: String) async throws {
        let client = try CannedTransport(.error(503, "SlowDown", headers: [("retry-after", value)])).client()
        let error = await storeError { _ = try await client.buckets() }
        #expect(error?.code == .throttled)
        #expect(error?.retryAfter == nil)
    }

    @Test func answersToHeadCarryNoReason() async throws {
        let client = try CannedTransport(.canned(400)).client()
        let error = await storeError { _ = try await client.head(ObjectKey("k"), in: "b") }
        #expect(error?.code == .badRequest)
        #expect(error?.message.contains("SSE-C") == true)
    }

    @Test func failuresOfTheTransportNameTheCall() async throws {
        let transport = CannedTransport { _, _ in throw ObjectStoreError(.unreachable, "connection refused") }
        let client = try transport.client()
        let error = await storeError { _ = try await client.head(ObjectKey("k"), in: "b") }
        #expect(error?.code == .unreachable)
        #expect(error?.message == "HeadObject b/k: connection refused")
    }

    @Test func secretsStayOutOfMessages() async throws {
        let client = try CannedTransport(.error(403, "SignatureDoesNotMatch", "no")).client()
        let error = await storeError { _ = try await client.buckets() }
        #expect(error?.message.contains("secret\"") == false)
        #expect(error?.message.contains("AKIA") == false)
    }
}
