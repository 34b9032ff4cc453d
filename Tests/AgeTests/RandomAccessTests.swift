// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import NIOCore
import Streams
import Synchronization
import Testing

@testable import Age

@Suite struct RandomAccessTests {
    private static let identity = X25519Identity()

    @Test(arguments: PayloadTests.sizes)
    func anyRangeIsRead(_ size: Int) async throws {
        let plaintext = pattern(size)
        let file = try await sealed(plaintext, to: [Self.identity.recipient])
        let bytes = try await open(BufferBytes(file), with: [Self.identity])
        #expect(bytes.size == Int64(size))
        #expect(try await bytes.read(0..<Int64(size)) == plaintext)
        let borders = [0, 1, 65_535, 65_536, 65_537, 131_072, size - 1, size].filter { (0...size).contains($0) }
        for lower in borders {
            for upper in borders where upper >= lower {
                let expected = plaintext.getSlice(at: lower, length: upper - lower)
                #expect(try await bytes.read(Int64(lower)..<Int64(upper)) == expected, "\(lower)..<\(upper)")
            }
        }
        #expect(try await bytes.stream(0..<Int64(size), blockSize: 100_000).collect(upTo: limit) == plaintext)
    }

    /// What was in a chunk gives back its bytes, and nothing else gives any.
    @Test(arguments: [0, 1, 2])
    func aChunkIsSealedAgainAsItWas(chunk: Int) async throws {
        let plaintext = pattern(150_000)
        let file = try await sealed(plaintext, to: [Self.identity.recipient])
        let bytes = try await open(BufferBytes(file), with: [Self.identity])
        let start = file.readableBytes - 150_000 - 3 * 16 + chunk * 65_552
        let content = try #require(
            plaintext.getSlice(at: chunk * 65_536, length: min(65_536, 150_000 - chunk * 65_536)))
        let old = try #require(file.getSlice(at: start, length: content.readableBytes + 16))
        let tag = try #require(old.getSlice(at: content.readableBytes, length: 16))
        #expect(try bytes.sealedAgain(Int64(chunk), of: content, tag: tag) == old)
        var other = content
        other.setInteger(other.getInteger(at: 5, as: UInt8.self).map { $0 ^ 1 } ?? 0, at: 5)
        #expect(try bytes.sealedAgain(Int64(chunk), of: other, tag: tag) == nil)
        #expect(try bytes.sealedAgain(Int64(chunk + 1) % 3, of: content, tag: tag) == nil)
        #expect(try bytes.sealedAgain(3, of: content, tag: tag) == nil)
    }

    @Test(arguments: [-1..<1, 0..<101, 100..<101, 101..<101] as [Range<Int64>])
    func aRangeOutsideIsRefused(_ range: Range<Int64>) async throws {
        let file = try await sealed(pattern(100), to: [Self.identity.recipient])
        let bytes = try await open(BufferBytes(file), with: [Self.identity])
        await #expect(throws: ByteStreamError.outOfBounds(range, size: 100)) { try await bytes.read(range) }
    }

    @Test func onlyTheChunksThatCoverTheRangeAreRead() async throws {
        let file = try await sealed(pattern(1_000_000), to: [Self.identity.recipient])
        let source = CountingBytes(BufferBytes(file))
        let bytes = try await open(source, with: [Self.identity])
        #expect(source.readBytes.exchange(0, ordering: .relaxed) <= 4_096 + 16 + 65_552)
        _ = try await bytes.read(70_000..<70_010)
        #expect(source.readBytes.exchange(0, ordering: .relaxed) == 65_552)
        _ = try await bytes.read(65_535..<65_537)
        #expect(source.readBytes.exchange(0, ordering: .relaxed) == 2 * 65_552)
    }

    @Test func damageOutsideTheRangeDoesNotMatterAndInsideItDoes() async throws {
        let plaintext = pattern(200_000)
        let file = try await sealed(plaintext, to: [Self.identity.recipient])
        let header = try await PayloadSealer(to: [Self.identity.recipient]).header.readableBytes
        let bytes = try await open(BufferBytes(file.changed(at: header + 65_552)), with: [Self.identity])
        #expect(try await bytes.read(0..<65_536) == plaintext.prefix(65_536))
        #expect(try await ageError { try await bytes.read(65_535..<65_537) } == .payloadCorrupt(chunk: 1))
    }

    /// The last chunk of two that is empty: authentic, and still against the format.
    @Test func anEmptyLastChunkIsRefused() async throws {
        let fileKey = FileKey()
        let nonce = Array(repeating: 1 as UInt8, count: 16)
        let recipients: [any Recipient] = [Self.identity.recipient]
        var file = try await PayloadSealer(to: recipients, fileKey: fileKey, nonce: nonce).header
        let cipher = ChunkCipher(fileKey: fileKey, nonce: nonce)
        try pattern(65_536).withUnsafeReadableBytes { try cipher.seal($0, chunk: 0, isLast: false, into: &file) }
        try cipher.seal(UnsafeRawBufferPointer(start: nil, count: 0), chunk: 1, isLast: true, into: &file)
        let sealed = file
        #expect(try await ageError { try await opened(sealed, with: [Self.identity]) } == .payloadCorrupt(chunk: 1))
        #expect(try await ageError { try await open(BufferBytes(sealed), with: [Self.identity]) } == .truncated)
    }

    @Test func aSourceThatEndsEarlyIsAnError() async throws {
        let file = try await sealed(pattern(200_000), to: [Self.identity.recipient])
        let bytes = try await open(LyingBytes(file), with: [Self.identity])
        #expect(try await ageError { try await bytes.read(0..<65_536) } != nil)
    }
}

private final class CountingBytes: RandomAccessBytes {
    let readBytes = Atomic(0)
    private let base: BufferBytes

    init(_ base: BufferBytes) {
        self.base = base
    }

    var size: Int64 { base.size }

    func read(_ range: Range<Int64>) async throws -> ByteBuffer {
        readBytes.add(range.count, ordering: .relaxed)
        return try await base.read(range)
    }
}

/// Gives less than was asked for, except of the header and the last chunk.
private struct LyingBytes: RandomAccessBytes {
    private let base: BufferBytes

    init(_ buffer: ByteBuffer) {
        base = BufferBytes(buffer)
    }

    var size: Int64 { base.size }

    func read(_ range: Range<Int64>) async throws -> ByteBuffer {
        let whole = try await base.read(range)
        return range.upperBound == size || range.count <= 4_096 ? whole : whole.prefix(whole.readableBytes / 2)
    }
}
