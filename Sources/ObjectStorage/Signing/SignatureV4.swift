// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Crypto

package import struct Foundation.Date

/// Signs requests with Amazon's Signature Version 4, the payload in one piece
/// (S3 API, "Authenticating Requests: Using the Authorization Header").
///
/// A pure value: the time is an argument and nothing is read from outside.
package struct SignatureV4: Sendable {
    private let credentials: S3Credentials
    private let scope: [UInt8]
    private let statesPayload: Bool
    private let keys: SigningKeyCache

    /// - Parameters:
    ///   - region: as the server calls it; servers other than Amazon mostly accept `us-east-1`.
    ///   - service: anything but `s3` omits `x-amz-content-sha256`, which only S3 asks for.
    package init(credentials: S3Credentials, region: String, service: String = "s3") {
        self.credentials = credentials
        scope = Array("/\(region)/\(service)/aws4_request".utf8)
        statesPayload = service == "s3"
        keys = SigningKeyCache(secretKey: credentials.secretKey, region: region, service: service)
    }

    /// Gives `headers` with `x-amz-date`, `x-amz-content-sha256`, `x-amz-security-token` and `authorization` added.
    ///
    /// Every header given is signed, but for those that proxies rewrite.
    ///
    /// - Parameters:
    ///   - path: encoded as it goes over the wire. Nothing is normalised: S3 keys may hold `//` and `..`.
    ///   - query: encoded, sorted by name, every name with `=`.
    ///   - headers: names in lower case, `host` among them.
    ///   - payloadHash: 64 hex digits, or `UNSIGNED-PAYLOAD`.
    package func sign(
        method: String, path: String, query: String, headers: [Field], payloadHash: String, at time: Date
    ) -> [Field] {
        let stamp = Timestamp.basic(time)
        var headers = headers
        headers.append(Field("x-amz-date", stamp))
        if statesPayload { headers.append(Field("x-amz-content-sha256", payloadHash)) }
        if let token = credentials.sessionToken { headers.append(Field("x-amz-security-token", token.reveal())) }

        let request = CanonicalRequest(
            method: method, path: path, query: query, headers: headers, payloadHash: payloadHash)
        let day = Array(stamp[0..<8])
        let signature = HMAC<SHA256>.authenticationCode(
            for: stringToSign(request, stamp: stamp, day: day), using: keys.key(for: day))

        var value: [UInt8] = []
        value.reserveCapacity(256 + request.signedHeaders.count)
        value += "AWS4-HMAC-SHA256 Credential=".utf8
        value += credentials.accessKey.utf8
        value.append(UInt8(ascii: "/"))
        value += day
        value += scope
        value += ", SignedHeaders=".utf8
        value += request.signedHeaders
        value += ", Signature=".utf8
        Hex.append(signature, to: &value)
        headers.append(Field("authorization", value))
        return headers
    }

    /// The text whose HMAC is the signature.
    func stringToSign(_ request: CanonicalRequest, stamp: [UInt8], day: [UInt8]) -> [UInt8] {
        var text: [UInt8] = []
        text.reserveCapacity(160 + scope.count)
        text += "AWS4-HMAC-SHA256\n".utf8
        text += stamp
        text.append(UInt8(ascii: "\n"))
        text += day
        text += scope
        text.append(UInt8(ascii: "\n"))
        Hex.append(SHA256.hash(data: request.bytes), to: &text)
        return text
    }
}
