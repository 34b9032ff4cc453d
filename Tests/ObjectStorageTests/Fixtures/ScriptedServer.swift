// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import NIOCore
import NIOPosix
import NIOSSL
import Synchronization

/// A TCP server on loopback that reads requests and answers with whatever bytes the test says, right or wrong.
final class ScriptedServer: Sendable {
    /// What the server does once a request has come in whole.
    enum Step: Sendable {
        /// Sends the text and waits for the next request.
        case send(String)
        /// Sends the text and closes the connection.
        case sendAndClose(String)
        /// Sends nothing and keeps the connection open.
        case silence
    }

    let port: Int
    private let channel: any Channel
    private let log: Log

    /// The requests as they came, head and body.
    var requests: [String] { log.requests.withLock { $0 } }

    final class Log: Sendable {
        let requests = Mutex<[String]>([])
    }

    /// - Parameter respond: gets the whole request as text.
    static func start(
        on group: any EventLoopGroup, tls: NIOSSLContext? = nil,
        respond: @escaping @Sendable (String) -> Step
    ) async throws -> ScriptedServer {
        let log = Log()
        let channel = try await ServerBootstrap(group: group)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    if let tls { try channel.pipeline.syncOperations.addHandler(NIOSSLServerHandler(context: tls)) }
                    try channel.pipeline.syncOperations.addHandler(Responder(log: log, respond: respond))
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        return ScriptedServer(channel: channel, port: channel.localAddress?.port ?? 0, log: log)
    }

    private init(channel: any Channel, port: Int, log: Log) {
        self.channel = channel
        self.port = port
        self.log = log
    }

    func stop() async throws {
        guard channel.isActive else { return }
        try await channel.close()
    }

    private final class Responder: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        typealias OutboundOut = ByteBuffer

        private let log: Log
        private let respond: @Sendable (String) -> Step
        private var received: [UInt8] = []

        init(log: Log, respond: @escaping @Sendable (String) -> Step) {
            self.log = log
            self.respond = respond
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            received += unwrapInboundIn(data).readableBytesView
            if received.first == 0x16 {
                // The beginning of a TLS handshake, to which web servers without TLS answer like this.
                received = []
                return reply(.sendAndClose("HTTP/1.1 400 Bad Request\r\n\r\n"), context)
            }
            guard let end = received.firstRange(of: Array("\r\n\r\n".utf8)) else { return }
            let head = String(decoding: received[..<end.lowerBound], as: UTF8.self).lowercased()
            let length =
                head.split(separator: "\r\n").first { $0.hasPrefix("content-length: ") }
                .flatMap { Int($0.dropFirst(16)) } ?? 0
            guard received.count - end.upperBound >= length else { return }
            let request = String(decoding: received, as: UTF8.self)
            received = []
            log.requests.withLock { $0.append(request) }
            reply(respond(request), context)
        }

        private func reply(_ step: Step, _ context: ChannelHandlerContext) {
            switch step {
            case .send(let text):
                context.writeAndFlush(wrapOutboundOut(ByteBuffer(string: text)), promise: nil)
            case .sendAndClose(let text):
                context.write(wrapOutboundOut(ByteBuffer(string: text)), promise: nil)
                context.flush()
                context.close(promise: nil)
            case .silence:
                break
            }
        }

        func errorCaught(context: ChannelHandlerContext, error: any Error) {
            context.close(promise: nil)
        }
    }
}
