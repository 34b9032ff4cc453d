// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import NIOCore
import Streams
import Testing

@testable import Archive

@Suite struct FrameRecoveryTests {
    private static let samples = (0..<20).map { Sample("object-\($0)", $0 % 2 == 0 ? text(3000) : noise(3000)) }

    @Test(arguments: ArchiveCodec.allCases)
    func lostTailsLeaveTheFramesBeforeThem(codec: ArchiveCodec) async throws {
        let archive = try await writeArchive(Self.samples, options: ArchiveOptions(codec: codec, frameSize: 4096))
        let frames = try await ArchiveReader.open(BufferBytes(archive.file)).frames
        // The whole file: the footer is no frame.
        #expect(try await recoverFrames(BufferBytes(archive.file)) == frames)
        for lost in [1, 40, 54, 100, 3000, 20_000] {
            let length = archive.file.readableBytes - lost
            let file = BufferBytes(try #require(archive.file.getSlice(at: 0, length: length)))
            let found = try await recoverFrames(file)
            #expect(found.fileLength <= Int64(length))
            #expect(found.count == (0..<frames.count).filter { frames[$0].fileRange.upperBound <= Int64(length) }.count)
            for index in 0..<found.count { #expect(found[index] == frames[index]) }

            let reader = try await ArchiveReader.recover(file)
            #expect(reader.catalog == nil && reader.codec == codec)
            for (sample, extent) in zip(Self.samples, archive.extents) where extent.upperBound <= reader.tarLength {
                #expect(Array(try await reader.read(extent).readableBytesView) == sample.content)
            }
            await #expect(throws: ArchiveError.noIndex) { try await reader.checkStructure() }
        }
    }

    @Test(arguments: ArchiveCodec.allCases)
    func brokenFramesEndTheSearch(codec: ArchiveCodec) async throws {
        let archive = try await writeArchive(Self.samples, options: ArchiveOptions(codec: codec, frameSize: 4096))
        let frames = try await ArchiveReader.open(BufferBytes(archive.file)).frames
        var file = archive.file
        file.setInteger(0, at: Int(frames[5].fileRange.lowerBound), as: UInt32.self)
        let found = try await recoverFrames(BufferBytes(file))
        #expect(found.count == 5 && found.fileLength == frames[5].fileRange.lowerBound)
    }

    @Test func trailersThatContradictTheirHeaderEndTheSearch() async throws {
        let archive = try await writeArchive(Self.samples, options: ArchiveOptions(frameSize: 4096))
        let frames = try await ArchiveReader.open(BufferBytes(archive.file)).frames
        var file = archive.file
        file.setInteger(1, at: Int(frames[5].fileRange.upperBound) - 4, as: UInt32.self)
        #expect(try await recoverFrames(BufferBytes(file)).count == 5)
    }

    @Test func foreignFilesHaveNoFrames() async {
        for bytes in [
            [], noise(100), [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0], noise(20_000),
        ] {
            await #expect(throws: ArchiveError.noFrames) {
                try await recoverFrames(BufferBytes(ByteBuffer(bytes: bytes)))
            }
        }
    }
}
