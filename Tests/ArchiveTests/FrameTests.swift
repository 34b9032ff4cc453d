// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import NIOCore
import Testing

@testable import Archive

@Suite struct FrameTests {
    private static let pieces: [(name: String, bytes: [UInt8])] = [
        ("one byte", [7]), ("two bytes", [7, 7]), ("text", text(200_000)), ("noise", noise(200_000)),
        ("zeros", [UInt8](repeating: 0, count: 200_000)), ("mixed", text(70_000) + noise(70_000) + text(70_000)),
    ]

    private func frame(_ bytes: [UInt8], _ codec: ArchiveCodec, _ level: CompressionLevel) throws -> ByteBuffer {
        var frame = ByteBuffer(string: "what the buffer held before")
        let options = ArchiveOptions(codec: codec, level: level)
        try options.makeCompressor().compress(ByteBuffer(bytes: bytes), into: &frame)
        return frame
    }

    @Test(arguments: ArchiveCodec.allCases, CompressionLevel.allCases)
    func framesGiveBackTheirPiece(codec: ArchiveCodec, level: CompressionLevel) throws {
        let decoder = try codec.makeDecoder()
        for (name, bytes) in Self.pieces {
            let frame = try frame(bytes, codec, level)
            #expect(codec.frameLengths(in: frame) == FrameLengths(file: frame.readableBytes, tar: bytes.count))
            #expect(try decoder.decode(frame, length: bytes.count) == ByteBuffer(bytes: bytes))
            #expect(frame.readableBytes >= codec.shortestFrame)
            if level != .none, name == "text" || name == "zeros" { #expect(frame.readableBytes < bytes.count / 2) }
            if name == "noise" { #expect(frame.readableBytes < bytes.count + 64) }
        }
    }

    @Test func whatDoesNotShrinkIsStored() throws {
        for level in CompressionLevel.allCases {
            let bytes = noise(100_000)
            let frame = try frame(bytes, .gzip, level)
            // Header, two stored blocks with five bytes each, trailer.
            #expect(frame.readableBytes == 24 + 5 + 65_535 + 5 + (100_000 - 65_535) + 8)
            #expect(Array(frame.readableBytesView[29..<129]) == Array(bytes[..<100]))
        }
    }

    @Test func gzipHeaderIsAsDocumented() throws {
        let frame = try frame(Array("holdfast".utf8), .gzip, .none)
        var expected: [UInt8] = [0x1f, 0x8b, 8, 4, 0, 0, 0, 0, 0, 255, 12, 0, 72, 70, 8, 0, 45, 0, 0, 0, 8, 0, 0, 0]
        expected += [1, 8, 0, 0xf7, 0xff] + Array("holdfast".utf8)
        #expect(Array(frame.readableBytesView.prefix(37)) == expected)
        #expect(frame.readableBytes == 45)
    }

    @Test(arguments: ArchiveCodec.allCases)
    func lyingLengthsAreDefects(codec: ArchiveCodec) throws {
        let frame = try frame(text(5000), codec, .fast)
        let decoder = try codec.makeDecoder()
        #expect(throws: FrameDefect.header) { try decoder.decode(frame, length: 4999) }
        #expect(throws: FrameDefect.header) { try decoder.decode(frame, length: 5001) }
        var longer = frame
        longer.writeInteger(0, as: UInt8.self)
        #expect(throws: FrameDefect.header) { try decoder.decode(longer, length: 5000) }
        var shorter = frame
        shorter.moveWriterIndex(to: frame.writerIndex - 1)
        #expect(throws: FrameDefect.header) { try decoder.decode(shorter, length: 5000) }
        #expect(throws: FrameDefect.header) { try decoder.decode(ByteBuffer(), length: 5000) }
    }

    @Test func framesBeyondTheLimitsAreNone() throws {
        var frame = try frame(text(5000), .gzip, .fast)
        frame.setInteger(UInt32(64 << 20) + 1, at: 20, endianness: .little)
        #expect(ArchiveCodec.gzip.frameLengths(in: frame) == nil)
        frame.setInteger(0, at: 20, endianness: .little, as: UInt32.self)
        #expect(ArchiveCodec.gzip.frameLengths(in: frame) == nil)
        // zstd: descriptor with an eight-byte content size, one segment, checksum.
        var giant = ByteBuffer(bytes: [0x28, 0xb5, 0x2f, 0xfd, 0xe4])
        giant.writeInteger(1 << 40, endianness: .little, as: UInt64.self)
        giant.writeBytes([1, 0, 0, 0, 0, 0, 0])
        #expect(ArchiveCodec.zstd.frameLengths(in: giant) == nil)
        #expect(throws: FrameDefect.header) { try ArchiveCodec.zstd.makeDecoder().decode(giant, length: 1 << 40) }
    }

    @Test func zstdFramesWithoutChecksumAreNone() throws {
        // One raw block of one byte; descriptor 0x20 has no checksum, 0x24 has one.
        let bare = ByteBuffer(bytes: [0x28, 0xb5, 0x2f, 0xfd, 0x20, 1, 0x09, 0, 0, 7])
        #expect(ArchiveCodec.zstd.frameLengths(in: bare) == nil)
        let skippable = ByteBuffer(bytes: [0x50, 0x2a, 0x4d, 0x18, 1, 0, 0, 0, 7])
        #expect(ArchiveCodec.zstd.frameLengths(in: skippable) == nil)
    }
}
