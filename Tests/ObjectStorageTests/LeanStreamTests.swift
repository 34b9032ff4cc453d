// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import NIOCore
import ObjectStorage
import Streams
import TestSupport
import Testing

/// Bodies that are too large for memory, in both directions.
@Suite(.timeLimit(.minutes(2))) struct LeanStreamTests {
    typealias Step = ScriptedHTTPServer.Step
    typealias Shared = LeanTransportTests

    private static let block = [UInt8](repeating: 0, count: 100_000).indices.map { UInt8(truncatingIfNeeded: $0 &* 7) }

    /// `count` blocks, announced.
    private static func large(_ count: Int) -> [Step] {
        [
            .send("HTTP/1.1 200 OK\r\nContent-Length: \(count * block.count)\r\n\r\n"),
            .sendRepeatedly(block, count: count),
        ]
    }

    @Test("a large body is streamed whole, and its connection used again")
    func download() async throws {
        try await Shared.with(script: { _ in Self.large(60) }) { transport, server in
            for _ in 0..<2 {
                let answer = try await transport.send(Shared.request(to: server))
                #expect(answer.contentLength == 6_000_000)
                #expect(answer.body.whole == nil)
                var position = 0
                for try await piece in answer.body {
                    let bytes = piece.readableBytesView
                    let isRight = stride(from: 0, to: bytes.count, by: 997).allSatisfy { index in
                        bytes[bytes.startIndex + index] == Self.block[(position + index) % Self.block.count]
                    }
                    #expect(isRight)
                    position += bytes.count
                }
                #expect(position == 6_000_000)
            }
            #expect(server.connections == 1)
        }
    }

    @Test("a body that nobody reads stops at the server")
    func downloadBackPressure() async throws {
        let all = TestSignal()
        let script: @Sendable (ScriptedHTTPServer.Request) -> [Step] = { request in
            request.line == "GET /large" ? Self.large(300) + [.raise(all)] : Shared.ok("small")
        }
        try await Shared.with(script: script) { transport, server in
            let answer = try await transport.send(Shared.request(to: server, "/large"))
            // Time enough for a server that is not held back: many requests beside it.
            for _ in 0..<100 { _ = try await transport.send(Shared.request(to: server, "/small")) }
            #expect(!all.isRaised)
            var count = 0
            for try await piece in answer.body { count += piece.readableBytes }
            #expect(count == 30_000_000)
            await all.wait()
        }
    }

    @Test("a body that is dropped unread ends its connection")
    func droppedBody() async throws {
        try await Shared.with(script: { _ in Self.large(300) }) { transport, server in
            _ = try await transport.send(Shared.request(to: server))
            await server.until { $0.closed == 1 }
            do {
                let answer = try await transport.send(Shared.request(to: server))
                for try await _ in answer.body { break }
            }
            await server.until { $0.closed == 2 }
        }
    }

    @Test("a stream that breaks off throws", arguments: [true, false])
    func brokenDownload(isReset: Bool) async throws {
        let script: @Sendable (ScriptedHTTPServer.Request) -> [Step] = { _ in
            [.send("HTTP/1.1 200 OK\r\nContent-Length: 5000000\r\n\r\n"), .sendRepeatedly(Self.block, count: 3)]
                + [isReset ? .reset : .close]
        }
        try await Shared.with(script: script) { transport, server in
            let answer = try await transport.send(Shared.request(to: server))
            let error = await #expect(throws: ObjectStoreError.self) {
                for try await _ in answer.body {}
            }
            #expect(error?.code == (isReset ? .unreachable : .badAnswer))
        }
    }

    @Test("a reader that is cancelled gets CancellationError, and the connection ends")
    func cancelledReader() async throws {
        let script: @Sendable (ScriptedHTTPServer.Request) -> [Step] = { _ in
            [.send("HTTP/1.1 200 OK\r\nContent-Length: 5000000\r\n\r\nbeginning")]
        }
        try await Shared.with(script: script) { transport, server in
            let answer = try await transport.send(Shared.request(to: server))
            await withThrowingTaskGroup(of: Void.self) { group in
                let began = TestSignal()
                group.addTask {
                    for try await _ in answer.body { began.raise() }
                }
                await began.wait()
                group.cancelAll()
                await #expect(throws: CancellationError.self) { try await group.next() }
            }
            await server.until { $0.closed == 1 }
        }
    }

    @Test("a slow reader is no stall, a silent server is")
    func stalledDownload() async throws {
        var options = HTTPTransportOptions()
        options.idleTimeout = .seconds(2)
        try await Shared.with(options, script: { _ in Self.large(10) }) { transport, server in
            let answer = try await transport.send(Shared.request(to: server, wholeUpTo: 1000))
            // Longer than the idle time, measured by another request's end of patience.
            try await Shared.with(options, script: { _ in [] }) { other, silent in
                for _ in 0..<3 {
                    await #expect(throws: ObjectStoreError.self) { try await other.send(Shared.request(to: silent)) }
                }
            }
            #expect(try await answer.body.collect(upTo: 1_000_000).readableBytes == 1_000_000)
        }
        let script: @Sendable (ScriptedHTTPServer.Request) -> [Step] = { _ in
            [.send("HTTP/1.1 200 OK\r\nContent-Length: 5000000\r\n\r\nbeginning")]
        }
        try await Shared.with(options, script: script) { transport, server in
            let answer = try await transport.send(Shared.request(to: server))
            let error = await #expect(throws: ObjectStoreError.self) { for try await _ in answer.body {} }
            #expect(error?.code == .unreachable)
        }
    }

    private static func stream(_ count: Int, pulled: Guarded<Int> = Guarded(0)) -> ReplayableBody {
        ReplayableBody(length: Int64(count * block.count)) {
            let buffer = ByteBuffer(bytes: block)
            return ByteStream(
                AsyncStream(unfolding: {
                    pulled.with { pulled in
                        guard pulled < count else { return nil }
                        pulled += 1
                        return buffer
                    }
                }))
        }
    }

    @Test("a large body is sent whole")
    func upload() async throws {
        try await Shared.with(script: { _ in Shared.ok("ok") }) { transport, server in
            for round in 1...2 {
                _ = try await transport.send(Shared.request("PUT", to: server, body: Self.stream(60)))
                #expect(server.receivedBytes == round * 6_000_000)
            }
            let received = try #require(server.requests.first?.body)
            var sent = ByteBuffer()
            for _ in 0..<60 { sent.writeBytes(Self.block) }
            #expect(ByteBuffer(bytes: received) == sent)
            #expect(server.connections == 1)
        }
    }

    @Test("a server that does not read holds the source back")
    func uploadBackPressure() async throws {
        let pulled = Guarded(0)
        let script: @Sendable (ScriptedHTTPServer.Request) -> [Step] = { request in
            request.line == "PUT /large" ? [.stopReading] : Shared.ok("small")
        }
        try await Shared.with(answering: .afterHead, script: script) { transport, server in
            await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask {
                    let body = Self.stream(300, pulled: pulled)
                    _ = try await transport.send(Shared.request("PUT", to: server, "/large", body: body))
                }
                await server.until { $0.requests.count == 1 }
                await #expect(throws: Never.self) {
                    for _ in 0..<100 { _ = try await transport.send(Shared.request(to: server, "/small")) }
                }
                #expect(pulled.value < 200)
                group.cancelAll()
                await #expect(throws: CancellationError.self) { try await group.next() }
            }
        }
    }

    @Test("an answer before the end of the body is read, and ends the sending", arguments: [true, false])
    func earlyAnswer(closes: Bool) async throws {
        let script: @Sendable (ScriptedHTTPServer.Request) -> [Step] = { request in
            let answer = Step.send("HTTP/1.1 403 No\r\nContent-Length: 7\r\n\r\nrefused")
            return request.number == 1 && request.connection == 1
                ? [.stopReading, answer] + (closes ? [.close] : []) : [answer]
        }
        try await Shared.with(answering: .afterHead, script: script) { transport, server in
            let answer = try await transport.send(Shared.request("PUT", to: server, body: Self.stream(300)))
            #expect(answer.status == 403)
            #expect(answer.body.whole == ByteBuffer(string: "refused"))
            // The connection is in the middle of a request and cannot be used again.
            #expect(try await transport.send(Shared.request(to: server)).status == 403)
            #expect(server.connections == 2)
        }
    }

    struct Unreadable: Error {}

    @Test("what the source of a body throws is what the caller gets", arguments: [0, 1, 50])
    func brokenSource(after: Int) async throws {
        let body = ReplayableBody(length: 6_000_000) {
            let sent = Guarded(0)
            return ByteStream {
                if sent.value == after { throw Unreadable() }
                sent.with { $0 += 1 }
                return ByteBuffer(bytes: Self.block)
            }
        }
        try await Shared.with(script: { _ in Shared.ok("x") }) { transport, server in
            await #expect(throws: Unreadable.self) {
                try await transport.send(Shared.request("PUT", to: server, body: body))
            }
            #expect(server.requests.isEmpty)
        }
    }

    @Test("a body longer or shorter than announced is an error", arguments: [-1, 1])
    func wrongLength(difference: Int64) async throws {
        let body = ReplayableBody(length: Int64(Self.block.count) + difference) {
            ByteStream(ByteBuffer(bytes: Self.block))
        }
        _ = try await Shared.with(script: { _ in [] }) { transport, server in
            await #expect(throws: ByteStreamError.self) {
                try await transport.send(Shared.request("PUT", to: server, body: body))
            }
        }
    }
}
