// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import NIOCore
import Testing

@testable import Archive

@Suite struct ArchiveIndexTests {
    private func index(frames: Int, seed: UInt64 = 3) throws -> ArchiveIndex {
        var generator = SeededGenerator(seed: seed)
        var index = ArchiveIndex()
        for _ in 0..<frames {
            try index.frames.append(
                tarLength: 1 + Int(generator.next() % (64 << 20)), fileLength: 34 + Int(generator.next() % (1 << 20)))
        }
        return index
    }

    /// `content` with its last four bytes made right again.
    private func resealed(_ content: ByteBuffer) -> ByteBuffer {
        var sealed = content
        sealed.moveWriterIndex(to: content.writerIndex - 4)
        sealed.writeInteger(sealed.withUnsafeReadableBytes { GzipMember.checksum($0) }, endianness: .little)
        return sealed
    }

    private func expectCorrupt(
        _ content: ByteBuffer, fileLength: Int64, sourceLocation: SourceLocation = #_sourceLocation
    ) {
        #expect(sourceLocation: sourceLocation) {
            try ArchiveIndex.decode(content, codec: .gzip, fileLength: fileLength)
        } throws: { error in
            if case ArchiveError.corrupt = error { true } else { false }
        }
    }

    @Test(arguments: [0, 1, 2, 1000])
    func indexRoundTrips(frames: Int) throws {
        var index = try index(frames: frames)
        if frames > 0 {
            index.catalog = 512..<600
            index.metadata = 700..<700
        }
        let decoded = try ArchiveIndex.decode(index.encoded(), codec: .gzip, fileLength: index.frames.fileLength)
        #expect(decoded == index)
    }

    @Test func bytesAreAsDocumented() throws {
        var index = ArchiveIndex()
        try index.frames.append(tarLength: 300, fileLength: 127)
        index.metadata = 512..<1024
        // An extent beyond the frames is a lie, but encoding does not judge.
        let bytes = Array(index.encoded().readableBytesView)
        var expected: [UInt8] = Array("HFIX".utf8) + [1, 0, 0, 0] + [1, 0, 0, 0, 0, 0, 0, 0] + [0xac, 0x02, 0x7f]
        expected += [UInt8](repeating: 0, count: 16) + [0, 2, 0, 0, 0, 0, 0, 0] + [0, 2, 0, 0, 0, 0, 0, 0]
        #expect(Array(bytes.dropLast(4)) == expected)
    }

    @Test func everyFlippedBitIsSeen() throws {
        let index = try index(frames: 20)
        let content = index.encoded()
        for offset in 0..<content.readableBytes {
            var damaged = content
            damaged.setInteger((content.getInteger(at: offset) ?? 0) ^ UInt8(1 << (offset % 8)), at: offset)
            expectCorrupt(damaged, fileLength: index.frames.fileLength)
            expectCorrupt(content.getSlice(at: 0, length: offset) ?? content, fileLength: index.frames.fileLength)
        }
    }

    @Test func sealedLiesAreSeen() throws {
        let index = try index(frames: 20)
        let length = index.frames.fileLength
        let content = index.encoded()
        expectCorrupt(content, fileLength: length + 1)
        expectCorrupt(content, fileLength: length - 1)
        for count in [0, 19, 21, 1 << 32, UInt64.max] as [UInt64] {
            var lie = content
            lie.setInteger(count, at: 8, endianness: .little)
            expectCorrupt(resealed(lie), fileLength: length)
        }
        var many = content
        many.setInteger(30_000_001, at: 8, endianness: .little, as: UInt64.self)
        expectCorrupt(resealed(many), fileLength: 1 << 50)
        // Offset and length of the catalog stand 36 bytes before the end.
        for (offset, size) in [(1, 1), (512, UInt64.max), (UInt64.max, 1), (UInt64(index.frames.tarLength), 1)] {
            var lie = content
            lie.setInteger(offset, at: content.writerIndex - 36, endianness: .little)
            lie.setInteger(size, at: content.writerIndex - 28, endianness: .little)
            expectCorrupt(resealed(lie), fileLength: length)
        }
        var later = content
        later.setInteger(2, at: 4, endianness: .little, as: UInt32.self)
        #expect(throws: ArchiveError.unsupported("an index of version 2")) {
            try ArchiveIndex.decode(resealed(later), codec: .gzip, fileLength: length)
        }
    }

    @Test(arguments: [0, 1, 127, 128, 16_383, 16_384, 1 << 62, UInt64(Int64.max)] as [UInt64])
    func varintsRoundTrip(value: UInt64) {
        var buffer = ByteBuffer()
        buffer.writeVarint(value)
        #expect(buffer.readVarint() == value)
        #expect(buffer.readableBytes == 0)
    }

    @Test func endlessVarintsAreNone() {
        var long = ByteBuffer(repeating: 0xff, count: 20)
        #expect(long.readVarint() == nil)
        var cut = ByteBuffer(repeating: 0x80, count: 3)
        #expect(cut.readVarint() == nil)
    }

    @Test func framesAreFoundByBisection() throws {
        let frames = try index(frames: 257).frames
        #expect(frames.count == 257)
        #expect(frames.frame(at: -1) == nil && frames.frame(at: frames.tarLength) == nil)
        for number in 0..<frames.count {
            let range = frames[number].tarRange
            #expect(frames.frame(at: range.lowerBound) == number)
            #expect(frames.frame(at: range.upperBound - 1) == number)
            #expect(frames.frames(covering: range) == number..<(number + 1))
        }
        let middle = frames[10].tarRange.upperBound
        #expect(frames.frames(covering: (middle - 1)..<(middle + 1)) == 10..<12)
        #expect(frames.frames(covering: 0..<frames.tarLength) == 0..<257)
        #expect(frames.frames(covering: 5..<5).isEmpty)
        #expect(FrameIndex().frames(covering: 0..<1).isEmpty)
    }

    @Test(arguments: [(0, 1), (1, 0), (-1, 1), (1, -1), (64 << 20 + 1, 1), (1, 65 << 20 + 1), (Int.max, Int.max)])
    func impossibleFramesAreRefused(tar: Int, file: Int) {
        var frames = FrameIndex()
        #expect(throws: ArchiveError.corrupt("frame 0 has \(tar) bytes in \(file)")) {
            try frames.append(tarLength: tar, fileLength: file)
        }
    }
}

@Suite struct ArchiveFooterTests {
    @Test(arguments: ArchiveCodec.allCases)
    func footerRoundTrips(codec: ArchiveCodec) throws {
        let footer = ArchiveFooter(indexFrames: 0x0102_0304_05..<0x0102_0304_ff)
        let bytes = footer.encoded(codec)
        #expect(bytes.readableBytes == (codec == .gzip ? 54 : 36))
        var tail = ByteBuffer(bytes: noise(1000))
        tail.writeImmutableBuffer(bytes)
        let found = try ArchiveFooter.find(in: tail, fileLength: 0x0102_0304_ff + Int64(bytes.readableBytes))
        #expect(found?.0 == codec && found?.1 == footer)
        // A file that consists of its footer's last bytes has none.
        let cut = bytes.getSlice(at: 1, length: bytes.readableBytes - 1) ?? ByteBuffer()
        #expect(try ArchiveFooter.find(in: cut, fileLength: Int64(cut.readableBytes)) == nil)
        #expect(try ArchiveFooter.find(in: ByteBuffer(), fileLength: 0) == nil)
    }

    @Test func bytesAreAsDocumented() {
        let payload = Array("HFFT".utf8) + [1, 0, 0, 0, 5, 0, 0, 0, 0, 0, 0, 0, 7, 0, 0, 0, 0, 0, 0, 0]
        let gzip = Array(ArchiveFooter(indexFrames: 5..<12).encoded(.gzip).readableBytesView)
        #expect(Array(gzip[..<16]) == [0x1f, 0x8b, 8, 4, 0, 0, 0, 0, 0, 255, 32, 0, 72, 70, 28, 0])
        #expect(Array(gzip[16..<40]) == payload)
        #expect(Array(gzip[44...]) == [3, 0, 0, 0, 0, 0, 0, 0, 0, 0])
        let zstd = Array(ArchiveFooter(indexFrames: 5..<12).encoded(.zstd).readableBytesView)
        #expect(Array(zstd[..<8]) == [0x5f, 0x2a, 0x4d, 0x18, 28, 0, 0, 0])
        #expect(Array(zstd[8..<32]) == payload)
        #expect(gzip[40..<44] == zstd[32..<36])
    }

    @Test(arguments: ArchiveCodec.allCases)
    func everyFlippedBitIsSeen(codec: ArchiveCodec) {
        let bytes = ArchiveFooter(indexFrames: 1000..<2000).encoded(codec)
        for bit in 0..<(bytes.readableBytes * 8) {
            var damaged = bytes
            damaged.setInteger((bytes.getInteger(at: bit / 8) ?? 0) ^ UInt8(1 << (bit % 8)), at: bit / 8)
            // Either it is no footer any more, or it is a damaged one.
            let found = try? ArchiveFooter.find(in: damaged, fileLength: 2000 + Int64(bytes.readableBytes))
            #expect(found == nil)
        }
    }
}
