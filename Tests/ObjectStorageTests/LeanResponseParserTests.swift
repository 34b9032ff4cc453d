// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import NIOCore
import TestSupport
import Testing

@testable import ObjectStorage

@Suite struct LeanResponseParserTests {
    /// An answer, pieces of its body joined.
    struct Answer: Equatable {
        var status = 0
        var fields: [Field] = []
        var length: Int64?
        var keepsAlive = false
        var body: [UInt8] = []
        var hasEnded = false
    }

    struct Sample: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let bytes: [UInt8]
        var isHead = false
        var closes = false
        let status: Int
        var length: Int64?
        var keepsAlive = true
        let body: [UInt8]

        init(
            _ name: String, _ text: String, isHead: Bool = false, closes: Bool = false, status: Int = 200,
            length: Int64? = nil, keepsAlive: Bool = true, body: String
        ) {
            testDescription = name
            bytes = Array(text.utf8)
            self.isHead = isHead
            self.closes = closes
            self.status = status
            self.length = length
            self.keepsAlive = keepsAlive
            self.body = Array(body.utf8)
        }
    }

    static let samples = [
        Sample("fixed length", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", length: 5, body: "hello"),
        Sample("no body", "HTTP/1.1 200 OK\r\ncontent-length:0\r\n\r\n", length: 0, body: ""),
        Sample("no reason", "HTTP/1.1 200\r\nContent-Length: 1\r\n\r\nx", length: 1, body: "x"),
        Sample("bare line feeds", "HTTP/1.1 200 OK\nContent-Length: 2\n\nab", length: 2, body: "ab"),
        Sample("204", "HTTP/1.1 204 No Content\r\n\r\n", status: 204, body: ""),
        Sample(
            "304 with the length of what it does not send", "HTTP/1.1 304 N\r\nContent-Length: 9\r\n\r\n", status: 304,
            length: 9, body: ""),
        Sample(
            "HEAD", "HTTP/1.1 200 OK\r\nContent-Length: 123456789012\r\n\r\n", isHead: true, length: 123_456_789_012,
            body: ""),
        Sample(
            "chunked",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nWiki\r\nA;x=y\r\npedia in \n\r\n0\r\n\r\n",
            body: "Wikipedia in \n"),
        Sample(
            "chunked with trailers",
            "HTTP/1.1 200 OK\r\ntransfer-encoding: Chunked\r\n\r\n1\r\nx\r\n000\r\nA: b\r\nC: d\r\n\r\n", body: "x"),
        Sample(
            "until the connection closes", "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nall there is", closes: true,
            keepsAlive: false, body: "all there is"),
        Sample(
            "HTTP/1.0", "HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\nx", length: 1, keepsAlive: false, body: "x"),
        Sample(
            "HTTP/1.0 kept alive", "HTTP/1.0 200 OK\r\nConnection: Keep-Alive\r\nContent-Length: 1\r\n\r\nx", length: 1,
            body: "x"),
        Sample(
            "close among options", "HTTP/1.1 200 OK\r\nConnection: foo, Close\r\nContent-Length: 1\r\n\r\nx", length: 1,
            keepsAlive: false, body: "x"),
        Sample(
            "interim answers",
            "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 E\r\nLink: x\r\n\r\n"
                + "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
            length: 2, body: "ok"),
        Sample(
            "the same length twice", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\nok", length: 2,
            body: "ok"),
        Sample(
            "an error", "HTTP/1.1 503 Slow Down\r\nContent-Length: 3\r\n\r\n<x>", status: 503, length: 3,
            body: "<x>"),
    ]

    /// Feeds the bytes in pieces that end at `cuts`.
    private func parse(_ sample: Sample, cuts: [Int]) throws -> Answer {
        var parser = LeanResponseParser()
        parser.begin(isHead: sample.isHead)
        var answer = Answer()
        var start = 0
        for end in cuts + [sample.bytes.count] {
            parser.feed(ByteBuffer(bytes: sample.bytes[start..<end]))
            start = end
            while let event = try parser.next() { note(event, in: &answer) }
        }
        if sample.closes, let event = try parser.finish() { note(event, in: &answer) }
        #expect(parser.isIdle)
        return answer
    }

    private func note(_ event: LeanResponseParser.Event, in answer: inout Answer) {
        switch event {
        case .head(let head):
            answer.status = head.status
            answer.fields = head.fields
            answer.length = head.contentLength
            answer.keepsAlive = head.keepsAlive
        case .body(let piece): answer.body += piece.readableBytesView
        case .end: answer.hasEnded = true
        }
    }

    private func check(_ answer: Answer, _ sample: Sample) {
        #expect(answer.status == sample.status)
        #expect(answer.length == sample.length)
        #expect(answer.keepsAlive == sample.keepsAlive)
        #expect(answer.body == sample.body)
        #expect(answer.hasEnded)
    }

    @Test("answers are understood, cut anywhere", arguments: samples)
    func cuts(sample: Sample) throws {
        let whole = try parse(sample, cuts: [])
        check(whole, sample)
        for cut in 0...sample.bytes.count {
            #expect(try parse(sample, cuts: [cut]) == whole, "cut at \(cut)")
        }
        #expect(try parse(sample, cuts: Array(1..<sample.bytes.count)) == whole, "byte by byte")
        var generator = SeededGenerator(seed: 5)
        for _ in 0..<50 {
            let cuts = (0..<4).map { _ in Int.random(in: 0...sample.bytes.count, using: &generator) }.sorted()
            #expect(try parse(sample, cuts: cuts) == whole, "cut at \(cuts)")
        }
    }

    @Test("header values are bytes, names lower case")
    func rawBytes() throws {
        var bytes = Array("HTTP/1.1 200 OK\r\nContent-Length: 0\r\nX-Amz-Meta-Name: \t ".utf8)
        bytes += [0xFF, 0xE9, 0x20, 0x80, 0x01]
        bytes += Array(" \t\r\nEmpty:\r\n\r\n".utf8)
        var parser = LeanResponseParser()
        parser.begin(isHead: false)
        parser.feed(ByteBuffer(bytes: bytes))
        guard case .head(let head)? = try parser.next() else {
            Issue.record("no head")
            return
        }
        #expect(
            head.fields == [
                Field("content-length", "0"), Field("x-amz-meta-name", [0xFF, 0xE9, 0x20, 0x80, 0x01]),
                Field("empty", ""),
            ])
    }

    @Test(
        "what is not proper HTTP is refused",
        arguments: [
            "<html><body>Login</body></html>", "HTTP/2 200 OK\r\n\r\n", "HTTP/1.1 20 OK\r\n\r\n", "H\n",
            "HTTP/1.1 099 X\r\n\r\n", "HTTP/1.1 600 X\r\n\r\n", "HTTP/1.1  200 OK\r\n\r\n", "HTTP/1.1 2000 OK\r\n\r\n",
            "HTTP/1.x 200 OK\r\n\r\n", "\r\nHTTP/1.1 200 OK\r\n\r\n", "\u{16}\u{3}\u{1}",
            "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n",
            "HTTP/1.1 200 OK\r\nContent-Length: 5, 5\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
            "HTTP/1.1 200 OK\r\nContent-Length: +1\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length:\r\n\r\n",
            "HTTP/1.1 200 OK\r\nContent-Length: 9999999999999999999\r\n\r\n",
            "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", "HTTP/1.1 200 OK\r\nNo colon\r\n\r\n",
            "HTTP/1.1 200 OK\r\n: no name\r\n\r\n", "HTTP/1.1 200 OK\r\nName : value\r\n\r\n",
            "HTTP/1.1 200 OK\r\nFolded: a\r\n b\r\n\r\n", "HTTP/1.1 200 OK\r\nA: b\rc\r\n\r\n",
            "HTTP/1.1 200 OK\r\nA: b\u{0}c\r\n\r\n", "HTTP/1.1 101 Switching Protocols\r\n\r\n",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n\r\n",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\n",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nFFFFFFFFFFFFFFFF\r\n",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nxy\r\n",
            "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nxy",
        ])
    func refused(text: String) {
        for step in [1, 7, text.utf8.count] {
            #expect(throws: LeanParserError.self) {
                var parser = LeanResponseParser()
                parser.begin(isHead: false)
                let bytes = Array(text.utf8)
                for start in stride(from: 0, to: bytes.count, by: step) {
                    parser.feed(ByteBuffer(bytes: bytes[start..<min(start + step, bytes.count)]))
                    while try parser.next() != nil {}
                }
            }
        }
    }

    @Test("HTML is refused at its first byte, not at a line end that never comes")
    func earlyRefusal() {
        var parser = LeanResponseParser()
        parser.begin(isHead: false)
        parser.feed(ByteBuffer(string: "<"))
        #expect(throws: LeanParserError.notHTTP) { try parser.next() }
    }

    @Test("a head, a chunk line, trailers and interim answers have limits")
    func limits() {
        let long = String(repeating: "a", count: 70_000)
        let interim = String(repeating: "HTTP/1.1 100 Continue\r\n\r\n", count: 17)
        let trailers = String(repeating: "A: bcdefgh\r\n", count: 6000)
        let chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
        for text in [
            "HTTP/1.1 200 OK\r\nA: \(long)", "HTTP/1.1 200 OK\r\nA: \(long)\r\n\r\n", interim,
            chunked + "1;\(long)", chunked + "1;\(long)\r\n", chunked + "0\r\n" + trailers,
        ] {
            #expect(throws: LeanParserError.self) {
                var parser = LeanResponseParser()
                parser.begin(isHead: false)
                parser.feed(ByteBuffer(string: text))
                while try parser.next() != nil {}
            }
        }
    }

    @Test("an end in the middle is told from an end", arguments: samples)
    func ends(sample: Sample) throws {
        for count in 0..<sample.bytes.count {
            var parser = LeanResponseParser()
            parser.begin(isHead: sample.isHead)
            parser.feed(ByteBuffer(bytes: sample.bytes[..<count]))
            var hasBody = false
            while let event = try parser.next() {
                if case .head = event { hasBody = true }
            }
            if sample.closes, hasBody {
                #expect(try parser.finish() == .end)
            } else {
                #expect(throws: LeanParserError.endedEarly) { try parser.finish() }
            }
        }
        var idle = LeanResponseParser()
        #expect(try idle.finish() == nil)
    }

    @Test("random damage never traps")
    func damage() {
        var generator = SeededGenerator(seed: 6)
        var refused = 0
        for _ in 0..<3000 {
            guard let sample = Self.samples.randomElement(using: &generator) else { return }
            var bytes = sample.bytes
            for _ in 0..<Int.random(in: 1...3, using: &generator) {
                bytes[Int.random(in: 0..<bytes.count, using: &generator)] = UInt8.random(in: 0...255, using: &generator)
            }
            var parser = LeanResponseParser()
            parser.begin(isHead: sample.isHead)
            do {
                parser.feed(ByteBuffer(bytes: bytes))
                while try parser.next() != nil {}
                _ = try parser.finish()
            } catch {
                refused += 1
            }
        }
        #expect(refused > 500)
    }
}
