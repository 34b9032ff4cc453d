// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import NIOCore
import NIOPosix
import NIOSSL

/// The connections to one server, and the requests that wait for one. Lives on its event loop.
///
/// At most `connectionLimit` connections, opened as requests come; the most recently used is used first, so that
/// superfluous ones grow old and are closed. Requests wait in order of arrival.
final class LeanConnections {
    private let loop: any EventLoop
    private let host: String
    private let port: Int
    private let isTLS: Bool
    private let options: HTTPTransportOptions
    private let keepAlive: TimeAmount
    private let tls: LeanTLS
    private var connections: [ObjectIdentifier: LeanConnection] = [:]
    /// Last used last.
    private var idle: [LeanConnection] = []
    private var connecting = 0
    private var waiting = CircularBuffer<LeanExchange>()
    private var isShutDown = false

    init(
        host: String, port: Int, isTLS: Bool, loop: any EventLoop, options: HTTPTransportOptions,
        keepAlive: Duration, tls: LeanTLS
    ) {
        self.host = host
        self.port = port
        self.isTLS = isTLS
        self.loop = loop
        self.options = options
        self.keepAlive = TimeAmount(keepAlive)
        self.tls = tls
    }

    var isEmpty: Bool { connections.isEmpty && waiting.isEmpty && connecting == 0 }

    func submit(_ exchange: LeanExchange) {
        guard !isShutDown else { return exchange.fail(LeanFailure.shutDown) }
        if let connection = idle.popLast() {
            connection.start(exchange)
        } else {
            exchange.queue = self
            waiting.append(exchange)
            connectAsNeeded()
        }
    }

    /// Sends a request again that met a dead connection. The other idle ones are as old, and not tried.
    func replay(_ exchange: LeanExchange) {
        guard !isShutDown else { return exchange.fail(LeanFailure.shutDown) }
        for connection in idle { connection.close() }
        exchange.wasReplayed = true
        exchange.connection = nil
        exchange.queue = self
        waiting.prepend(exchange)
        connectAsNeeded()
    }

    /// Forgets a request that waits.
    func withdraw(_ exchange: LeanExchange) {
        if let index = waiting.firstIndex(where: { $0 === exchange }) { waiting.remove(at: index) }
    }

    /// Takes back a connection that is ready for the next request.
    func release(_ connection: LeanConnection) {
        if let next = waiting.popFirst() { connection.start(next) } else { idle.append(connection) }
    }

    /// Forgets a connection that closes.
    func remove(_ connection: LeanConnection) {
        connections[ObjectIdentifier(connection)] = nil
        if let index = idle.firstIndex(where: { $0 === connection }) { idle.remove(at: index) }
        connectAsNeeded()
    }

    /// Closes what is idle for long and gives up what is overdue.
    func examine(_ now: NIODeadline) {
        for connection in idle where now - connection.idleSince >= keepAlive { connection.close() }
        for connection in connections.values { connection.examine(now, options) }
        for exchange in waiting where now >= exchange.admission && connecting == 0 || now >= exchange.deadline {
            exchange.stop(LeanFailure.noConnectionInTime)
        }
    }

    /// Ends every request.
    ///
    /// - Returns: the closing of each connection.
    func shutDown() -> [EventLoopFuture<Void>] {
        isShutDown = true
        for exchange in waiting { exchange.stop(LeanFailure.shutDown) }
        let closings = connections.values.compactMap(\.closed)
        for connection in connections.values { connection.shutDown() }
        return closings
    }

    private func connectAsNeeded() {
        while waiting.count > connecting, connections.count + connecting < options.connectionLimit, !isShutDown {
            connect()
        }
    }

    private func connect() {
        connecting += 1
        guard isTLS else { return connect(with: nil) }
        tls.context(on: loop).assumeIsolated().whenComplete { result in
            switch result {
            case .success(let context): self.connect(with: context)
            case .failure(let error): self.connectionFailed(error)
            }
        }
    }

    private func connect(with tls: NIOSSLContext?) {
        let serverName = LeanTLS.serverName(host)
        let allocator = AdaptiveRecvByteBufferAllocator(
            minimum: 4 << 10, initial: 16 << 10, maximum: max(options.receiveBuffer, 16 << 10))
        ClientBootstrap(group: loop)
            .connectTimeout(TimeAmount(options.connectTimeout))
            .channelOption(.autoRead, value: false)
            .channelOption(.recvAllocator, value: allocator)
            .channelOption(.writeBufferWaterMark, value: .init(low: 64 << 10, high: 256 << 10))
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    guard let tls else { return }
                    try channel.pipeline.syncOperations.addHandler(
                        NIOSSLClientHandler(context: tls, serverHostname: serverName))
                }
            }
            .connect(host: host, port: port)
            .assumeIsolated()
            .whenComplete { result in
                do {
                    let channel = try result.get()
                    let connection = LeanConnection(pool: self, isTLS: self.isTLS)
                    try channel.pipeline.syncOperations.addHandler(connection)
                    self.connected(connection, channel)
                } catch {
                    self.connectionFailed(error)
                }
            }
    }

    private func connected(_ connection: LeanConnection, _ channel: any Channel) {
        guard channel.isActive else { return connectionFailed(LeanFailure.closedBeforeAnswer) }
        connecting -= 1
        guard !isShutDown else { return connection.close() }
        connections[ObjectIdentifier(connection)] = connection
        if let next = waiting.popFirst() {
            connection.start(next)
        } else {
            idle.append(connection)
            connection.requestRead()
        }
    }

    /// One failed connection fails one request: that which waits longest.
    private func connectionFailed(_ error: any Error) {
        connecting -= 1
        waiting.popFirst()?.fail(error)
        connectAsNeeded()
    }
}
