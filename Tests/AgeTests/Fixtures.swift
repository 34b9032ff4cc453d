// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Age
import Foundation
import NIOCore
import Streams

/// Bytes in which no two chunks are alike.
func pattern(_ count: Int) -> ByteBuffer {
    var buffer = ByteBuffer()
    buffer.reserveCapacity(count)
    var state: UInt64 = 0x9E37_79B9_7F4A_7C15
    for _ in 0..<(count + 7) / 8 {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        buffer.writeInteger(state)
    }
    return buffer.prefix(count)
}

extension ByteBuffer {
    /// The same bytes in pieces of `size`.
    func inPieces(of size: Int) -> ByteStream {
        BufferBytes(self).stream(0..<Int64(readableBytes), blockSize: Int64(size))
    }

    func changed(at index: Int) -> ByteBuffer {
        var copy = self
        copy.setInteger((copy.getInteger(at: index) ?? 0) ^ 0x10 as UInt8, at: index)
        return copy
    }

    func prefix(_ count: Int) -> ByteBuffer {
        getSlice(at: readerIndex, length: count) ?? self
    }
}

let limit = 64 << 20

func sealed(_ plaintext: ByteBuffer, to recipients: [any Recipient], pieces: Int = 10_000) async throws -> ByteBuffer {
    try await seal(plaintext.inPieces(of: pieces), to: recipients).collect(upTo: limit)
}

func opened(_ sealed: ByteBuffer, with identities: [any Identity], pieces: Int = 10_000) async throws -> ByteBuffer {
    try await open(sealed.inPieces(of: pieces), with: identities).collect(upTo: limit)
}

/// What `body` throws, when it is an `AgeError`.
func ageError<Value>(_ body: () async throws -> Value) async throws -> AgeError? {
    do {
        _ = try await body()
        return nil
    } catch let error as AgeError {
        return error
    }
}

/// A folder for one test, removed after it.
func withFolder<Value>(_ body: (URL) async throws -> Value) async throws -> Value {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("age-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: false)
    defer { try? FileManager.default.removeItem(at: folder) }
    return try await body(folder)
}

/// Runs a program, without any of ours in it, and answers its exit status and what it said.
func run(_ program: String, _ arguments: [String]) throws -> (status: Int32, output: String) {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = [program] + arguments
    let output = Pipe()
    process.standardOutput = output
    process.standardError = output
    try process.run()
    let answer = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    return (process.terminationStatus, answer)
}
