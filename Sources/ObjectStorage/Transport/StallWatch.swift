// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import NIOCore
import NIOHTTP1

/// Gives up a connection on which nothing moves although the server is due.
///
/// The HTTP client's own read timeout also runs while the reader on this side pauses, and would cut a download whose
/// consumer waits for a disk or another server. This one counts only time in which a read is outstanding, or in which
/// bytes lie in the socket's buffer and do not leave.
///
/// Stands between the HTTP decoder and the client's handler. One check for each quarter of the limit and only while a
/// request is under way, so that it costs nothing per byte.
final class StallWatch: ChannelDuplexHandler {
    typealias InboundIn = HTTPClientResponsePart
    typealias OutboundIn = HTTPClientRequestPart
    typealias OutboundOut = HTTPClientRequestPart

    private let idleLimit: TimeAmount
    private let workLimit: TimeAmount
    private var isBusy = false
    private var answerBegan = false
    /// Whether the whole request has been handed over, so that the server is due.
    private var isSent = false
    private var isWork = false
    private var readIsOutstanding = false
    private var lastProgress = NIODeadline.uptimeNanoseconds(0)
    private var lastBuffered = 0
    private var check: Scheduled<Void>?

    init(_ options: HTTPTransportOptions) {
        idleLimit = TimeAmount(options.idleTimeout)
        workLimit = TimeAmount(max(options.workTimeout, options.idleTimeout))
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        switch unwrapOutboundIn(data) {
        case .head(let head):
            isBusy = true
            answerBegan = false
            isSent = false
            isWork = head.method == .PUT || head.method == .POST
            if check == nil { scheduleCheck(context) }
        case .body: break
        case .end: isSent = true
        }
        lastProgress = context.eventLoop.now
        context.write(data, promise: promise)
    }

    func read(context: ChannelHandlerContext) {
        if !readIsOutstanding {
            readIsOutstanding = true
            // Time that the reader spent elsewhere is not the server's.
            if answerBegan { lastProgress = context.eventLoop.now }
        }
        context.read()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head): answerBegan = head.status.code >= 200
        case .body: break
        case .end: isBusy = false
        }
        lastProgress = context.eventLoop.now
        context.fireChannelRead(data)
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        readIsOutstanding = false
        lastProgress = context.eventLoop.now
        context.fireChannelReadComplete()
    }

    func channelInactive(context: ChannelHandlerContext) {
        isBusy = false
        check?.cancel()
        check = nil
        context.fireChannelInactive()
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        check?.cancel()
        check = nil
    }

    private func scheduleCheck(_ context: ChannelHandlerContext) {
        let pause = TimeAmount.nanoseconds(max(idleLimit.nanoseconds / 4, 1_000_000))
        check = context.eventLoop.assumeIsolated().scheduleTask(in: pause) {
            self.check = nil
            self.examine(context)
        }
    }

    private func examine(_ context: ChannelHandlerContext) {
        guard isBusy else { return }
        let now = context.eventLoop.now
        let buffered = (try? context.channel.syncOptions?.getOption(.bufferedWritableBytes)) ?? 0
        if buffered != lastBuffered {
            lastBuffered = buffered
            lastProgress = now
        }
        let limit = isWork && !answerBegan && buffered == 0 ? workLimit : idleLimit
        // The read that waits for the answer's head may have been asked for before this handler was there.
        let isServerDue = readIsOutstanding || (isSent && !answerBegan)
        guard buffered > 0 || isServerDue, now - lastProgress >= limit else {
            return scheduleCheck(context)
        }
        isBusy = false
        context.fireErrorCaught(ConnectionStalled(seconds: Int(limit.nanoseconds / 1_000_000_000)))
        context.close(promise: nil)
    }
}

/// Nothing moved for the time that is allowed.
struct ConnectionStalled: Error, Equatable {
    let seconds: Int
}
