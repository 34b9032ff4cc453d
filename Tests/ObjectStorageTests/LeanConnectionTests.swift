// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import NIOCore
import ObjectStorage
import Streams
import TestSupport
import Testing

/// How connections are kept, shared and given up.
@Suite(.timeLimit(.minutes(2))) struct LeanConnectionTests {
    typealias Step = ScriptedHTTPServer.Step
    typealias Shared = LeanTransportTests

    @Test("requests one after the other share a connection")
    func reuse() async throws {
        try await Shared.with(script: { Shared.ok("\($0.number)") }) { transport, server in
            for number in 1...20 {
                let answer = try await transport.send(Shared.request(to: server))
                #expect(answer.body.whole == ByteBuffer(string: "\(number)"))
            }
            #expect(server.connections == 1)
        }
    }

    @Test("never more connections than allowed; the others wait and are served in order")
    func limit() async throws {
        var options = HTTPTransportOptions()
        options.connectionLimit = 3
        try await Shared.with(options, script: { _ in Shared.ok("x") }) { transport, server in
            try await (0..<200).forEachConcurrently(width: 50) { _ in
                _ = try await transport.send(Shared.request(to: server))
            }
            #expect(server.requests.count == 200)
            #expect(server.connections <= 3)
        }
    }

    @Test("who waits too long for a connection is told so")
    func noConnection() async throws {
        var options = HTTPTransportOptions()
        options.connectionLimit = 1
        options.connectTimeout = .milliseconds(60)
        try await Shared.with(options, script: { _ in [] }) { transport, server in
            await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { _ = try await transport.send(Shared.request(to: server)) }
                await server.until { $0.requests.count == 1 }
                let error = await #expect(throws: ObjectStoreError.self) {
                    try await transport.send(Shared.request(to: server))
                }
                #expect(error?.code == .unreachable)
                #expect(error?.message.contains("busy") == true)
                group.cancelAll()
                await #expect(throws: CancellationError.self) { try await group.next() }
            }
        }
    }

    @Test("a server that says close is believed")
    func serverCloses() async throws {
        try await Shared.with(script: { _ in Shared.ok("x", "Connection: close\r\n") }) { transport, server in
            for _ in 0..<3 { _ = try await transport.send(Shared.request(to: server)) }
            #expect(server.connections == 3)
            await server.until { $0.closed == 3 }
        }
    }

    @Test("a connection that the server closed while it was idle is not used")
    func idleClose() async throws {
        let script: @Sendable (ScriptedHTTPServer.Request) -> [Step] = { _ in Shared.ok("x") + [.close] }
        try await Shared.with(script: script) { transport, server in
            for count in 1...5 {
                let body = ReplayableBody(ByteBuffer(string: "x"))
                // A POST fails when it meets a connection whose end is not noticed yet; it is not sent twice unasked.
                while server.requests.count < count {
                    do {
                        _ = try await transport.send(Shared.request("POST", to: server, body: body))
                    } catch let error as ObjectStoreError {
                        #expect(error.code == .unreachable)
                    }
                }
                await server.until { $0.closed >= count }
            }
            #expect(server.requests.count == 5)
        }
    }

    @Test("an idle connection is closed in time")
    func keepAlive() async throws {
        try await Shared.with(keepAlive: .milliseconds(30), script: { _ in Shared.ok("x") }) { transport, server in
            _ = try await transport.send(Shared.request(to: server))
            await server.until { $0.closed == 1 }
            _ = try await transport.send(Shared.request(to: server))
            #expect(server.connections == 2)
        }
    }

    @Test(
        "a request that meets a dead connection is sent once more if that does no harm",
        arguments: [
            ("GET", nil, true), ("HEAD", nil, true), ("DELETE", nil, true), ("PUT", "x", true), ("POST", "x", false),
            ("PUT", nil, false),
        ] as [(String, String?, Bool)])
    func deadConnection(method: String, content: String?, isReplayed: Bool) async throws {
        // The first connection answers once, and closes when it is used again.
        let script: @Sendable (ScriptedHTTPServer.Request) -> [Step] = { request in
            request.connection == 1 && request.number == 2 ? [.close] : Shared.ok("")
        }
        // Without content: a put that must not replace.
        let headers = method == "PUT" && content == nil ? [Field("if-none-match", "*")] : []
        let body = content.map { ReplayableBody(ByteBuffer(string: $0)) }
        try await Shared.with(script: script) { transport, server in
            _ = try await transport.send(Shared.request(to: server))
            let request = Shared.request(method, to: server, headers: headers, body: body)
            if isReplayed {
                #expect(try await transport.send(request).status == 200)
                #expect(server.requests.count == 3)
            } else {
                let error = await #expect(throws: ObjectStoreError.self) { try await transport.send(request) }
                #expect(error?.code == .unreachable)
                #expect(server.requests.count == 2)
            }
        }
    }

    @Test("a server that always closes is not asked for ever")
    func alwaysClosing() async throws {
        let script: @Sendable (ScriptedHTTPServer.Request) -> [Step] = { request in
            request.connection == 1 && request.number == 1 ? Shared.ok("x") : [.close]
        }
        try await Shared.with(script: script) { transport, server in
            _ = try await transport.send(Shared.request(to: server))
            let error = await #expect(throws: ObjectStoreError.self) {
                try await transport.send(Shared.request(to: server))
            }
            #expect(error?.code == .unreachable)
            #expect(server.requests.count == 3)
        }
    }

    @Test("bytes that nobody asked for end the connection, not the next request")
    func unsolicited() async throws {
        let script: @Sendable (ScriptedHTTPServer.Request) -> [Step] = { request in
            request.connection == 1 ? Shared.ok("x") + [.send("HTTP/1.1 200 OK\r\n")] : Shared.ok("y")
        }
        try await Shared.with(script: script) { transport, server in
            _ = try await transport.send(Shared.request(to: server))
            await server.until { $0.closed == 1 }
            let answer = try await transport.send(Shared.request(to: server))
            #expect(answer.body.whole == ByteBuffer(string: "y"))
        }
    }

    @Test("cancelling a request ends it and its connection, and the next one works")
    func cancellation() async throws {
        let script: @Sendable (ScriptedHTTPServer.Request) -> [Step] = { request in
            request.connection == 1 ? [] : Shared.ok("x")
        }
        try await Shared.with(script: script) { transport, server in
            await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { _ = try await transport.send(Shared.request(to: server)) }
                await server.until { $0.requests.count == 1 }
                group.cancelAll()
                await #expect(throws: CancellationError.self) { try await group.next() }
            }
            await server.until { $0.closed == 1 }
            let answer = try await transport.send(Shared.request(to: server))
            #expect(answer.status == 200)
        }
    }

    @Test("a task that is cancelled already sends nothing")
    func cancelledBefore() async throws {
        try await Shared.with(script: { _ in Shared.ok("x") }) { transport, server in
            await withThrowingTaskGroup(of: Void.self) { group in
                group.cancelAll()
                group.addTask { _ = try await transport.send(Shared.request(to: server)) }
                await #expect(throws: CancellationError.self) { try await group.next() }
            }
            #expect(server.requests.isEmpty)
        }
    }

    @Test("many at once, cancelled at random, leave a transport that works")
    func storm() async throws {
        var options = HTTPTransportOptions()
        options.connectionLimit = 8
        try await Shared.with(options, script: { Shared.ok("\($0.line)") }) { transport, server in
            try await (0..<300).forEachConcurrently(width: 40) { index in
                let task = Task { try await transport.send(Shared.request(to: server, "/\(index)")) }
                if index.isMultiple(of: 3) {
                    for _ in 0..<(index % 7) { await Task.yield() }
                    task.cancel()
                    _ = await task.result
                } else {
                    let answer = try await task.value
                    #expect(answer.body.whole == ByteBuffer(string: "GET /\(index)"))
                }
            }
            #expect(try await transport.send(Shared.request(to: server)).status == 200)
        }
    }
}
