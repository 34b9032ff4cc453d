// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import NIOCore
import NIOPosix
import Streams
import Testing

@testable import ObjectStorage

/// AsyncHTTPClientTransport against servers that keep to HTTP and servers that do not.
@Suite(.timeLimit(.minutes(1))) struct TransportTests {
    private static let group = MultiThreadedEventLoopGroup.singleton

    private func withTransport(
        _ configure: (inout HTTPTransportOptions) -> Void = { _ in },
        respond: @escaping @Sendable (String) -> ScriptedServer.Step,
        _ body: (AsyncHTTPClientTransport, ScriptedServer) async throws -> Void
    ) async throws {
        var options = HTTPTransportOptions()
        configure(&options)
        let server = try await ScriptedServer.start(on: Self.group, respond: respond)
        let transport = try AsyncHTTPClientTransport(eventLoopGroup: Self.group, options: options)
        do {
            try await body(transport, server)
        } catch {
            try await transport.shutdown()
            throw error
        }
        try await transport.shutdown()
        try await server.stop()
    }

    private func request(
        _ server: ScriptedServer, _ method: String = "GET", _ target: String = "/", headers: [Field] = [],
        body: ReplayableBody? = nil, wholeUpTo: Int = 1 << 20
    ) -> WireRequest {
        WireRequest(
            method: method, host: "127.0.0.1", port: server.port, isTLS: false, target: target,
            headers: [Field("host", "bucket.example:9")] + headers, body: body, wholeUpTo: wholeUpTo)
    }

    @Test(arguments: [
        "/", "/b/a//b///c", "/b/../x/./y", "/b//", "/b/a%2Bb%20%25%3F%23%C3%A9?prefix=a%2Bb%20&x=", "/b/e%CC%81",
        "/b/%01%0D%0A",
        "/b/~-._?acl=", "/b/..", "/b?k=%FF",
    ])
    func targetsAndHeadersGoAsTheyAre(_ target: String) async throws {
        try await withTransport(respond: { _ in
            .send("HTTP/1.1 200 OK\r\nX-A: 1\r\nx-a:2\r\nContent-Length: 2\r\n\r\nok")
        }) {
            transport, server in
            let response = try await transport.send(
                request(server, "GET", target, headers: [Field("x-b", "ä"), Field("a-first", "")]))
            #expect(
                server.requests == ["GET \(target) HTTP/1.1\r\nhost: bucket.example:9\r\nx-b: ä\r\na-first: \r\n\r\n"])
            #expect(response.status == 200)
            #expect(response.headers == [Field("x-a", "1"), Field("x-a", "2"), Field("content-length", "2")])
            #expect(response.contentLength == 2)
            #expect(response.body.whole.map { String(buffer: $0) } == "ok")
        }
    }

    @Test func bodiesHaveAKnownLength() async throws {
        try await withTransport(respond: { _ in .send("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n") }) {
            transport, server in
            let stream = ReplayableBody(length: 6) {
                ByteStream(
                    AsyncStream<ByteBuffer> { continuation in
                        for piece in ["ab", "", "cdef"] { continuation.yield(ByteBuffer(string: piece)) }
                        continuation.finish()
                    })
            }
            for body in [stream, ReplayableBody(ByteBuffer(string: "abcdef")), ReplayableBody(ByteBuffer()), nil] {
                let response = try await transport.send(request(server, "PUT", body: body))
                #expect(response.status == 200)
            }
            let sent = server.requests.map {
                $0.split(separator: "\r\n", omittingEmptySubsequences: false).dropFirst(2)
            }
            #expect(
                sent.map { $0.joined(separator: "|") } == [
                    "Content-Length: 6||abcdef", "Content-Length: 6||abcdef", "Content-Length: 0||",
                    "Content-Length: 0||",
                ])
        }
    }

    @Test func longAndChunkedBodiesStream() async throws {
        let long = String(repeating: "x", count: 300_000)
        try await withTransport(
            respond: {
                $0.hasPrefix("GET /long")
                    ? .send("HTTP/1.1 200 OK\r\ncontent-length: \(long.utf8.count)\r\n\r\n\(long)")
                    : .send("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n")
            },
            { transport, server in
                let response = try await transport.send(request(server, "GET", "/long", wholeUpTo: 299_999))
                #expect(response.body.whole == nil)
                #expect(try await response.body.collect(upTo: 300_000) == ByteBuffer(string: long))
                let whole = try await transport.send(request(server, "GET", "/long", wholeUpTo: 300_000))
                #expect(whole.body.whole == ByteBuffer(string: long))
                let chunked = try await transport.send(request(server))
                #expect(chunked.contentLength == nil)
                #expect(try await chunked.body.collect(upTo: 5) == ByteBuffer(string: "abcde"))
            })
    }

    @Test func headTellsTheLengthOfABodyThatDoesNotCome() async throws {
        try await withTransport(respond: { _ in .send("HTTP/1.1 200 OK\r\ncontent-length: 12345\r\n\r\n") }) {
            transport, server in
            let response = try await transport.send(request(server, "HEAD"))
            #expect(response.contentLength == 12_345)
            #expect(response.body.whole == ByteBuffer())
        }
    }

    @Test func nothingIsFollowedOrDecoded() async throws {
        try await withTransport(
            respond: { _ in
                .send(
                    "HTTP/1.1 301 Moved\r\nlocation: http://127.0.0.1:1/\r\ncontent-encoding: gzip\r\ncontent-length: 4\r\n\r\nnope"
                )
            },
            { transport, server in
                let response = try await transport.send(request(server))
                #expect(response.status == 301)
                #expect(response.body.whole == ByteBuffer(string: "nope"))
            })
    }

    struct BadServer: Sendable {
        let step: ScriptedServer.Step
        var method = "GET"
        let code: ObjectStoreError.Code
        let says: String
    }

    @Test(
        arguments: [
            BadServer(
                step: .sendAndClose("HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nabc"), code: .badAnswer,
                says: "before the answer was complete"),
            BadServer(
                step: .sendAndClose("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nabc"), code: .badAnswer,
                says: "before the answer was complete"),
            BadServer(step: .sendAndClose(""), code: .unreachable, says: "closed the connection before it answered"),
            BadServer(step: .sendAndClose("SSH-2.0-OpenSSH_9.2\r\n"), code: .badAnswer, says: "not HTTP"),
            BadServer(step: .silence, code: .unreachable, says: "sent and took nothing"),
            BadServer(step: .silence, method: "PUT", code: .unreachable, says: "sent and took nothing"),
            BadServer(
                step: .send("HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nabc"), code: .unreachable,
                says: "sent and took nothing"),
        ], [0, 1 << 20])
    func badServersAreNamed(_ test: BadServer, _ wholeUpTo: Int) async throws {
        try await withTransport(
            {
                $0.idleTimeout = .milliseconds(80)
                $0.workTimeout = .milliseconds(160)
            }, respond: { _ in test.step }
        ) { transport, server in
            let error = await storeError {
                let response = try await transport.send(request(server, test.method, wholeUpTo: wholeUpTo))
                _ = try await response.body.collect(upTo: 100)
            }
            #expect(error?.code == test.code)
            #expect(error?.isTransient == true)
            #expect(error?.message.contains("127.0.0.1:\(server.port)") == true)
            #expect(error?.message.contains(test.says) == true, "\(error?.message ?? "no error")")
        }
    }

    @Test func aServerThatIsNotThere() async throws {
        try await withTransport(respond: { _ in .silence }) { transport, server in
            try await server.stop()
            let error = await storeError { _ = try await transport.send(request(server)) }
            #expect(error?.code == .unreachable)
            #expect(error?.message == "connection refused: is the server running at 127.0.0.1:\(server.port)?")
        }
    }

    @Test func cancellationIsCancellation() async throws {
        try await withTransport(respond: { _ in .silence }) { transport, server in
            let task = Task { _ = try await transport.send(request(server)) }
            while server.requests.isEmpty { await Task.yield() }
            task.cancel()
            await #expect(throws: CancellationError.self) { try await task.value }
        }
    }

    private struct SourceFailed: Error {}

    @Test func whatABodysSourceThrowsComesThrough() async throws {
        try await withTransport(respond: { _ in .send("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n") }) {
            transport, server in
            let failing = ReplayableBody(length: 5) { ByteStream(pull: { throw SourceFailed() }) }
            await #expect(throws: SourceFailed.self) {
                _ = try await transport.send(request(server, "PUT", body: failing))
            }
            let short = ReplayableBody(length: 5) { ByteStream(ByteBuffer(string: "abc")) }
            await #expect(throws: ByteStreamError.endedEarly(wanted: 5, got: 3)) {
                _ = try await transport.send(request(server, "PUT", body: short))
            }
            let long = ReplayableBody(length: 2) { ByteStream(ByteBuffer(string: "abc")) }
            await #expect(throws: ByteStreamError.tooLong(limit: 2)) {
                _ = try await transport.send(request(server, "PUT", body: long))
            }
            #expect(server.requests.isEmpty)
        }
    }

    /// The library would send `/` instead, which is another request.
    @Test func whatCannotBeCarriedIsRefused() async throws {
        try await withTransport(respond: { _ in .silence }) { transport, server in
            let path = await storeError { _ = try await transport.send(request(server, "DELETE", "/b/%FF")) }
            #expect(path?.code == .badRequest)
            let header = await storeError {
                _ = try await transport.send(request(server, headers: [Field("x-amz-meta-a", [0xFF])]))
            }
            #expect(header?.code == .badRequest)
            #expect(header?.message.contains("x-amz-meta-a") == true)
            #expect(server.requests.isEmpty)
        }
    }

    @Test func anUnknownNameSaysSo() async throws {
        try await withTransport({ $0.connectTimeout = .seconds(5) }, respond: { _ in .silence }) { transport, server in
            var unknown = request(server)
            unknown.host = "no-such-host.invalid"
            let sent = unknown
            let error = await storeError { _ = try await transport.send(sent) }
            #expect(error?.code == .unreachable)
            #expect(error?.message.contains("no-such-host.invalid") == true, "\(error?.message ?? "no error")")
        }
    }
}
