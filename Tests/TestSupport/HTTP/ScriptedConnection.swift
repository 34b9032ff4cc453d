// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import NIOCore
import NIOPosix

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// One connection of a ``ScriptedHTTPServer``. Lives on its event loop.
final class ScriptedConnection: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let moment: ScriptedHTTPServer.Moment
    private let log: ScriptedServerLog
    private let script: @Sendable (ScriptedHTTPServer.Request) -> [ScriptedHTTPServer.Step]
    private var connection = 0
    private var number = 0
    private var received = ByteBuffer()
    private var head: [UInt8]?
    private var body: [UInt8] = []
    private var missing = 0
    private var isRunning = false

    init(
        moment: ScriptedHTTPServer.Moment, log: ScriptedServerLog,
        script: @escaping @Sendable (ScriptedHTTPServer.Request) -> [ScriptedHTTPServer.Step]
    ) {
        self.moment = moment
        self.log = log
        self.script = script
    }

    func channelActive(context: ChannelHandlerContext) {
        connection = log.with { events in
            events.opened += 1
            return events.opened
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        log.with { $0.closed += 1 }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        context.close(promise: nil)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var bytes = unwrapInboundIn(data)
        received.writeBuffer(&bytes)
        advance(context)
    }

    private func advance(_ context: ChannelHandlerContext) {
        if head == nil, !isRunning {
            guard let end = endOfHead() else { return }
            let head = received.readBytes(length: end) ?? []
            self.head = head
            missing = Self.contentLength(head)
            number += 1
            if moment == .afterHead { run(context) }
        }
        if missing > 0, let bytes = received.readBytes(length: min(missing, received.readableBytes)) {
            body += bytes
            missing -= bytes.count
            log.with { $0.bodyBytes += bytes.count }
        }
        if received.readableBytes == 0 { received.clear() }
        if head != nil, missing == 0, !isRunning { run(context) }
    }

    private func run(_ context: ChannelHandlerContext) {
        isRunning = true
        let request = ScriptedHTTPServer.Request(
            connection: connection, number: number, head: head ?? [], body: moment == .afterBody ? body : [])
        log.with { $0.requests.append(request) }
        perform(script(request)[...], context)
    }

    private func perform(_ steps: ArraySlice<ScriptedHTTPServer.Step>, _ context: ChannelHandlerContext) {
        guard let step = steps.first else { return finish(context) }
        let rest = steps.dropFirst()
        switch step {
        case .send(let text): send(Array(text.utf8), rest, context)
        case .sendBytes(let bytes): send(bytes, rest, context)
        case .sendRepeatedly(let bytes, let count):
            let more = count > 1 ? [.sendRepeatedly(bytes, count: count - 1)] + rest : rest
            send(bytes, more, context)
        case .wait(let signal):
            let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
            let loop = context.eventLoop
            signal.whenRaised {
                loop.execute { bound.value.0.perform(rest, bound.value.1) }
            }
        case .raise(let signal):
            signal.raise()
            perform(rest, context)
        case .stopReading:
            try? context.channel.syncOptions?.setOption(.autoRead, value: false)
            perform(rest, context)
        case .close: context.close(promise: nil)
        case .reset:
            let lingering = linger(l_onoff: 1, l_linger: 0)
            (context.channel as? any SocketOptionProvider)?.setSoLinger(lingering).assumeIsolated().whenComplete { _ in
                context.close(promise: nil)
            }
        }
    }

    private func send(
        _ bytes: [UInt8], _ rest: ArraySlice<ScriptedHTTPServer.Step>, _ context: ChannelHandlerContext
    ) {
        context.writeAndFlush(wrapOutboundOut(ByteBuffer(bytes: bytes))).assumeIsolated().whenComplete { result in
            if case .success = result { self.perform(rest, context) }
        }
    }

    /// The script is done. A script without steps leaves the client waiting.
    private func finish(_ context: ChannelHandlerContext) {
        isRunning = false
        if missing == 0 {
            head = nil
            body = []
            if received.readableBytes > 0 { advance(context) }
        }
    }

    private func endOfHead() -> Int? {
        let bytes = received.readableBytesView
        var index = bytes.startIndex
        while index + 3 < bytes.endIndex {
            if bytes[index] == 13, bytes[index + 1] == 10, bytes[index + 2] == 13, bytes[index + 3] == 10 {
                return index + 4 - bytes.startIndex
            }
            index += 1
        }
        return nil
    }

    private static func contentLength(_ head: [UInt8]) -> Int {
        for line in String(decoding: head, as: UTF8.self).split(separator: "\r\n") {
            let parts = line.split(separator: ":", maxSplits: 1)
            if parts.count == 2, parts[0].lowercased() == "content-length" {
                return Int(parts[1].drop { $0 == " " }) ?? 0
            }
        }
        return 0
    }
}
