// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import NIOCore
import NIOPosix
import TestSupport

/// A proxy that passes bytes on unchanged and, at the request of a number, does something else first.
///
/// Only requests for one bucket count.
final class TripwireProxy: Sendable {
    /// When the wire is tripped.
    enum Moment: Sendable {
        /// Before the server sees the request. Nothing passes after that.
        case before
        /// When the server has answered and nobody knows. Nothing passes after that.
        case after
        /// Before the server sees the request, which it never does; all others pass.
        case instead
    }

    struct Wire: Sendable {
        let bucket: String
        /// From 1; larger than there are requests for a wire that is never tripped.
        let number: Int
        let moment: Moment
        let trip: @Sendable () -> Void
    }

    private struct Tripped: Error {}
    private typealias Connection = NIOAsyncChannel<ByteBuffer, ByteBuffer>

    private let server: (host: String, port: Int)
    private let wire: Wire
    private let requests = Guarded<[String]>([])
    private let isMended = Guarded(false)

    private init(_ server: (host: String, port: Int), _ wire: Wire) {
        self.server = server
        self.wire = wire
    }

    /// The requests that count so far, by method and target.
    var counted: [String] { requests.value }

    /// From now on everything passes.
    func mend() { isMended.with { $0 = true } }

    /// Runs `body` with the port of a proxy before the server.
    static func with<Result: Sendable>(
        _ server: (host: String, port: Int), _ wire: Wire,
        _ body: (_ proxy: TripwireProxy, _ port: Int) async throws -> Result
    ) async throws -> Result {
        let proxy = TripwireProxy(server, wire)
        let group = MultiThreadedEventLoopGroup.singleton
        let listener = try await ServerBootstrap(group: group).bind(host: "127.0.0.1", port: 0) { channel in
            channel.eventLoop.makeCompletedFuture { try Connection(wrappingChannelSynchronously: channel) }
        }
        guard let port = listener.channel.localAddress?.port else { throw Tripped() }
        return try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { try await proxy.accept(listener) }
            let result = try await body(proxy, port)
            tasks.cancelAll()
            return result
        }
    }

    private func accept(_ listener: NIOAsyncChannel<Connection, Never>) async throws {
        try await listener.executeThenClose { connections in
            await withDiscardingTaskGroup { tasks in
                do {
                    for try await connection in connections {
                        // What breaks one connection, the tripped wire above all, is the client's to notice.
                        tasks.addTask { try? await self.serve(connection) }
                    }
                } catch {
                    tasks.cancelAll()
                }
            }
        }
    }

    private func serve(_ client: Connection) async throws {
        let upstream = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .connect(host: server.host, port: server.port) { channel in
                channel.eventLoop.makeCompletedFuture { try Connection(wrappingChannelSynchronously: channel) }
            }
        let holdsAnswer = Guarded(false)
        try await client.executeThenClose { fromClient, toClient in
            try await upstream.executeThenClose { fromServer, toServer in
                try await withThrowingTaskGroup(of: Void.self) { tasks in
                    tasks.addTask {
                        var scanner = RequestScanner()
                        for try await bytes in fromClient {
                            for piece in try scanner.take(bytes) {
                                try await self.pass(piece, holdsAnswer) { try await toServer.write($0) }
                            }
                        }
                        toServer.finish()
                    }
                    tasks.addTask {
                        for try await bytes in fromServer {
                            if holdsAnswer.value {
                                self.wire.trip()
                                throw Tripped()
                            }
                            try await toClient.write(bytes)
                        }
                        toClient.finish()
                    }
                    // Whichever side ends, the connection is done.
                    try await tasks.next()
                    tasks.cancelAll()
                }
            }
        }
    }

    private func pass(
        _ piece: RequestScanner.Piece, _ holdsAnswer: Guarded<Bool>, _ forward: (ByteBuffer) async throws -> Void
    ) async throws {
        guard case .head(let method, let target, let bytes) = piece else {
            if case .body(let bytes) = piece { try await forward(bytes) }
            return
        }
        if isMended.value { return try await forward(bytes) }
        if target == "/\(wire.bucket)" || target.hasPrefix("/\(wire.bucket)/") || target.hasPrefix("/\(wire.bucket)?") {
            let number = requests.with { requests in
                requests.append("\(method) \(target)")
                return requests.count
            }
            if number == wire.number {
                switch wire.moment {
                case .before:
                    wire.trip()
                    throw Tripped()
                case .after: holdsAnswer.with { $0 = true }
                case .instead:
                    wire.trip()
                    let silence = AsyncStream<Never>.makeStream()
                    for await _ in silence.stream {}
                }
            }
            if number > wire.number, wire.moment != .instead { throw Tripped() }
        }
        try await forward(bytes)
    }
}
