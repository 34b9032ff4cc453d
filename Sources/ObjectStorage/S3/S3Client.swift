// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import NIOCore
import Streams

package import struct Foundation.Date

/// A client of the S3 API: one method for each call that the house needs.
///
/// ``perform(_:)`` is the one place where a request leaves: it is built, signed and sent there, and what is not success
/// becomes an ``ObjectStoreError``. Nothing is retried here; that is a wrapper's affair. A value: copies share the
/// transport's connections.
package struct S3Client: Sendable {
    package let endpoint: S3Endpoint
    package let region: String
    let options: S3ClientOptions
    let subresources = KnownSubresources()
    let keyedUploads = KeyedUploads()
    private let transport: any S3Transport
    private let signature: SignatureV4
    private let errors: S3ErrorReader

    /// - Parameter region: as the server calls it; servers other than Amazon mostly accept `us-east-1`.
    package init(
        endpoint: S3Endpoint, credentials: S3Credentials, region: String, transport: any S3Transport,
        options: S3ClientOptions = S3ClientOptions()
    ) {
        self.endpoint = endpoint
        self.region = region
        self.transport = transport
        self.options = options
        signature = SignatureV4(credentials: credentials, region: region)
        errors = S3ErrorReader(endpoint: endpoint, region: region, now: options.now)
    }

    /// Sends one request and gives the head of a successful answer.
    ///
    /// - Throws: ``ObjectStoreError`` for everything that is not 2xx; `CancellationError`; what the request's own body
    ///   throws.
    func perform(_ request: S3Request) async throws -> S3Answer {
        let response = try await exchange(request)
        guard (200..<300).contains(response.status) else {
            // Some answers of proxies are long; what matters stands at the beginning, and a body that cannot be read
            // must not hide the status.
            let body = try? await response.body.collect(upTo: 1 << 20)
            try Task.checkCancellation()
            throw errors.error(
                for: request, response, document: body.flatMap { ErrorDocument($0) }, body: body ?? ByteBuffer())
        }
        return S3Answer(request: request, response: response, errors: errors)
    }

    /// Sends one request and gives the answer whatever its status.
    func exchange(_ request: S3Request) async throws -> WireResponse {
        try request.validate()
        // Before it is signed: a signature is good for some minutes only.
        try await options.requests?.pass(1, ofBody: .max)
        let wire = try await signed(request)
        do {
            let response = try await transport.send(wire)
            options.counter?.count(request.operation, response.status)
            return response
        } catch let error as ObjectStoreError {
            options.counter?.count(request.operation, 0)
            throw error.naming(request.subject)
        }
    }

    /// The error of one object in an answer to a batch.
    func error(for subject: String, _ document: ErrorDocument) -> ObjectStoreError {
        errors.error(for: subject, document)
    }

    private func signed(_ request: S3Request) async throws -> WireRequest {
        var host = endpoint.host
        var path = "/"
        if let bucket = request.bucket {
            if endpoint.usesVirtualHost(bucket: bucket, key: request.key) {
                host = "\(bucket).\(host)"
            } else {
                path += URIEncoding.encode(bucket)
                if request.key != nil { path += "/" }
            }
        }
        if let key = request.key { path += URIEncoding.encode(key.bytes, keepingSlash: true) }
        let query = request.query.encoded

        var headers = [
            Field("host", endpoint.authority(of: host)),
            Field("user-agent", options.userAgent + (Correlation.id.map { " (\($0))" } ?? "")),
        ]
        headers += request.headers
        let digest = try await payloadDigest(of: request.body)
        if let md5 = digest.md5 { headers.append(Field("content-md5", md5)) }
        // The time is taken last: hashing a large body may take longer than a server's patience with clocks.
        headers = signature.sign(
            method: request.method, path: path, query: query, headers: headers, payloadHash: digest.sha256,
            at: options.now())
        return WireRequest(
            method: request.method, host: host, port: endpoint.port, isTLS: endpoint.isTLS,
            target: query.isEmpty ? path : "\(path)?\(query)", headers: headers, body: request.body,
            wholeUpTo: request.wholeUpTo, carriesContents: request.carriesContents)
    }

    private func payloadDigest(of body: ReplayableBody?) async throws -> PayloadDigest {
        guard let body, body.length > 0 else { return .empty }
        let isSigned =
            switch options.payloadSigning {
            case .signed: true
            case .unsigned: false
            case .unsignedOverTLS: !endpoint.isTLS
            }
        return try await PayloadDigest.make(of: body, sha256: isSigned, md5: options.sendsContentMD5)
    }
}

/// How an ``S3Client`` behaves where servers differ.
package struct S3ClientOptions: Sendable {
    /// Whether the signature covers the bytes of a body. It costs one SHA-256 of every body whose digest is not known
    /// beforehand; over TLS the bytes are protected on the way as it is.
    package enum PayloadSigning: String, Sendable, CaseIterable {
        case signed, unsignedOverTLS, unsigned
    }

    package var payloadSigning = PayloadSigning.signed
    package var userAgent = "holdfast/1.0"
    /// Sends `Content-MD5` with every object and part, for servers that check nothing else.
    package var sendsContentMD5 = false
    /// How many requests may leave, repeated ones included; shared by all copies of the client.
    package var requests: RateLimit?
    /// Counts every request; shared by all copies of the client.
    package var counter: RequestCounter?
    /// Sent with requests for the objects that they are for.
    package var customerKeys = CustomerKeys()
    /// The wall clock, for signatures.
    package var now: @Sendable () -> Date = { Date() }

    package init() {}
}
