// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import NIOCore

/// The connections to all servers, and the one timer that watches over them. Lives on its event loop.
final class LeanPool {
    private struct Server: Hashable {
        let host: String
        let port: Int
        let isTLS: Bool
    }

    private let loop: any EventLoop
    private let options: HTTPTransportOptions
    private let keepAlive: Duration
    private let tls: LeanTLS
    private var servers: [Server: LeanConnections] = [:]
    private var examination: Scheduled<Void>?
    private var isShutDown = false

    init(_ loop: any EventLoop, _ options: HTTPTransportOptions, keepAlive: Duration) {
        self.loop = loop
        self.options = options
        self.keepAlive = keepAlive
        tls = LeanTLS(certificateAuthorities: options.certificateAuthorities)
    }

    func submit(_ exchange: LeanExchange) {
        guard !isShutDown else { return exchange.fail(LeanFailure.shutDown) }
        let request = exchange.request
        let server = Server(host: request.host, port: request.port, isTLS: request.isTLS)
        if let connections = servers[server] {
            connections.submit(exchange)
        } else {
            let connections = LeanConnections(
                host: request.host, port: request.port, isTLS: request.isTLS, loop: loop, options: options,
                keepAlive: keepAlive, tls: tls)
            servers[server] = connections
            connections.submit(exchange)
        }
        if examination == nil { scheduleExamination() }
    }

    func shutDown() -> EventLoopFuture<Void> {
        isShutDown = true
        examination?.cancel()
        examination = nil
        let closings = servers.values.flatMap { $0.shutDown() }
        servers = [:]
        return .andAllComplete(closings, on: loop)
    }

    /// One timer for all, so that a request costs none.
    private func scheduleExamination() {
        let shortest = min(
            options.idleTimeout, options.connectTimeout, options.requestTimeout, options.uploadTimeout, keepAlive)
        let pause = min(max(TimeAmount(shortest / 4), .milliseconds(1)), .seconds(1))
        examination = loop.assumeIsolated().scheduleTask(in: pause) { self.examine() }
    }

    private func examine() {
        examination = nil
        let now = NIODeadline.now()
        for connections in servers.values { connections.examine(now) }
        servers = servers.filter { !$0.value.isEmpty }
        if !servers.isEmpty { scheduleExamination() }
    }
}
