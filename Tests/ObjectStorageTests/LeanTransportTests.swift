// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import NIOCore
import NIOPosix
import ObjectStorage
import Streams
import TestSupport
import Testing

/// One request at a time, well-behaved and ill-behaved servers.
@Suite(.timeLimit(.minutes(2))) struct LeanTransportTests {
    typealias Step = ScriptedHTTPServer.Step

    static func ok(_ body: String, _ headers: String = "") -> [Step] {
        [.send("HTTP/1.1 200 OK\r\n\(headers)Content-Length: \(body.utf8.count)\r\n\r\n\(body)")]
    }

    static func request(
        _ method: String = "GET", to server: ScriptedHTTPServer, _ target: String = "/b/k", headers: [Field] = [],
        body: ReplayableBody? = nil, wholeUpTo: Int = 1 << 20
    ) -> WireRequest {
        WireRequest(
            method: method, host: "127.0.0.1", port: server.port, isTLS: false, target: target,
            headers: [Field("host", "127.0.0.1:\(server.port)")] + headers, body: body, wholeUpTo: wholeUpTo)
    }

    static func with<Value>(
        _ options: HTTPTransportOptions = HTTPTransportOptions(), keepAlive: Duration = .seconds(30),
        answering moment: ScriptedHTTPServer.Moment = .afterBody,
        script: @escaping @Sendable (ScriptedHTTPServer.Request) -> [Step],
        _ body: (LeanTransport, ScriptedHTTPServer) async throws -> Value
    ) async throws -> Value {
        try await ScriptedHTTPServer.with(answering: moment, script: script) { server in
            let transport = LeanTransport(
                eventLoopGroup: MultiThreadedEventLoopGroup.singleton, options: options, keepAlive: keepAlive)
            do {
                let value = try await body(transport, server)
                try await transport.shutdown()
                return value
            } catch {
                try await transport.shutdown()
                throw error
            }
        }
    }

    /// Sends one request and gives the error it must end in.
    private func failure(
        _ method: String = "GET", _ options: HTTPTransportOptions = HTTPTransportOptions(), body: ReplayableBody? = nil,
        _ steps: Step...
    ) async throws -> ObjectStoreError? {
        try await Self.with(options, script: { _ in steps }) { transport, server in
            let request = Self.request(method, to: server, body: body)
            return await #expect(throws: ObjectStoreError.self) { try await transport.send(request) }
        }
    }

    @Test("request and answer arrive as they were sent, raw bytes in headers included")
    func roundTrip() async throws {
        let raw: [UInt8] = [0xFF, 0xC3, 0x28, 0x80]
        let script: @Sendable (ScriptedHTTPServer.Request) -> [Step] = { _ in
            [
                .sendBytes(Array("HTTP/1.1 201 Yes\r\nETag: \"x\"\r\nX-Raw: ".utf8) + raw),
                .send("\r\nContent-Length: 2\r\n\r\nok"),
            ]
        }
        try await Self.with(script: script) { transport, server in
            let body = ReplayableBody(ByteBuffer(string: "the body"))
            let answer = try await transport.send(
                Self.request("PUT", to: server, "/b/%FF?x=1", headers: [Field("x-raw", raw)], body: body))
            #expect(answer.status == 201)
            #expect(answer.first("etag") == Array("\"x\"".utf8))
            #expect(answer.first("x-raw") == raw)
            #expect(answer.contentLength == 2)
            #expect(answer.body.whole == ByteBuffer(string: "ok"))
            let seen = try #require(server.requests.first)
            #expect(seen.line == "PUT /b/%FF?x=1")
            #expect(seen.body == Array("the body".utf8))
            let sent = Array("x-raw: ".utf8) + raw + Array("\r\ncontent-length: 8\r\n\r\n".utf8)
            #expect(seen.head.suffix(sent.count).elementsEqual(sent))
        }
    }

    @Test("bodies in memory arrive whole, whatever their size", arguments: [0, 1, 4096, 4097, 300_000, 5_000_000])
    func bodies(count: Int) async throws {
        try await Self.with(script: { _ in Self.ok("") }) { transport, server in
            var generator = SeededGenerator(seed: UInt64(count))
            let content = generator.bytes(count)
            let body = ReplayableBody(ByteBuffer(bytes: content))
            _ = try await transport.send(Self.request("PUT", to: server, body: body))
            #expect(server.requests.first?.body == content)
        }
    }

    @Test("answers without a body end at their head", arguments: [("HEAD", 200), ("GET", 204), ("GET", 304)])
    func noBody(method: String, status: Int) async throws {
        let script: @Sendable (ScriptedHTTPServer.Request) -> [Step] = { _ in
            [.send("HTTP/1.1 \(status) X\r\nContent-Length: 99999999\r\n\r\n")]
        }
        try await Self.with(script: script) { transport, server in
            for _ in 0..<3 {
                let answer = try await transport.send(Self.request(method, to: server))
                #expect(answer.status == status)
                #expect(answer.contentLength == 99_999_999)
                #expect(answer.body.whole?.readableBytes == 0)
            }
            #expect(server.connections == 1)
        }
    }

    @Test("a short body of unknown length is collected, a long one streamed", arguments: ["chunked", "until close"])
    func unknownLength(kind: String) async throws {
        let script: @Sendable (ScriptedHTTPServer.Request) -> [Step] = { _ in
            kind == "chunked"
                ? [.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n6\r\nHello \r\n5\r\nWorld\r\n0\r\n\r\n")]
                : [.send("HTTP/1.1 200 OK\r\n\r\nHello "), .send("World"), .close]
        }
        try await Self.with(script: script) { transport, server in
            let short = try await transport.send(Self.request(to: server, wholeUpTo: 11))
            #expect(short.contentLength == nil)
            #expect(short.body.whole == ByteBuffer(string: "Hello World"))
            let long = try await transport.send(Self.request(to: server, wholeUpTo: 10))
            #expect(long.body.whole == nil)
            #expect(try await long.body.collect(upTo: 11) == ByteBuffer(string: "Hello World"))
        }
    }

    @Test("an interim answer is skipped")
    func interim() async throws {
        let script: @Sendable (ScriptedHTTPServer.Request) -> [Step] = { _ in
            [.send("HTTP/1.1 100 Continue\r\n\r\n")] + Self.ok("done")
        }
        try await Self.with(script: script) { transport, server in
            let answer = try await transport.send(Self.request(to: server))
            #expect(answer.status == 200)
            #expect(answer.body.whole == ByteBuffer(string: "done"))
        }
    }

    @Test("redirects and encodings are the caller's business")
    func untouched() async throws {
        let script: @Sendable (ScriptedHTTPServer.Request) -> [Step] = { _ in
            [.send("HTTP/1.1 301 Moved\r\nLocation: /x\r\nContent-Encoding: gzip\r\nContent-Length: 3\r\n\r\nabc")]
        }
        try await Self.with(script: script) { transport, server in
            let answer = try await transport.send(Self.request(to: server))
            #expect(answer.status == 301)
            #expect(answer.body.whole == ByteBuffer(string: "abc"))
            #expect(server.requests.count == 1)
        }
    }

    @Test("HTML instead of HTTP is a bad answer")
    func html() async throws {
        let error = try await failure("GET", .init(), .send("<html><title>Please log in</title>"))
        #expect(error?.code == .badAnswer)
        #expect(error?.message.contains("not HTTP") == true)
    }

    @Test("an answer cut short is a bad answer")
    func truncated() async throws {
        for beginning in ["HTTP/1.1 20", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello"] {
            let error = try await failure("GET", .init(), .send(beginning), .close)
            #expect(error?.code == .badAnswer)
            #expect(error?.isTransient == true)
        }
    }

    @Test("a connection that ends or breaks without an answer is unreachable")
    func closed() async throws {
        #expect(try await failure("GET", .init(), .close)?.code == .unreachable)
        #expect(try await failure("GET", .init(), .reset)?.code == .unreachable)
        #expect(try await failure("POST", .init(), .close)?.code == .unreachable)
    }

    @Test("a server that never answers is given up")
    func silence() async throws {
        var options = HTTPTransportOptions()
        options.idleTimeout = .seconds(1)
        let get = try await failure("GET", options)
        #expect(get?.code == .unreachable)
        options.workTimeout = .milliseconds(80)
        let body = ReplayableBody(ByteBuffer(string: "x"))
        #expect(try await failure("PUT", options, body: body)?.code == .unreachable)
        var deadline = HTTPTransportOptions()
        deadline.requestTimeout = .milliseconds(40)
        let overdue = try await failure("GET", deadline, .send("HTTP/1.1 200 OK\r\n"))
        #expect(overdue?.code == .unreachable)
        #expect(overdue?.message.contains("within the time") == true)
    }

    @Test("a port where nobody listens is unreachable")
    func refused() async throws {
        let server = try await ScriptedHTTPServer.start { _ in [] }
        let request = Self.request(to: server)
        try await server.shutdown()
        let transport = LeanTransport(eventLoopGroup: MultiThreadedEventLoopGroup.singleton)
        // More than one, since each failed connection must fail one request and leave none behind.
        try await (0..<10).forEachConcurrently(width: 10) { _ in
            let error = await #expect(throws: ObjectStoreError.self) { try await transport.send(request) }
            #expect(error?.code == .unreachable)
        }
        try await transport.shutdown()
    }

    @Test("after shutdown nothing is sent, and what was under way ends")
    func shutdown() async throws {
        try await Self.with(script: { _ in [] }) { transport, server in
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { _ = try await transport.send(Self.request(to: server)) }
                await server.until { $0.requests.count == 1 }
                try await transport.shutdown()
                let error = await #expect(throws: ObjectStoreError.self) { try await group.next() }
                #expect(error?.code == .unreachable)
            }
            await server.until { $0.closed == 1 }
            let error = await #expect(throws: ObjectStoreError.self) {
                try await transport.send(Self.request(to: server))
            }
            #expect(error?.code == .unreachable)
        }
    }

    @Test("a request that HTTP cannot carry is refused before it is sent")
    func badRequest() async throws {
        try await Self.with(script: { _ in Self.ok("") }) { transport, server in
            let error = await #expect(throws: ObjectStoreError.self) {
                try await transport.send(Self.request(to: server, headers: [Field("a", "b\r\nc: d")]))
            }
            #expect(error?.code == .badRequest)
            #expect(server.connections == 0)
        }
    }
}
