// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import NIOCore
import Streams
import Testing

@testable import Archive

/// Damage is found, or it changes nothing; it never gives wrong content and never crashes.
@Suite struct DamageTests {
    private static let samples = [
        Sample("text", text(30_000)), Sample("noise", noise(30_000)), Sample("small", text(700)),
        Sample(ArchiveLayout.metadataName, text(400)), Sample(ArchiveLayout.catalogName, noise(3000)),
    ]

    private func archive(_ codec: ArchiveCodec, _ level: CompressionLevel) async throws -> WrittenArchive {
        try await writeArchive(Self.samples, options: ArchiveOptions(codec: codec, level: level, frameSize: 8000))
    }

    /// Whether `file` is refused; records an issue when it gives content that was not written.
    private func isRefused(_ file: ByteBuffer, _ archive: WrittenArchive, _ place: String) async -> Bool {
        do {
            let reader = try await ArchiveReader.open(BufferBytes(file))
            for (sample, extent) in zip(Self.samples, archive.extents) {
                let content = try await reader.read(extent)
                #expect(content == ByteBuffer(bytes: sample.content), "random access, \(place)")
            }
            try await reader.checkStructure()
            for index in 0..<reader.frames.count { try await reader.checkFrame(index) }
            return false
        } catch is ArchiveError {
            return true
        } catch {
            Issue.record("\(error) is no error of an archive, \(place)")
            return true
        }
    }

    /// Reads in sequence; records an issue when that gives content that was not written.
    private func checkSequence(_ file: ByteBuffer, _ place: String) async {
        do {
            let found = try await readTar(decompressed(ByteStream(file)))
            for (sample, other) in zip(Self.samples, found.samples) {
                #expect(sample.member == other.member && sample.content == other.content, "in sequence, \(place)")
            }
            #expect(found.samples.count >= Self.samples.count || !found.proper, "in sequence, \(place)")
        } catch is ArchiveError {
        } catch {
            Issue.record("\(error) is no error of an archive, \(place)")
        }
    }

    @Test(arguments: ArchiveCodec.allCases, [.none, .fast] as [CompressionLevel])
    func flippedBitsAreFound(codec: ArchiveCodec, level: CompressionLevel) async throws {
        let archive = try await archive(codec, level)
        var missed = 0
        var flips = 0
        for offset in stride(from: 0, to: archive.file.readableBytes, by: 97) {
            var file = archive.file
            file.setInteger((file.getInteger(at: offset) ?? 0) ^ UInt8(1 << (offset % 8)), at: offset)
            flips += 1
            if await !isRefused(file, archive, "bit \(offset % 8) of byte \(offset)") { missed += 1 }
            await checkSequence(file, "bit \(offset % 8) of byte \(offset)")
        }
        #expect(flips > 300)
        // Bits that mean nothing: the filling behind the last deflate block of a member, one bit of a zstd header.
        #expect(missed <= flips / 100)
    }

    @Test(arguments: ArchiveCodec.allCases)
    func everyBitOfHeadersAndTrailersCounts(codec: ArchiveCodec) async throws {
        let archive = try await archive(codec, .none)
        let frames = try await ArchiveReader.open(BufferBytes(archive.file)).frames
        let second = frames[1].fileRange
        for offset in Array(second.lowerBound..<(second.lowerBound + 30))
            + Array((second.upperBound - 8)..<second.upperBound)
        {
            for bit in 0..<8 {
                var file = archive.file
                file.setInteger((file.getInteger(at: Int(offset)) ?? 0) ^ UInt8(1 << bit), at: Int(offset))
                let refused = await isRefused(file, archive, "bit \(bit) of byte \(offset)")
                // RFC 8878, 3.1.1.1.1.3: bit 4 of the frame header descriptor is unused and to be ignored.
                // RFC 1951, 3.2.4: so are the five bits behind the header of a stored block.
                let (unusedByte, unusedBits) = codec == .zstd ? (4, 4...4) : (24, 3...7)
                let unused = offset == second.lowerBound + Int64(unusedByte) && unusedBits.contains(bit)
                #expect(refused != unused, "bit \(bit) of byte \(offset)")
            }
        }
    }

    @Test(arguments: ArchiveCodec.allCases)
    func truncationIsFound(codec: ArchiveCodec) async throws {
        let archive = try await archive(codec, .fast)
        let whole = archive.file
        for length in Array(stride(from: 0, to: whole.readableBytes, by: 211))
            + Array((whole.readableBytes - 60)..<whole.readableBytes)
        {
            let file = try #require(whole.getSlice(at: 0, length: length))
            await #expect(throws: ArchiveError.noIndex, "cut at \(length)") {
                try await ArchiveReader.open(BufferBytes(file))
            }
            await checkSequence(file, "cut at \(length)")
        }
    }

    @Test(arguments: ArchiveCodec.allCases)
    func missingAndDoubledFramesAreFound(codec: ArchiveCodec) async throws {
        let archive = try await archive(codec, .none)
        let frames = try await ArchiveReader.open(BufferBytes(archive.file)).frames
        let bytes = Array(archive.file.readableBytesView)
        let first = frames[1].fileRange
        let cut = { (range: Range<Int64>) in Array(bytes[Int(range.lowerBound)..<Int(range.upperBound)]) }
        let missing = cut(0..<first.lowerBound) + cut(first.upperBound..<Int64(bytes.count))
        #expect(await isRefused(ByteBuffer(bytes: missing), archive, "a frame missing"))
        let doubled = cut(0..<first.upperBound) + cut(first.lowerBound..<Int64(bytes.count))
        #expect(await isRefused(ByteBuffer(bytes: doubled), archive, "a frame doubled"))
        let torn =
            cut(0..<first.lowerBound) + [UInt8](repeating: 0, count: first.count)
            + cut(first.upperBound..<Int64(bytes.count))
        #expect(await isRefused(ByteBuffer(bytes: torn), archive, "a frame zeroed"))
    }

    @Test func indexesThatLieAboutFramesAreSeen() async throws {
        let archive = try await archive(.gzip, .none)
        let reader = try await ArchiveReader.open(BufferBytes(archive.file))
        // The tar lengths of two frames exchanged: sums and checksums are right, the frames' own headers are not.
        var frames = FrameIndex()
        for index in 0..<reader.frames.count {
            let lie = index == 0 ? -1 : index == 1 ? 1 : 0
            let frame = reader.frames[index]
            try frames.append(tarLength: frame.tarRange.count + lie, fileLength: frame.fileRange.count)
        }
        let lying = ArchiveReader(
            codec: .gzip, index: ArchiveIndex(frames: frames), file: reader.file, bytes: reader.file)
        await #expect(throws: ArchiveError.corrupt("frame 0 at file offset 0: \(FrameDefect.header.rawValue)")) {
            try await lying.read(0..<100)
        }
        await #expect(throws: ArchiveError.self) { try await lying.checkFrame(1) }
        try await lying.checkFrame(2)
    }
}
