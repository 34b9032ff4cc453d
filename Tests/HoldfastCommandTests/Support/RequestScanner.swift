// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import NIOCore

/// Finds where requests begin in what a client sends (RFC 9112). Knows bodies of a stated length only.
struct RequestScanner {
    enum Piece: Equatable {
        /// A head, with the empty line that ends it.
        case head(method: String, target: String, ByteBuffer)
        case body(ByteBuffer)
    }

    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    private var pending = ByteBuffer()
    private var bodyLeft = 0

    /// The pieces that `bytes` completes; together they are what came, unchanged and in order.
    mutating func take(_ bytes: ByteBuffer) throws -> [Piece] {
        pending.writeImmutableBuffer(bytes)
        var pieces: [Piece] = []
        while pending.readableBytes > 0 {
            if bodyLeft > 0, let body = pending.readSlice(length: min(bodyLeft, pending.readableBytes)) {
                bodyLeft -= body.readableBytes
                pieces.append(.body(body))
            } else if let head = try nextHead() {
                pieces.append(head)
            } else {
                break
            }
        }
        pending.discardReadBytes()
        return pieces
    }

    private mutating func nextHead() throws -> Piece? {
        guard let end = pending.readableBytesView.firstRange(of: Array("\r\n\r\n".utf8))?.upperBound else {
            guard pending.readableBytes < 64 << 10 else { throw Failure(description: "a head without an end") }
            return nil
        }
        let length = end - pending.readerIndex
        guard let bytes = pending.readSlice(length: length) else { return nil }
        let lines = String(buffer: bytes).split(separator: "\r\n")
        let words = lines.first?.split(separator: " ") ?? []
        guard words.count == 3 else { throw Failure(description: "no request: \(lines.first ?? "")") }
        for line in lines.dropFirst() {
            let name = line.prefix { $0 != ":" }.lowercased()
            if name == "transfer-encoding" { throw Failure(description: "a body of no stated length") }
            if name == "content-length" { bodyLeft = Int(line.dropFirst(15).drop { $0 == " " }) ?? 0 }
        }
        return .head(method: String(words[0]), target: String(words[1]), bytes)
    }
}
