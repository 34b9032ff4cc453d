// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

@testable import ObjectStorage

@Suite struct SignatureTests {
    struct Example: Sendable, CustomTestStringConvertible {
        let name: String
        var method = "GET"
        var path = "/"
        var query = ""
        var headers: [(String, String)] = []
        var payload = PayloadDigest.empty.sha256
        var token: String?
        let signed: String
        let signature: String

        var testDescription: String { name }
    }

    private static let s3Headers = "host;x-amz-content-sha256;x-amz-date"

    /// S3 API, "Authenticating Requests: Using the Authorization Header", the four examples with their signatures.
    static let published: [Example] = [
        Example(
            name: "GET object", path: "/test.txt", headers: [("range", "bytes=0-9")],
            signed: "host;range;x-amz-content-sha256;x-amz-date",
            signature: "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41"),
        Example(
            name: "PUT object", method: "PUT", path: "/test%24file.text",
            headers: [("date", "Fri, 24 May 2013 00:00:00 GMT"), ("x-amz-storage-class", "REDUCED_REDUNDANCY")],
            payload: "44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072",
            signed: "date;host;x-amz-content-sha256;x-amz-date;x-amz-storage-class",
            signature: "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd"),
        Example(
            name: "GET bucket lifecycle", query: "lifecycle=", signed: s3Headers,
            signature: "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543"),
        Example(
            name: "GET bucket (list objects)", query: "max-keys=2&prefix=J", signed: s3Headers,
            signature: "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7"),
    ]

    @Test(arguments: published)
    func signsAsAmazonDocuments(_ example: Example) throws {
        let signature = SignatureV4(
            credentials: S3Credentials(
                accessKey: "AKIAIOSFODNN7EXAMPLE",
                secretKey: Secret("wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY")),
            region: "us-east-1")
        let headers = [Field("host", "examplebucket.s3.amazonaws.com")] + example.headers.map { Field($0.0, $0.1) }
        let result = signature.sign(
            method: example.method, path: example.path, query: example.query, headers: headers,
            payloadHash: example.payload, at: Date(timeIntervalSince1970: 1_369_353_600))
        #expect(
            result.last?.text
                == "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request, "
                + "SignedHeaders=\(example.signed), Signature=\(example.signature)")
        #expect(result.first { $0.name == "x-amz-date" }?.text == "20130524T000000Z")
        #expect(result.first { $0.name == "x-amz-content-sha256" }?.text == example.payload)
    }

    private static let unreserved = "-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
    private static let formBody = "9095672bbd1f56dfc5b65f3e153adc8731a4a654192329106275f4c7b24d0b6e"
    private static let token =
        "AQoDYXdzEPT//////////wEXAMPLEtc764bNrC9SAPBSM22wDOk4x4HIZ8j4FZTwdQWLWsKWHGBuFqwAeMicRXmxfpSPfIeoIYRqTflfKD8YUu"
        + "wthAx7mSEI/qkPpKPi/kMcGdQrmGdeehM4IC1NtBmUpp2wUE8phUZampKsburEDy0KPkyQDYwT7WZ0wq5VSXDvp75YU9HFvlRd8Tx6q6fE8YQc"
        + "HNVXAkiY9q6d+xo0rKwT38xVqr7ZD0u0iPPkUL64lIZbqBAz+scqKmlzm8FDrypNC9Yjc8fPOLn9FX9KSYvKTr4rvx3iSIlTJabIQwj2ICCR/o"
        + "LxBA=="

    /// The "aws4_testsuite" that Amazon publishes for every signer (service `service`, 2015-08-30T12:36:00Z).
    static let suite: [Example] = [
        Example(
            name: "get-vanilla", signed: "host;x-amz-date",
            signature: "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"),
        Example(
            name: "get-vanilla-query-order-key-case", query: "Param1=value1&Param2=value2", signed: "host;x-amz-date",
            signature: "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500"),
        Example(
            name: "get-vanilla-empty-query-key", query: "Param1=value1", signed: "host;x-amz-date",
            signature: "a67d582fa61cc504c4bae71f336f98b97f1ea3c7a6bfe1b6e45aec72011b9aeb"),
        Example(
            name: "get-vanilla-query-unreserved", query: "\(unreserved)=\(unreserved)", signed: "host;x-amz-date",
            signature: "9c3e54bfcdf0b19771a7f523ee5669cdf59bc7cc0884027167c21bb143a40197"),
        Example(
            name: "get-vanilla-utf8-query", query: "\(URIEncoding.encode("\u{1234}"))=bar", signed: "host;x-amz-date",
            signature: "2cdec8eed098649ff3a119c94853b13c643bcf08f8b0a1d91e12c9027818dd04"),
        Example(
            name: "get-utf8", path: "/\(URIEncoding.encode("\u{1234}"))", signed: "host;x-amz-date",
            signature: "8318018e0b0f223aa2bbf98705b62bb787dc9c0e678f255a891fd03141be5d85"),
        Example(
            name: "get-unreserved", path: "/\(URIEncoding.encode(unreserved))", signed: "host;x-amz-date",
            signature: "07ef7494c76fa4850883e2b006601f940f8a34d404d0cfa977f52a65bbf5f24f"),
        Example(
            name: "get-space", path: URIEncoding.encode("/example space/", keepingSlash: true),
            signed: "host;x-amz-date",
            signature: "652487583200325589f1fba4c7e578f72c47cb61beeca81406b39ddec1366741"),
        Example(
            name: "get-header-value-trim", headers: [("my-header1", " value1"), ("my-header2", " \"a   b   c\"")],
            signed: "host;my-header1;my-header2;x-amz-date",
            signature: "acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736"),
        Example(
            name: "get-header-key-duplicate",
            headers: [("my-header1", "value2"), ("my-header1", "value2"), ("my-header1", "value1")],
            signed: "host;my-header1;x-amz-date",
            signature: "c9d5ea9f3f72853aea855b47ea873832890dbdd183b4468f858259531a5138ea"),
        Example(
            name: "get-header-value-order",
            headers: [
                ("my-header1", "value4"), ("my-header1", "value1"), ("my-header1", "value3"), ("my-header1", "value2"),
            ],
            signed: "host;my-header1;x-amz-date",
            signature: "08c7e5a9acfcfeb3ab6b2185e75ce8b1deb5e634ec47601a50643f830c755c01"),
        Example(
            name: "post-vanilla", method: "POST", signed: "host;x-amz-date",
            signature: "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"),
        Example(
            name: "post-vanilla-query", method: "POST", query: "Param1=value1", signed: "host;x-amz-date",
            signature: "28038455d6de14eafc1f9222cf5aa6f1a96197d7deb8263271d420d138af7f11"),
        Example(
            name: "post-header-key-sort", method: "POST", headers: [("my-header1", "value1")],
            signed: "host;my-header1;x-amz-date",
            signature: "c5410059b04c1ee005303aed430f6e6645f61f4dc9e1461ec8f8916fdf18852c"),
        Example(
            name: "post-header-value-case", method: "POST", headers: [("my-header1", "VALUE1")],
            signed: "host;my-header1;x-amz-date",
            signature: "cdbc9802e29d2942e5e10b5bccfdd67c5f22c7c4e8ae67b53629efa58b974b7d"),
        Example(
            name: "post-x-www-form-urlencoded", method: "POST",
            headers: [("content-type", "application/x-www-form-urlencoded")], payload: formBody,
            signed: "content-type;host;x-amz-date",
            signature: "ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a"),
        Example(
            name: "post-x-www-form-urlencoded-parameters", method: "POST",
            headers: [("content-type", "application/x-www-form-urlencoded; charset=utf8")], payload: formBody,
            signed: "content-type;host;x-amz-date",
            signature: "1a72ec8f64bd914b0e42e42607c7fbce7fb2c7465f63e3092b3b0d39fa77a6fe"),
        Example(
            name: "post-sts-header-before", method: "POST", token: token,
            signed: "host;x-amz-date;x-amz-security-token",
            signature: "85d96828115b5dc0cfc3bd16ad9e210dd772bbebba041836c64533a82be05ead"),
    ]

    @Test(arguments: suite)
    func passesTheGeneralSuite(_ example: Example) throws {
        let signature = SignatureV4(
            credentials: S3Credentials(
                accessKey: "AKIDEXAMPLE", secretKey: Secret("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"),
                sessionToken: example.token.map { Secret($0) }),
            region: "us-east-1", service: "service")
        let headers = [Field("host", "example.amazonaws.com")] + example.headers.map { Field($0.0, $0.1) }
        let result = signature.sign(
            method: example.method, path: example.path, query: example.query, headers: headers,
            payloadHash: example.payload, at: Date(timeIntervalSince1970: 1_440_938_160))
        #expect(
            result.last?.text
                == "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, "
                + "SignedHeaders=\(example.signed), Signature=\(example.signature)")
        #expect(!result.contains { $0.name == "x-amz-content-sha256" })
    }

    @Test func canonicalRequestIsTheDocumentedText() {
        let request = CanonicalRequest(
            method: "GET", path: "/test.txt", query: "",
            headers: [
                Field("host", "examplebucket.s3.amazonaws.com"), Field("x-amz-date", "20130524T000000Z"),
                Field("range", "bytes=0-9"), Field("x-amz-content-sha256", PayloadDigest.empty.sha256),
                Field("user-agent", "left out"), Field("accept-encoding", "identity"),
            ],
            payloadHash: PayloadDigest.empty.sha256)
        let expected = """
            GET
            /test.txt

            host:examplebucket.s3.amazonaws.com
            range:bytes=0-9
            x-amz-content-sha256:\(PayloadDigest.empty.sha256)
            x-amz-date:20130524T000000Z

            host;range;x-amz-content-sha256;x-amz-date
            \(PayloadDigest.empty.sha256)
            """
        #expect(String(decoding: request.bytes, as: UTF8.self) == expected)
    }

    /// The key of a day must not outlive it, nor be lost when days alternate around midnight.
    @Test func keysFollowTheDay() {
        let credentials = S3Credentials(accessKey: "A", secretKey: Secret("S"))
        let shared = SignatureV4(credentials: credentials, region: "r")
        for second in [1_369_353_599.0, 1_369_353_600, 1_369_353_599, 1_369_440_000] {
            let time = Date(timeIntervalSince1970: second)
            func sign(_ signature: SignatureV4) -> String? {
                signature.sign(
                    method: "GET", path: "/", query: "", headers: [Field("host", "h")], payloadHash: "x", at: time
                ).last?.text
            }
            #expect(sign(shared) == sign(SignatureV4(credentials: credentials, region: "r")))
        }
    }

    @Test func valuesThatAreNotUTF8AreSignedAsBytes() {
        let plain = CanonicalRequest(
            method: "PUT", path: "/", query: "", headers: [Field("x-amz-meta-a", [0xFF, 0x20, 0x20, 0xC3])],
            payloadHash: "")
        #expect(plain.bytes.contains(0xFF))
        #expect(plain.bytes.split(separator: 10).contains { $0 == Array("x-amz-meta-a:".utf8) + [0xFF, 0x20, 0xC3] })
    }

    @Test func secretsDoNotPrint() {
        let secret = Secret("hunter2")
        var dumped = ""
        dump(S3Credentials(accessKey: "A", secretKey: secret, sessionToken: secret), to: &dumped)
        #expect(!dumped.contains("hunter2"))
        #expect("\(secret)" == "«redacted»")
        #expect(String(reflecting: [secret]) == "[«redacted»]")
        #expect(secret.reveal() == "hunter2")
    }
}
