// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import NIOCore
import Streams

/// One request and its answer, from the call to the last byte.
///
/// The bodies are in `LeanExchange+Upload.swift` and `LeanExchange+Download.swift`.
///
/// `@unchecked Sendable`: all `var`s are used on `loop` only; every method that other threads call goes through `onLoop`.
final class LeanExchange: @unchecked Sendable {
    enum Phase {
        /// The head of the answer has not come, or its body is being collected.
        case pending
        /// The caller has the answer and reads its body.
        case streaming
        case over
    }

    let request: WireRequest
    let head: ByteBuffer
    let loop: any EventLoop
    let failures: TransportFailure
    /// Whether the request's body is streamed.
    private let isStream: Bool
    /// When the answer's head must be there, and its body if that is collected.
    let deadline: NIODeadline
    /// When the wait for a connection ends.
    let admission: NIODeadline

    var phase = Phase.pending
    /// Why it failed; `nil` unless it did.
    private(set) var failure: (any Error)?
    var wasReplayed = false
    /// Where it waits for a connection.
    var queue: LeanConnections?
    var connection: LeanConnection?
    var answer: CheckedContinuation<WireResponse, any Error>?

    var responseHead: LeanResponseHead?
    var download = LeanDownload()
    var upload = LeanUpload()

    /// - Throws: ``ObjectStoreError`` with `.badRequest` for a request that HTTP cannot carry.
    init(_ request: WireRequest, loop: any EventLoop, options: HTTPTransportOptions) throws {
        self.request = request
        self.loop = loop
        head = try LeanRequestHead.encode(request)
        failures = TransportFailure(host: request.host, port: request.port, isTLS: request.isTLS)
        let now = NIODeadline.now()
        isStream = request.body.map { $0.buffer == nil && $0.length > 0 } ?? false
        deadline = now + TimeAmount(isStream ? options.uploadTimeout : options.requestTimeout)
        admission = now + TimeAmount(options.connectTimeout)
        upload.isFinished = !isStream
    }

    /// Whether the request may be sent again on a new connection when an old one turns out to be dead: it must change
    /// nothing by being done twice (RFC 9110 section 9.2.2), and have no stream, which would be used up. A conditional
    /// write is left to the retries above, which know that its first attempt may have succeeded.
    var isReplayable: Bool {
        guard !wasReplayed, !isStream else { return false }
        switch request.method {
        case "GET", "HEAD": return true
        case "PUT", "DELETE": return !request.headers.contains { $0.name == "if-none-match" || $0.name == "if-match" }
        default: return false
        }
    }

    func onLoop(_ body: @escaping @Sendable () -> Void) {
        if loop.inEventLoop { body() } else { loop.execute(body) }
    }

    /// Ends the request from any thread, unless it is over. The connection does not survive.
    func cancel() {
        onLoop { self.stop(CancellationError()) }
    }

    // MARK: On the event loop

    /// Ends the request and closes its connection.
    func stop(_ error: any Error) {
        guard phase != .over else { return }
        queue?.withdraw(self)
        let connection = connection
        fail(error)
        connection?.abandon()
    }

    /// Takes note that the request failed; the connection is closed already or about to be.
    func fail(_ error: any Error) {
        guard phase != .over else { return }
        let wasPending = phase == .pending
        phase = .over
        queue = nil
        connection = nil
        let reported = failures.leanError(for: error)
        failure = reported
        if wasPending {
            answer?.resume(throwing: reported)
            answer = nil
        } else {
            download.fail(reported)
        }
        upload.stop()
    }

    func receive(_ head: LeanResponseHead) {
        responseHead = head
        let hasBody = request.method != "HEAD" && head.status != 204 && head.status != 304
        if hasBody, let length = head.contentLength, length > Int64(request.wholeUpTo) { deliver() }
        download.expect(hasBody ? head.contentLength : 0, limit: request.wholeUpTo)
    }

    func receive(_ piece: ByteBuffer) {
        download.append(piece, isStreaming: phase == .streaming)
        // A body of unknown length is collected until it is clear that it is too long for that.
        if phase == .pending, download.byteCount > request.wholeUpTo { deliver() }
    }

    /// The answer is complete.
    func end() {
        guard phase != .over else { return }
        if phase == .pending {
            answer?.resume(returning: response(ByteStream(download.takeAll())))
            answer = nil
        } else {
            download.end()
        }
        phase = .over
        connection = nil
        upload.stop()
    }

    /// Whether more of the body is to be read from the connection now.
    var wantsData: Bool { phase == .pending || phase == .streaming && download.hasRoom }

    /// Hands the answer to the caller while its body is still to come.
    private func deliver() {
        guard phase == .pending else { return }
        phase = .streaming
        download.beginStreaming()
        answer?.resume(returning: response(ByteStream(LeanBody(reader: LeanBodyReader(exchange: self)))))
        answer = nil
    }

    private func response(_ body: ByteStream) -> WireResponse {
        WireResponse(
            status: responseHead?.status ?? 0, headers: responseHead?.fields ?? [],
            contentLength: responseHead?.contentLength, body: body)
    }
}
