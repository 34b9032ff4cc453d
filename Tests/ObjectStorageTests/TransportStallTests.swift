// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import NIOCore
import NIOEmbedded
import NIOHTTP1
import Testing

@testable import ObjectStorage

/// The watch over idle connections, in virtual time.
@Suite struct TransportStallTests {
    private let channel: EmbeddedChannel

    init() throws {
        var options = HTTPTransportOptions()
        options.idleTimeout = .seconds(60)
        options.workTimeout = .seconds(300)
        channel = EmbeddedChannel(handler: StallWatch(options))
        try channel.connect(to: try SocketAddress(ipAddress: "127.0.0.1", port: 1)).wait()
    }

    private func sendRequest(_ method: HTTPMethod, reads: Bool = true) throws {
        try channel.writeOutbound(
            HTTPClientRequestPart.head(HTTPRequestHead(version: .http1_1, method: method, uri: "/")))
        try channel.writeOutbound(HTTPClientRequestPart.end(nil))
        if reads { channel.read() }
    }

    private func receive(_ part: HTTPClientResponsePart) throws {
        try channel.writeInbound(part)
    }

    private let head = HTTPClientResponsePart.head(HTTPResponseHead(version: .http1_1, status: .ok))
    private let body = HTTPClientResponsePart.body(ByteBuffer(string: "x"))

    /// The client asks for the first read of a connection before the watch stands in its way.
    @Test(arguments: [true, false])
    func aSilentServerIsGivenUp(reads: Bool) throws {
        try sendRequest(.GET, reads: reads)
        channel.embeddedEventLoop.advanceTime(by: .seconds(59))
        try channel.throwIfErrorCaught()
        channel.embeddedEventLoop.advanceTime(by: .seconds(16))
        #expect(throws: ConnectionStalled(seconds: 60)) { try channel.throwIfErrorCaught() }
        #expect(!channel.isActive)
    }

    @Test(arguments: [HTTPMethod.PUT, .POST])
    func workMayTakeLonger(_ method: HTTPMethod) throws {
        try sendRequest(method)
        channel.embeddedEventLoop.advanceTime(by: .seconds(299))
        try channel.throwIfErrorCaught()
        channel.embeddedEventLoop.advanceTime(by: .seconds(16))
        #expect(throws: ConnectionStalled(seconds: 300)) { try channel.throwIfErrorCaught() }
    }

    @Test func progressIsNeverCut() throws {
        try sendRequest(.GET)
        try receive(head)
        for _ in 0..<100 {
            channel.read()
            channel.embeddedEventLoop.advanceTime(by: .seconds(50))
            try receive(body)
        }
        try channel.throwIfErrorCaught()
        channel.read()
        channel.embeddedEventLoop.advanceTime(by: .seconds(80))
        #expect(throws: ConnectionStalled(seconds: 60)) { try channel.throwIfErrorCaught() }
    }

    /// A reader that waits for a disk or another server is no fault of this one.
    @Test func aSlowReaderIsNotTheServersFault() throws {
        try sendRequest(.GET)
        try receive(head)
        channel.embeddedEventLoop.advanceTime(by: .hours(5))
        try channel.throwIfErrorCaught()
        channel.read()
        channel.embeddedEventLoop.advanceTime(by: .seconds(59))
        try channel.throwIfErrorCaught()
        channel.embeddedEventLoop.advanceTime(by: .seconds(20))
        #expect(throws: ConnectionStalled(seconds: 60)) { try channel.throwIfErrorCaught() }
    }

    @Test func anIdleConnectionIsLeftAlone() throws {
        for _ in 0..<2 {
            try sendRequest(.GET)
            try receive(head)
            try receive(.end(nil))
            channel.read()
            channel.embeddedEventLoop.advanceTime(by: .hours(1))
            try channel.throwIfErrorCaught()
            #expect(channel.isActive)
        }
    }
}
