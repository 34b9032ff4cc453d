// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import AsyncHTTPClient
package import NIOCore
import NIOHTTP1
import NIOSSL
import Streams

/// HTTP/1.1 by AsyncHTTPClient, plain and over TLS.
///
/// Connections are kept and shared; each carries one request at a time. No retry happens here, so that the one retry
/// policy of the house sees every failure. ``shutdown()`` must be called before the value goes away.
///
/// Two limits of the library: headers are text there, so values that are not UTF-8 arrive with U+FFFD in place of the
/// foreign bytes and are refused when sent, and a path that is not percent-encoded UTF-8 is refused.
package struct AsyncHTTPClientTransport: S3Transport {
    private let client: HTTPClient
    private let options: HTTPTransportOptions

    /// - Parameters:
    ///   - eventLoopGroup: carries every connection; one thread is enough for two cores.
    ///   - options: reads the file of certificates, if one is named, at once.
    /// - Throws: ``ObjectStoreError`` when that file cannot be used.
    package init(
        eventLoopGroup: any EventLoopGroup, options: HTTPTransportOptions = HTTPTransportOptions()
    ) throws {
        self.options = options
        var configuration = HTTPClient.Configuration(
            redirectConfiguration: .disallow,
            timeout: .init(connect: TimeAmount(options.connectTimeout)),
            decompression: .disabled)
        configuration.httpVersion = .http1Only
        configuration.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = options.connectionLimit
        // Otherwise a refused connection is tried again for the whole connect timeout before the caller hears of it.
        configuration.connectionPool.retryConnectionEstablishment = false
        if let file = options.certificateAuthorities {
            configuration.tlsConfiguration = try Self.tlsConfiguration(trusting: file)
        }
        configuration.http1_1ConnectionDebugInitializer = { channel in
            channel.eventLoop.makeCompletedFuture { try Self.prepare(channel, options) }
        }
        client = HTTPClient(eventLoopGroupProvider: .shared(eventLoopGroup), configuration: configuration)
    }

    package func send(_ request: WireRequest) async throws -> WireResponse {
        let failures = TransportFailure(host: request.host, port: request.port, isTLS: request.isTLS)
        let body = try await OutgoingBody(request.body)
        let deadline = NIODeadline.now() + TimeAmount(body.isStream ? options.uploadTimeout : options.requestTimeout)
        do {
            let response = try await client.execute(try message(request, body), deadline: deadline)
            return try await answer(response, to: request, before: deadline, failures)
        } catch {
            // What the body's own source threw is no failure of the connection.
            throw body.failure ?? failures.storeError(for: error)
        }
    }

    package func shutdown() async throws {
        try await client.shutdown()
    }

    // MARK: Request

    private func message(_ request: WireRequest, _ body: OutgoingBody) throws -> HTTPClientRequest {
        guard Self.isUTF8(path: request.target) else {
            throw ObjectStoreError(
                .badRequest, "\(request.target) names a key that is not UTF-8, which this transport cannot carry")
        }
        let host = request.host.contains(":") ? "[\(request.host)]" : request.host
        var message = HTTPClientRequest(
            url: "\(request.isTLS ? "https" : "http")://\(host):\(request.port)\(request.target)")
        message.method = HTTPMethod(rawValue: request.method)
        message.headers.reserveCapacity(request.headers.count + 1)
        for field in request.headers {
            guard let value = String(validating: field.value, as: UTF8.self) else {
                throw ObjectStoreError(
                    .badRequest, "the value of header \(field.name) is not UTF-8, which this transport cannot carry")
            }
            message.headers.add(name: field.name, value: value)
        }
        message.body = body.content
        return message
    }

    /// The library sends `/` in place of a path that does not decode to UTF-8; that would be another request.
    private static func isUTF8(path target: String) -> Bool {
        let path = target.utf8.prefix { $0 != UInt8(ascii: "?") }
        guard path.contains(UInt8(ascii: "%")) else { return true }
        // A path has no `+` for a space, but one decoded as such is no less UTF-8.
        return URIEncoding.decodeForm(Array(path)).map { String(validating: $0, as: UTF8.self) != nil } ?? false
    }

    // MARK: Answer

    private func answer(
        _ response: HTTPClientResponse, to request: WireRequest, before deadline: NIODeadline,
        _ failures: TransportFailure
    ) async throws -> WireResponse {
        let headers = response.headers.map { Field($0.name.lowercased(), $0.value) }
        let length = response.headers.first(name: "content-length").flatMap { Int64($0) }
        if let length, length < 0 { throw HTTPParserError.invalidContentLength }
        let status = Int(response.status.code)
        let hasBody = request.method != "HEAD" && status != 204 && status != 304
        let body: ByteStream
        if !hasBody || length.map({ $0 <= Int64(request.wholeUpTo) }) == true {
            body = ByteStream(try await Self.collect(response.body, upTo: hasBody ? length ?? 0 : 0, before: deadline))
        } else {
            // Also a chunked body, however short: its length is unknown until it was read.
            body = ByteStream(IncomingBody(source: ByteStream(response.body), failures: failures))
        }
        return WireResponse(status: status, headers: headers, contentLength: length, body: body)
    }

    private static func collect(
        _ body: HTTPClientResponse.Body, upTo limit: Int64, before deadline: NIODeadline
    ) async throws -> ByteBuffer {
        var result = ByteBuffer()
        for try await var piece in body {
            guard Int64(result.readableBytes) + Int64(piece.readableBytes) <= limit else {
                throw HTTPParserError.invalidContentLength
            }
            // A server that sends a byte a minute never stalls, and must not hold a small call for hours.
            guard NIODeadline.now() < deadline else { throw HTTPClientError.deadlineExceeded }
            if result.readableBytes == 0 { result = piece } else { result.writeBuffer(&piece) }
        }
        guard Int64(result.readableBytes) == limit else { throw HTTPParserError.invalidEOFState }
        return result
    }

    // MARK: Connection

    private static func prepare(_ channel: any Channel, _ options: HTTPTransportOptions) throws {
        // Reads of 256 KiB instead of 2 KiB and more: a third of the CPU time for large objects.
        try channel.syncOptions?.setOption(
            .recvAllocator, value: FixedSizeRecvByteBufferAllocator(capacity: options.receiveBuffer))
        let pipeline = channel.pipeline.syncOperations
        let decoder = try pipeline.handler(type: ByteToMessageHandler<HTTPResponseDecoder>.self)
        try pipeline.addHandler(StallWatch(options), position: .after(decoder))
    }

    private static func tlsConfiguration(trusting file: String) throws -> TLSConfiguration {
        var configuration = TLSConfiguration.makeClientConfiguration()
        do {
            let certificates = try NIOSSLCertificate.fromPEMFile(file)
            guard !certificates.isEmpty else { throw NIOSSLError.failedToLoadCertificate }
            configuration.additionalTrustRoots = [.certificates(certificates)]
        } catch {
            throw ObjectStoreError(
                .badRequest, "the certificates in \(file) cannot be used (\(error)): it must be a readable PEM file")
        }
        return configuration
    }
}
