// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import NIOCore
import Streams

/// One connection, which carries one request after the other. Lives on its event loop.
///
/// It reads only when told to: while an answer is awaited, while a body's reader has room, and between requests, to
/// notice when the server closes.
final class LeanConnection: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    /// A body up to this many bytes travels in the same buffer as its head.
    private static let joinLimit = 4 << 10

    /// Since when it carries nothing.
    private(set) var idleSince = NIODeadline.now()
    private let pool: LeanConnections
    /// TLS, if any, is agreed.
    private var isSecured: Bool
    private var context: ChannelHandlerContext?
    private var parser = LeanResponseParser()
    private var exchange: LeanExchange?
    private var failure: (any Error)?
    /// Requests that were answered.
    private var served = 0
    private var hasReceived = false
    private var answerBegan = false
    private var keepsAlive = false
    private var readIsOutstanding = false
    private var isGone = false
    private var startedAt = NIODeadline.now()
    private var lastProgress = NIODeadline.now()
    private var lastBuffered = 0

    init(pool: LeanConnections, isTLS: Bool) {
        self.pool = pool
        isSecured = !isTLS
    }

    // MARK: Requests

    func start(_ exchange: LeanExchange) {
        guard let context, !isGone else { return exchange.fail(LeanFailure.closedBeforeAnswer) }
        self.exchange = exchange
        exchange.queue = nil
        exchange.connection = self
        hasReceived = false
        answerBegan = false
        keepsAlive = false
        startedAt = .now()
        lastProgress = startedAt
        parser.begin(isHead: exchange.request.method == "HEAD")
        var head = exchange.head
        let secured = isSecured ? nil : watchHandshake(context)
        if let body = exchange.request.body?.buffer, body.readableBytes > 0 {
            if body.readableBytes <= Self.joinLimit {
                head.writeImmutableBuffer(body)
                context.write(wrapOutboundOut(head), promise: secured)
            } else {
                context.write(wrapOutboundOut(head), promise: secured)
                context.write(wrapOutboundOut(body), promise: nil)
            }
        } else {
            context.write(wrapOutboundOut(head), promise: secured)
        }
        context.flush()
        requestRead()
        if let piece = exchange.upload.piece {
            exchange.upload.piece = nil
            write(piece)
        }
    }

    /// The promise of a write that leaves when the handshake is done. Until then TLS keeps everything in memory, so that
    /// a body's source has to wait.
    private func watchHandshake(_ context: ChannelHandlerContext) -> EventLoopPromise<Void> {
        let promise = context.eventLoop.makePromise(of: Void.self)
        promise.futureResult.assumeIsolated().whenSuccess {
            self.isSecured = true
            self.exchange?.upload.goOn()
        }
        return promise
    }

    /// Sends a piece of a body, and asks for the next when there is room for it.
    func write(_ piece: ByteBuffer) {
        guard let context else { return }
        lastProgress = .now()
        context.writeAndFlush(wrapOutboundOut(piece), promise: nil)
        if context.channel.isWritable, isSecured { exchange?.upload.goOn() }
    }

    func requestRead() {
        guard !readIsOutstanding, let context else { return }
        readIsOutstanding = true
        // Time that the reader spent elsewhere is not the server's.
        if answerBegan { lastProgress = .now() }
        context.read()
    }

    /// Drops the request that it carries and closes.
    func abandon() {
        exchange = nil
        close()
    }

    /// Ends the request that it carries, if any, and closes.
    func shutDown() {
        end(with: LeanFailure.shutDown)
    }

    /// Completes when the connection is closed.
    var closed: EventLoopFuture<Void>? { context?.channel.closeFuture }

    func close() {
        leave()
        context?.close(promise: nil)
    }

    // MARK: Events

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        self.context = nil
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        hasReceived = true
        lastProgress = .now()
        // After a failure the rest is of no interest.
        guard !isGone else { return }
        parser.feed(unwrapInboundIn(data))
        do {
            while let event = try parser.next() {
                switch event {
                case .head(let head):
                    answerBegan = true
                    keepsAlive = head.keepsAlive
                    exchange?.receive(head)
                case .body(let piece): exchange?.receive(piece)
                case .end: return finish()
                }
            }
        } catch {
            end(with: error)
        }
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        readIsOutstanding = false
        guard !isGone else { return }
        if exchange.map(\.wantsData) ?? true { requestRead() }
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        guard context.channel.isWritable, isSecured else { return }
        lastProgress = .now()
        exchange?.upload.goOn()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        failure = failure ?? error
        context.close(promise: nil)
    }

    func channelInactive(context: ChannelHandlerContext) {
        readIsOutstanding = false
        leave()
        guard let exchange else { return }
        do {
            if let failure { throw failure }
            if try parser.finish() == .end { return finish() }
            throw LeanParserError.endedEarly
        } catch {
            self.exchange = nil
            guard !hasReceived else { return exchange.fail(failure ?? error) }
            // Nothing of an answer: on a used connection the server may have closed just before it was used again.
            if served > 0, exchange.isReplayable { return pool.replay(exchange) }
            exchange.fail(failure ?? LeanFailure.closedBeforeAnswer)
        }
    }

    // MARK: Ends

    /// The answer is complete: the connection serves the next request before the caller of this one goes on.
    private func finish() {
        guard let exchange else { return }
        self.exchange = nil
        served += 1
        if keepsAlive, exchange.upload.isFinished, parser.isIdle, !isGone {
            idleSince = lastProgress
            pool.release(self)
        } else {
            close()
        }
        exchange.end()
    }

    private func end(with error: any Error) {
        let exchange = exchange
        abandon()
        exchange?.fail(error)
    }

    private func leave() {
        guard !isGone else { return }
        isGone = true
        pool.remove(self)
    }

    /// Gives up when nothing moved for too long although the server is due; called now and then.
    func examine(_ now: NIODeadline, _ options: HTTPTransportOptions) {
        guard let exchange, let context else { return }
        if exchange.phase == .pending, now >= exchange.deadline { return exchange.stop(LeanFailure.overdue) }
        let buffered = (try? context.channel.syncOptions?.getOption(.bufferedWritableBytes)) ?? 0
        if buffered != lastBuffered {
            lastBuffered = buffered
            lastProgress = now
        }
        if !isSecured, now - startedAt >= TimeAmount(options.connectTimeout) {
            return exchange.stop(LeanFailure.handshakeOverdue)
        }
        // Our own source is due, not the server.
        guard buffered > 0 || exchange.upload.isFinished && readIsOutstanding else {
            lastProgress = now
            return
        }
        let isWork = exchange.request.method == "PUT" || exchange.request.method == "POST"
        let isWorking = isWork && !answerBegan && buffered == 0
        let limit = isWorking ? max(options.workTimeout, options.idleTimeout) : options.idleTimeout
        if now - lastProgress >= TimeAmount(limit) {
            exchange.stop(ConnectionStalled(seconds: Int(limit.components.seconds)))
        }
    }
}
