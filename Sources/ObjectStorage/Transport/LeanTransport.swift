// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

package import NIOCore
import NIOPosix
import Streams

/// HTTP/1.1 directly on sockets: a third of the CPU time of a general HTTP client, and headers as bytes both ways.
///
/// Everything happens on one event loop. Memory is bounded by the connections: for each at most 512 KiB of a body that
/// waits for its reader, one read of at most `receiveBuffer` bytes and one piece of a body to send, besides the bodies
/// that are collected because the caller asked for it.
///
/// A request that meets a connection which the server closed meanwhile is sent once more on a new one, if repeating it
/// does no harm; no other retry happens here. ``shutdown()`` should be called before the value goes away.
package struct LeanTransport: S3Transport {
    private let loop: any EventLoop
    private let options: HTTPTransportOptions
    private let pool: NIOLoopBoundBox<LeanPool>

    /// - Parameters:
    ///   - eventLoopGroup: one of its event loops carries every connection.
    ///   - keepAlive: how long a connection is kept without a request.
    package init(
        eventLoopGroup: any EventLoopGroup, options: HTTPTransportOptions = HTTPTransportOptions(),
        keepAlive: Duration = .seconds(30)
    ) {
        loop = eventLoopGroup.next()
        self.options = options
        pool = .makeBoxSendingValue(LeanPool(loop, options, keepAlive: keepAlive), eventLoop: loop)
    }

    package func send(_ request: WireRequest) async throws -> WireResponse {
        let exchange = try LeanExchange(request, loop: loop, options: options)
        guard let body = request.body, body.buffer == nil, body.length > 0 else {
            return try await answer(to: exchange)
        }
        let stream = try await body.makeStream()
        do {
            return try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { await exchange.send(stream, length: body.length) }
                // An answer before the end of the body ends the sending.
                defer { group.cancelAll() }
                return try await answer(to: exchange)
            }
        } catch let error as UploadFailure {
            throw error.cause
        }
    }

    package func shutdown() async throws {
        try await loop.flatSubmit { [pool] in pool.value.shutDown() }.get()
    }

    private func answer(to exchange: LeanExchange) async throws -> WireResponse {
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                let isCancelled = Task.isCancelled
                exchange.onLoop { [pool] in
                    if isCancelled { exchange.stop(CancellationError()) }
                    // It may be over before it began: cancelled, or its body could not be read.
                    if let failure = exchange.failure { return continuation.resume(throwing: failure) }
                    exchange.answer = continuation
                    pool.value.submit(exchange)
                }
            }
        } onCancel: {
            exchange.cancel()
        }
    }
}
