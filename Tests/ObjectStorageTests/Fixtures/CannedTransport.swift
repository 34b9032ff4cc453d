// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import NIOCore
import Streams
import Synchronization

@testable import ObjectStorage

/// A transport without a network: a closure answers, and every request is kept.
final class CannedTransport: S3Transport {
    private let respond: @Sendable (WireRequest, Int) throws -> WireResponse
    private let sent = Mutex<[WireRequest]>([])

    /// - Parameter respond: gets the request and how many came before it.
    init(_ respond: @escaping @Sendable (WireRequest, Int) throws -> WireResponse) {
        self.respond = respond
    }

    /// Gives these answers, one after another, and the last one for ever.
    convenience init(_ answers: WireResponse...) {
        self.init { _, index in answers[min(index, answers.count - 1)] }
    }

    var requests: [WireRequest] { sent.withLock { $0 } }

    /// `GET /bucket/key?query` for each request.
    var lines: [String] { requests.map { "\($0.method) \($0.target)" } }

    func send(_ request: WireRequest) async throws -> WireResponse {
        let index = sent.withLock { sent in
            sent.append(request)
            return sent.count - 1
        }
        return try respond(request, index)
    }

    func shutdown() async throws {}

    /// A client at `http://s3.test:9000` that talks to this transport.
    func client(
        _ endpoint: String = "http://s3.test:9000", region: String = "us-east-1",
        _ configure: (inout S3ClientOptions) -> Void = { _ in }
    ) throws -> S3Client {
        var options = S3ClientOptions()
        options.now = { Date(timeIntervalSince1970: 1_369_353_600) }
        configure(&options)
        return S3Client(
            endpoint: try S3Endpoint(endpoint),
            credentials: S3Credentials(accessKey: "AKIAIOSFODNN7EXAMPLE", secretKey: Secret("secret")),
            region: region, transport: self, options: options)
    }
}

extension WireRequest {
    /// The value of a header, if it was sent once.
    func header(_ name: String) -> String? {
        let values = headers.filter { $0.name == name }
        return values.count == 1 ? values[0].text : nil
    }

    var bodyText: String {
        body?.buffer.map { String(buffer: $0) } ?? ""
    }
}

extension WireResponse {
    /// An answer with a body in memory and the length that belongs to it.
    static func canned(
        _ status: Int, _ body: String = "", headers: [(String, String)] = []
    ) -> WireResponse {
        let bytes = ByteBuffer(string: body)
        return WireResponse(
            status: status, headers: headers.map { Field($0.0, $0.1) }, contentLength: Int64(bytes.readableBytes),
            body: ByteStream(bytes))
    }

    /// An answer whose body comes in pieces, as from a socket.
    static func streamed(
        _ status: Int, _ pieces: [String], length: Int64?, headers: [(String, String)] = []
    ) -> WireResponse {
        let stream = AsyncStream<ByteBuffer> { continuation in
            for piece in pieces { continuation.yield(ByteBuffer(string: piece)) }
            continuation.finish()
        }
        return WireResponse(
            status: status, headers: headers.map { Field($0.0, $0.1) }, contentLength: length, body: ByteStream(stream))
    }

    static func error(_ status: Int, _ code: String, _ message: String = "", headers: [(String, String)] = []) -> Self {
        .canned(
            status,
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>\(code)</Code><Message>\(message)</Message>"
                + "<RequestId>R1</RequestId></Error>",
            headers: headers)
    }
}

/// The headers that every object has.
let objectHeaders = [("etag", "\"abc\""), ("last-modified", "Fri, 24 May 2013 00:00:00 GMT")]

/// Runs `body` and gives the error of the contract that it throws.
func storeError(_ body: () async throws -> Void) async -> ObjectStoreError? {
    do {
        try await body()
        return nil
    } catch {
        return error as? ObjectStoreError
    }
}
