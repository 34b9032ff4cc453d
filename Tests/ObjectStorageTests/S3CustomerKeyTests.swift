// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import NIOCore
import Streams
import TestSupport
import Testing

@testable import ObjectStorage

/// Keys of the customer's own on the wire, as Amazon answers to them, and the pace of requests.
@Suite struct S3CustomerKeyTests {
    private static let name = "x-amz-server-side-encryption-customer-key"
    private static let bytes = Array(repeating: UInt8(7), count: 32)

    private static func keys(_ options: inout S3ClientOptions) {
        guard let key = CustomerKey(bytes) else { return }
        options.customerKeys = CustomerKeys([.init(glob: "b/secret/*", key: key)])
    }

    private static let needed = WireResponse.error(
        400, "InvalidRequest",
        "The object was stored using a form of Server Side Encryption. The correct parameters must be provided")

    @Test func theKeyGoesWithReadsOfItsObjectsAlone() async throws {
        let transport = CannedTransport(.canned(200, "x", headers: objectHeaders))
        let client = try transport.client { Self.keys(&$0) }
        for key in ["secret/a", "public/a"] {
            _ = try await client.get(ObjectKey(key), in: "b")
            _ = try await client.head(ObjectKey(key), in: "b")
        }
        _ = try await client.get(ObjectKey("secret/a"), in: "other")
        #expect(transport.requests.map { $0.header(Self.name) != nil } == [true, true, false, false, false])
        let sent = try #require(transport.requests.first)
        #expect(sent.header(Self.name) == Data(Self.bytes).base64EncodedString())
        #expect(sent.header("\(Self.name)-md5") == "y4HAEFCYWuvAXWFTtA1Qpg==")
        #expect(sent.header("authorization")?.contains("customer-key;") == true)
        #expect(!sent.target.contains("customer"))
    }

    /// Amazon refuses a key for an object that needs none.
    @Test func anObjectWithoutAKeyIsReadWithout() async throws {
        let transport = CannedTransport { request, _ in
            request.header(Self.name) == nil
                ? .canned(200, "x", headers: objectHeaders)
                : .error(400, "InvalidRequest", "The encryption parameters are not applicable to this object.")
        }
        let client = try transport.client { Self.keys(&$0) }
        #expect(try await client.get(ObjectKey("secret/a"), in: "b").length == 1)
        #expect(transport.requests.count == 2)
    }

    @Test(arguments: [true, false])
    func aWrongKeyIsSaidToBeOne(isHead: Bool) async throws {
        let transport = CannedTransport { request, _ in
            if request.header(Self.name) != nil { return isHead ? .canned(403) : .error(403, "AccessDenied", "no") }
            return isHead ? .canned(400) : Self.needed
        }
        let client = try transport.client { Self.keys(&$0) }
        let error = await storeError {
            if isHead {
                _ = try await client.head(ObjectKey("secret/a"), in: "b")
            } else {
                _ = try await client.get(ObjectKey("secret/a"), in: "b")
            }
        }
        #expect(error?.code == .encrypted && error?.message.contains("holds another key") == true)
        #expect(error?.message.contains(Data(Self.bytes).base64EncodedString()) == false)
    }

    @Test func aMissingKeyIsFoundOutByHead() async throws {
        let transport = CannedTransport { request, _ in request.method == "HEAD" ? .canned(400) : Self.needed }
        let error = await storeError { _ = try await transport.client().head(ObjectKey("a"), in: "b") }
        #expect(error?.code == .encrypted && error?.message.contains("no key is at hand") == true)
        #expect(transport.lines == ["HEAD /b/a", "GET /b/a"])

        // What is refused for another reason stays what it was.
        let other = CannedTransport { request, _ in
            request.method == "HEAD" ? .canned(400) : .error(400, "AuthorizationHeaderMalformed", "region")
        }
        let refusal = await storeError { _ = try await other.client().head(ObjectKey("a"), in: "b") }
        #expect(refusal?.code == .badRequest)
    }

    @Test func whatIsDeniedStaysDenied() async throws {
        let transport = CannedTransport(.error(403, "AccessDenied", "no"))
        let error = await storeError {
            _ = try await transport.client { Self.keys(&$0) }.get(ObjectKey("secret/a"), in: "b")
        }
        #expect(error?.code == .accessDenied)
    }

    @Test func whatWasUnderAKeyIsStoredUnderOne() async throws {
        let transport = CannedTransport { request, _ in
            request.target.contains("uploads")
                ? .canned(
                    200, "<InitiateMultipartUploadResult><UploadId>u</UploadId></InitiateMultipartUploadResult>")
                : .canned(200, headers: objectHeaders)
        }
        let client = try transport.client { Self.keys(&$0) }
        let options = PutOptions(
            attributes: ObjectAttributes(headers: [Field(ObjectAttributes.customerAlgorithm, "AES256")]))
        let body = ReplayableBody(ByteBuffer(string: "x"))
        for (name, options) in [("secret/a", options), ("secret/a", PutOptions()), ("public/a", options)] {
            _ = try await client.put(ObjectKey(name), in: "b", body, options)
            let upload = try await client.createUpload(ObjectKey(name), in: "b", options)
            _ = try await client.uploadPart(ObjectKey(name), in: "b", upload, number: 1, body)
            try await client.abortUpload(ObjectKey(name), in: "b", upload)
        }
        let keyed = transport.requests.map { $0.header(Self.name) != nil }
        #expect(keyed == [true, true, true, false] + Array(repeating: false, count: 8))
        // The algorithm alone never goes out.
        #expect(!transport.requests.contains { $0.header(ObjectAttributes.customerAlgorithm) != nil })
    }

    @Test func theSizeOfAPartIsToldByItsRange() async throws {
        let transport = CannedTransport(
            .canned(206, "12345", headers: objectHeaders), .canned(200, "12345", headers: objectHeaders))
        let client = try transport.client()
        #expect(try await client.firstPartSize(of: ObjectKey("a"), in: "b", version: VersionID("v")) == 5)
        #expect(try await client.firstPartSize(of: ObjectKey("a"), in: "b") == nil)
        #expect(transport.lines == ["HEAD /b/a?partNumber=1&versionId=v", "HEAD /b/a?partNumber=1"])
    }

    @Test func requestsLeaveAtTheirPace() async throws {
        let clock = ManualClock(isAutomatic: true)
        let transport = CannedTransport(.canned(200, headers: objectHeaders))
        let client = try transport.client { $0.requests = RateLimit(RateTimetable(constant: 5), clock: clock) }
        // A second's worth at once, and then one after the other.
        for _ in 0..<20 { _ = try await client.head(ObjectKey("a"), in: "b") }
        #expect(clock.now.offset >= .seconds(3) && clock.now.offset <= .seconds(4))
        #expect(transport.requests.count == 20)
    }
}
