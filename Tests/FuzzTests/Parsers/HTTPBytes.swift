// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import NIOCore
import Streams

@testable import ObjectStorage

/// The bytes of a connection: cut into an answer, whole and in pieces, and read as the answer to GET and HEAD.
enum HTTPBytes {
    private struct Reading: Equatable {
        var head: LeanResponseHead?
        var body: [UInt8] = []
        var hasEnded = false
        var isRefused = false
    }

    static func read(_ bytes: [UInt8]) async throws {
        for isHead in [false, true] {
            let whole = try answer(bytes, pieceLength: max(bytes.count, 1), isHead: isHead)
            for length in [1, 7, 100] {
                let cut = try answer(bytes, pieceLength: length, isHead: isHead)
                try demand(cut == whole, "an answer reads otherwise when it comes in pieces of \(length) bytes")
            }
            if let head = whole.head { try await readAsObject(head, whole.body, isHead: isHead) }
        }
    }

    private static func answer(_ bytes: [UInt8], pieceLength: Int, isHead: Bool) throws -> Reading {
        var reading = Reading()
        var parser = LeanResponseParser()
        parser.begin(isHead: isHead)
        do {
            for start in stride(from: 0, to: bytes.count, by: pieceLength) {
                parser.feed(ByteBuffer(bytes: bytes[start..<min(start + pieceLength, bytes.count)]))
                while let event = try parser.next() { try take(event, into: &reading) }
            }
            if let event = try parser.finish() { try take(event, into: &reading) }
        } catch is LeanParserError {
            reading.isRefused = true
        }
        if let head = reading.head, let length = head.contentLength, !isHead, !head.isChunked, reading.hasEnded,
            head.status != 304, head.status != 204
        {
            try demand(Int64(reading.body.count) == length, "a body is not as long as its length")
        }
        return reading
    }

    private static func take(_ event: LeanResponseParser.Event, into reading: inout Reading) throws {
        try demand(!reading.hasEnded, "something comes after the end")
        switch event {
        case .head(let head):
            try demand(reading.head == nil && (200..<600).contains(head.status), "a second head")
            reading.head = head
        case .body(let piece):
            try demand(reading.head != nil && piece.readableBytes > 0, "a body before its head, or none of it")
            reading.body += piece.readableBytesView
        case .end: reading.hasEnded = true
        }
    }

    private static func readAsObject(_ head: LeanResponseHead, _ body: [UInt8], isHead: Bool) async throws {
        let transport = AnswerTransport(
            status: head.status, fields: head.fields, body: isHead ? [] : body,
            contentLength: .some(head.contentLength))
        let client = try AnswerBytes.client(transport)
        for range in [nil, 0..<10, 3..<9] as [Range<Int64>?] {
            _ = try await accepted(unless: ObjectStoreError.self) {
                guard !isHead else { return try check(try await client.head(ObjectKey("key"), in: "bucket")) }
                let object = try await client.get(ObjectKey("key"), in: "bucket", GetOptions(range: range))
                try check(object.info)
                try demand(object.length <= range.map { Int64($0.count) } ?? .max, "more than was asked for")
                let bytes = try await object.bytes.collect(upTo: body.count)
                try demand(Int64(bytes.readableBytes) == object.length, "a body is not as long as its length")
            }
        }
    }

    private static func check(_ info: ObjectInfo) throws {
        try demand(info.size >= 0, "a negative size")
        for fields in [info.attributes.headers, info.attributes.metadata] {
            try demand(Set(fields.map(\.name)).count == fields.count, "one name for two headers")
        }
    }
}
