// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import NIOCore
import Streams
import Testing

@testable import Archive

@Suite struct DecompressionTests {
    private let content = text(50_000) + noise(20_000) + [UInt8](repeating: 0, count: 300_000)

    private func compressed(_ codec: ArchiveCodec, pieces: [[UInt8]]) throws -> ByteBuffer {
        let compressor = try ArchiveOptions(codec: codec, level: .fast).makeCompressor()
        var whole = ByteBuffer()
        for piece in pieces {
            var frame = ByteBuffer()
            try compressor.compress(ByteBuffer(bytes: piece), into: &frame)
            whole.writeBuffer(&frame)
        }
        return whole
    }

    @Test(arguments: ArchiveCodec.allCases, [1, 2, 3, 5, 17, 1000, 1 << 20])
    func piecesOfAnyLengthGiveTheSame(codec: ArchiveCodec, length: Int) async throws {
        let file = try compressed(codec, pieces: [content, [7], text(3000)])
        #expect(try await collect(decompressed(pieces(of: file, length: length))) == content + [7] + text(3000))
    }

    @Test func outputOfManyTimesTheInputComesInPieces() async throws {
        for codec in ArchiveCodec.allCases {
            let file = try compressed(codec, pieces: [[UInt8](repeating: 0, count: 5_000_000)])
            var total = 0
            for try await piece in decompressed(ByteStream(file)) {
                #expect(piece.readableBytes > 0 && piece.readableBytes <= 256 << 10)
                total += piece.readableBytes
            }
            #expect(total == 5_000_000)
        }
    }

    /// Output that ends just where a piece is full.
    @Test(arguments: ArchiveCodec.allCases, [256 << 10 - 1, 256 << 10, 256 << 10 + 1, 512 << 10])
    func outputAtTheBorderOfAPiece(codec: ArchiveCodec, count: Int) async throws {
        for bytes in [text(count), noise(count)] {
            let file = try compressed(codec, pieces: [bytes])
            #expect(try await collect(decompressed(ByteStream(file))) == bytes)
            let twice = try compressed(codec, pieces: [bytes, [7], bytes])
            #expect(try await collect(decompressed(ByteStream(twice))) == bytes + [7] + bytes)
        }
    }

    @Test(arguments: [[], [1], [0x1f], text(100), noise(2000)])
    func whatIsNotCompressedPassesThrough(bytes: [UInt8]) async throws {
        for length in [1, 3, 1 << 20] {
            #expect(try await collect(decompressed(pieces(of: ByteBuffer(bytes: bytes), length: length))) == bytes)
        }
    }

    /// Flags: 1 text, 2 header checksum, 4 extra field, 8 name, 16 comment.
    @Test(arguments: 0..<32 as Range<UInt8>)
    func gzipHeadersOfOthersAreRead(flags: UInt8) async throws {
        var header: [UInt8] = [0x1f, 0x8b, 8, flags, 1, 2, 3, 4, 2, 3]
        if flags & 4 != 0 { header += [5, 0, 1, 2, 3, 4, 5] }
        if flags & 8 != 0 { header += Array("name.tar\u{0}".utf8) }
        if flags & 16 != 0 { header += Array("a comment\u{0}".utf8) }
        if flags & 2 != 0 {
            let sum = header.withUnsafeBytes { GzipMember.checksum($0) }
            header += [UInt8(truncatingIfNeeded: sum), UInt8(truncatingIfNeeded: sum >> 8)]
        }
        let ours = try compressed(.gzip, pieces: [text(1000)])
        let member = header + ours.readableBytesView.dropFirst(24)
        for length in [1, 2, 7, 1 << 20] {
            let found = try await collect(decompressed(pieces(of: ByteBuffer(bytes: member + member), length: length)))
            #expect(found == text(1000) + text(1000))
        }
        if flags & 2 != 0 {
            header[4] ^= 1
            await expectCorrupt(ByteBuffer(bytes: header + ours.readableBytesView.dropFirst(24)))
        }
    }

    @Test func endlessGzipHeadersAreRefused() async {
        await expectCorrupt(ByteBuffer(bytes: [0x1f, 0x8b, 8, 8, 0, 0, 0, 0, 0, 3] + text(300 << 10)))
        await expectCorrupt(ByteBuffer(bytes: [0x1f, 0x8b, 8, 0x20, 0, 0, 0, 0, 0, 3]))
        await expectCorrupt(ByteBuffer(bytes: [0x1f, 0x8b, 7, 0, 0, 0, 0, 0, 0, 3]))
    }

    @Test func zerosBehindGzipArePadding() async throws {
        var file = try compressed(.gzip, pieces: [text(1000)])
        file.writeRepeatingByte(0, count: 10_000)
        for length in [1, 900, 1 << 20] {
            #expect(try await collect(decompressed(pieces(of: file, length: length))) == text(1000))
        }
        file.writeInteger(1, as: UInt8.self)
        await expectCorrupt(file)
    }

    @Test func garbageBehindTheEndIsCorrupt() async throws {
        for codec in ArchiveCodec.allCases {
            for garbage in [
                [1], [0x1f, 0x8c, 8, 0, 0, 0, 0, 0, 0, 0, 0, 0], [0x28, 0xb5, 0x2f, 0xfc, 0, 0, 0, 0, 0], noise(1000),
            ] as [[UInt8]] {
                var file = try compressed(codec, pieces: [text(1000)])
                file.writeBytes(garbage)
                await #expect(throws: ArchiveError.self) { try await collect(decompressed(ByteStream(file))) }
            }
        }
    }

    @Test func wrongChecksumsAreCorrupt() async throws {
        for codec in ArchiveCodec.allCases {
            var file = try compressed(codec, pieces: [text(1000)])
            // The checksum: the last four bytes of a zstd frame, the four before the length of a gzip member.
            let offset = file.writerIndex - (codec == .gzip ? 8 : 4)
            file.setInteger((file.getInteger(at: offset) ?? 0) ^ UInt8(1), at: offset)
            await expectCorrupt(file)
        }
    }

    @Test func everyTruncationWithinAMemberIsFound() async throws {
        for codec in ArchiveCodec.allCases {
            let file = try compressed(codec, pieces: [text(2000), noise(300)])
            let border = try compressed(codec, pieces: [text(2000)]).readableBytes
            for length in 4..<file.readableBytes where length != border {
                let cut = try #require(file.getSlice(at: 0, length: length))
                await #expect(throws: ArchiveError.truncated("within compressed data"), "\(codec) cut at \(length)") {
                    try await collect(decompressed(ByteStream(cut)))
                }
            }
        }
    }

    @Test func windowsBeyondTheLimitAreRefused() async {
        // A frame header that asks for a window of 2 GiB: exponent 21 of 1 KiB.
        var file = ByteBuffer(bytes: [0x28, 0xb5, 0x2f, 0xfd, 0x04, 21 << 3])
        file.writeBytes([1, 0, 0, 0, 0, 0, 0])
        await expectCorrupt(file)
    }

    private func expectCorrupt(_ file: ByteBuffer, sourceLocation: SourceLocation = #_sourceLocation) async {
        await #expect(sourceLocation: sourceLocation) {
            try await collect(decompressed(ByteStream(file)))
        } throws: { error in
            if case ArchiveError.corrupt = error { true } else { false }
        }
    }
}
