// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import NIOCore
import Streams

@testable import Archive

/// A compressed file of any maker, read in sequence: whole and in pieces.
enum CompressedBytes {
    /// What is read of a bomb.
    private static let outputLimit = 4 << 20

    private struct Output: Equatable {
        var bytes: [UInt8] = []
        var isRefused = false
    }

    static func read(_ bytes: [UInt8]) async throws {
        // What is not compressed passes through in the pieces it comes in.
        let pieceLimit = max(256 << 10, bytes.count)
        let whole = try await output(of: ByteStream(ByteBuffer(bytes: bytes)), pieceLimit: pieceLimit)
        let file = BufferBytes(ByteBuffer(bytes: bytes))
        let step = max(1, Int64(bytes.count) / 16)
        let cut = try await output(of: file.stream(0..<file.size, blockSize: step), pieceLimit: pieceLimit)
        try demand(whole.isRefused == cut.isRefused, "whether a file is refused depends on the pieces it comes in")
        let shorter = min(whole.bytes.count, cut.bytes.count)
        try demand(
            whole.bytes.prefix(shorter) == cut.bytes.prefix(shorter) && (whole.isRefused || whole == cut),
            "what a file holds depends on the pieces it comes in")
    }

    private static func output(of stream: ByteStream, pieceLimit: Int) async throws -> Output {
        var output = Output()
        do {
            for try await piece in decompressed(stream) {
                try demand(piece.readableBytes <= pieceLimit, "a piece of \(piece.readableBytes) bytes")
                output.bytes += piece.readableBytesView
                guard output.bytes.count < outputLimit else {
                    output.bytes.removeLast(output.bytes.count - outputLimit)
                    break
                }
            }
        } catch is ArchiveError {
            output.isRefused = true
        }
        return output
    }
}
