// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

package import NIOCore
import NIOPosix

/// A server on loopback that answers each request by a script: any bytes, in any pieces, early, late or never.
package final class ScriptedHTTPServer: Sendable {
    /// A request as it arrived.
    package struct Request: Sendable {
        /// Which connection, in order of arrival, from 1.
        package let connection: Int
        /// Which request of its connection, from 1.
        package let number: Int
        /// Request line and headers, the empty line included.
        package let head: [UInt8]
        /// Empty when the script runs before the body came.
        package let body: [UInt8]

        /// `GET /path`.
        package var line: String {
            let text = String(decoding: head.prefix { $0 != 13 }, as: UTF8.self)
            return text.hasSuffix(" HTTP/1.1") ? String(text.dropLast(9)) : text
        }
    }

    /// What the server does next.
    package enum Step: Sendable {
        /// Sends text; line ends are as given.
        case send(String)
        case sendBytes([UInt8])
        /// Sends the same bytes again and again, as fast as they are taken.
        case sendRepeatedly([UInt8], count: Int)
        /// Waits until a test lets it go on.
        case wait(TestSignal)
        /// Lets a test know.
        case raise(TestSignal)
        /// Reads nothing from here on.
        case stopReading
        /// Ends the connection properly.
        case close
        /// Ends the connection with a reset.
        case reset
    }

    /// When the script of a request runs.
    package enum Moment: Sendable {
        case afterBody, afterHead
    }

    package let port: Int
    private let channel: any Channel
    private let log: ScriptedServerLog

    private init(channel: any Channel, log: ScriptedServerLog) {
        self.channel = channel
        self.log = log
        port = channel.localAddress?.port ?? 0
    }

    /// Starts a server on a port of the system's choice.
    ///
    /// - Parameters:
    ///   - prepare: runs for each connection before anything else, to add TLS for instance.
    ///   - script: what to do about a request. After its last step the server waits for the next request, so that no step
    ///     at all means no answer ever.
    package static func start(
        on group: any EventLoopGroup = MultiThreadedEventLoopGroup.singleton, answering moment: Moment = .afterBody,
        prepare: @escaping @Sendable (any Channel) throws -> Void = { _ in },
        script: @escaping @Sendable (Request) -> [Step]
    ) async throws -> ScriptedHTTPServer {
        let log = ScriptedServerLog(ScriptedServerEvents())
        let channel = try await ServerBootstrap(group: group)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture(withResultOf: {
                    try prepare(channel)
                    try channel.pipeline.syncOperations.addHandler(
                        ScriptedConnection(moment: moment, log: log, script: script))
                })
            }
            .bind(host: "127.0.0.1", port: 0).get()
        return ScriptedHTTPServer(channel: channel, log: log)
    }

    /// Runs `body` with a server and stops it afterwards.
    package static func with<Value>(
        answering moment: Moment = .afterBody, prepare: @escaping @Sendable (any Channel) throws -> Void = { _ in },
        script: @escaping @Sendable (Request) -> [Step], _ body: (ScriptedHTTPServer) async throws -> Value
    ) async throws -> Value {
        let server = try await start(answering: moment, prepare: prepare, script: script)
        do {
            let value = try await body(server)
            try await server.shutdown()
            return value
        } catch {
            try await server.shutdown()
            throw error
        }
    }

    /// Every request so far.
    package var requests: [Request] { log.value.requests }

    /// Connections accepted so far.
    package var connections: Int { log.value.opened }

    /// Connections ended so far.
    package var closed: Int { log.value.closed }

    /// Bytes of request bodies received so far.
    package var receivedBytes: Int { log.value.bodyBytes }

    /// Returns when `condition` holds for what happened so far.
    package func until(_ condition: @Sendable (ScriptedHTTPServer) -> Bool) async {
        while !condition(self) { await Task.yield() }
    }

    /// Stops listening; open connections end with their clients.
    package func shutdown() async throws {
        try await channel.close()
    }
}

struct ScriptedServerEvents: Sendable {
    var requests: [ScriptedHTTPServer.Request] = []
    var opened = 0
    var closed = 0
    var bodyBytes = 0
}

typealias ScriptedServerLog = Guarded<ScriptedServerEvents>
