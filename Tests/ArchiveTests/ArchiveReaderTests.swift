// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import NIOCore
import Streams
import Synchronization
import Testing

@testable import Archive

/// Counts the reads of each range.
private final class CountingBytes: RandomAccessBytes {
    let base: BufferBytes
    let reads = Mutex<[Range<Int64>: Int]>([:])

    init(_ buffer: ByteBuffer) {
        base = BufferBytes(buffer)
    }

    var size: Int64 { base.size }

    func read(_ range: Range<Int64>) async throws -> ByteBuffer {
        reads.withLock { $0[range, default: 0] += 1 }
        await Task.yield()
        return try await base.read(range)
    }
}

/// Bytes whose reads hang until they are cancelled, once they are told to.
private final class HangingBytes: RandomAccessBytes {
    let base: BufferBytes
    let hanging = Mutex(false)
    let cancelled = Mutex(0)

    init(_ buffer: ByteBuffer) {
        base = BufferBytes(buffer)
    }

    var size: Int64 { base.size }

    func read(_ range: Range<Int64>) async throws -> ByteBuffer {
        guard hanging.withLock({ $0 }) else { return try await base.read(range) }
        let (stream, continuation) = AsyncStream<Void>.makeStream()
        await withTaskCancellationHandler {
            for await _ in stream {}
        } onCancel: {
            continuation.finish()
        }
        cancelled.withLock { $0 += 1 }
        throw CancellationError()
    }
}

@Suite struct ArchiveReaderTests {
    /// Members of all sizes around the borders of blocks and frames.
    private func samples(seed: UInt64, frameSize: Int) -> [Sample] {
        var generator = SeededGenerator(seed: seed)
        let borders = [0, 1, 511, 512, 513, frameSize - 1, frameSize, frameSize + 1]
        return (0..<40).map { number in
            let size =
                number < borders.count ? borders[number] : Int.random(in: 0...(3 * frameSize), using: &generator)
            let content = number % 2 == 0 ? text(size, seed: UInt64(number)) : noise(size, seed: UInt64(number))
            return Sample("object-\(number)", content)
        }
    }

    @Test(arguments: ArchiveCodec.allCases, [1, 2, 3] as [UInt64])
    func randomAccessEqualsSequentialContent(codec: ArchiveCodec, seed: UInt64) async throws {
        let frameSize = [1000, 4096, 70_000][Int(seed) - 1]
        let samples = samples(seed: seed, frameSize: frameSize)
        let archive = try await writeArchive(samples, options: ArchiveOptions(codec: codec, frameSize: frameSize))
        let tar = try await collect(decompressed(ByteStream(archive.file)))
        let reader = try await ArchiveReader.open(BufferBytes(archive.file))
        for (sample, extent) in zip(samples, archive.extents) {
            #expect(Array(try await reader.read(extent).readableBytesView) == sample.content)
            #expect(try await collect(reader.stream(extent)) == sample.content)
        }
        var generator = SeededGenerator(seed: seed)
        for _ in 0..<200 {
            let start = Int.random(in: 0...tar.count, using: &generator)
            let end = min(tar.count, start + Int.random(in: 0...(2 * frameSize), using: &generator))
            let found = try await reader.read(Int64(start)..<Int64(end))
            #expect(Array(found.readableBytesView) == Array(tar[start..<end]))
        }
        #expect(try await collect(reader.stream(0..<reader.tarLength)) == tar)
    }

    @Test func sequentialReadingGivesTheMembersBack() async throws {
        let records = [
            PaxRecord(name: "HOLDFAST.key", value: [0, 255, 10]), PaxRecord(name: "SCHILY.xattr.user.a", value: [1]),
        ]
        let samples =
            samples(seed: 9, frameSize: 5000) + [Sample("with records", text(10), modified: 1, records: records)]
        for codec in ArchiveCodec.allCases {
            let archive = try await writeArchive(samples, options: ArchiveOptions(codec: codec, frameSize: 5000))
            let found = try await readTar(decompressed(pieces(of: archive.file, length: 3000)))
            #expect(found.samples.dropLast().map(\.member) == samples.map(\.member))
            #expect(found.samples.dropLast().map(\.content) == samples.map(\.content))
            #expect(found.samples.last?.member.name == Array(ArchiveLayout.indexName.utf8))
            #expect(found.proper)
        }
    }

    @Test func rangesOutsideAndAboveTheLimitAreRefused() async throws {
        let archive = try await writeArchive([Sample("a", text(5000))], options: ArchiveOptions())
        let reader = try await ArchiveReader.open(BufferBytes(archive.file))
        for range in [-1..<1, 0..<(reader.tarLength + 1), (reader.tarLength + 1)..<(reader.tarLength + 1)]
            as [Range<Int64>]
        {
            await #expect(throws: ByteStreamError.outOfBounds(range, size: reader.tarLength)) {
                try await reader.read(range)
            }
            await #expect(throws: ByteStreamError.outOfBounds(range, size: reader.tarLength)) {
                try await collect(reader.stream(range))
            }
        }
        #expect(try await reader.read(reader.tarLength..<reader.tarLength).readableBytes == 0)
        await #expect(throws: ByteStreamError.tooLong(limit: 100)) { try await reader.read(0..<101, limit: 100) }
    }

    @Test func manySmallReadsDecompressEachFrameOnce() async throws {
        let samples = (0..<400).map { Sample("object-\($0)", noise(2000, seed: UInt64($0))) }
        let archive = try await writeArchive(samples, options: ArchiveOptions(frameSize: 64 << 10))
        let source = CountingBytes(archive.file)
        let reader = try await ArchiveReader.open(source)
        try await Array(zip(samples, archive.extents)).forEachConcurrently(width: 64) { sample, extent in
            let found = try await reader.read(extent)
            #expect(Array(found.readableBytesView) == sample.content)
        }
        let reads = source.reads.withLock { $0 }
        #expect(reads.count > 8)
        #expect(reads.values.allSatisfy { $0 == 1 })
    }

    @Test func openingReadsTheTailOnce() async throws {
        let samples = [Sample("a", noise(600_000)), Sample(ArchiveLayout.metadataName, text(1000))]
        let archive = try await writeArchive(samples, options: ArchiveOptions(frameSize: 64 << 10))
        let source = CountingBytes(archive.file)
        let reader = try await ArchiveReader.open(source)
        _ = try await reader.read(try #require(reader.metadata))
        #expect(source.reads.withLock { $0 } == [(source.size - 256 << 10)..<source.size: 1])
    }

    @Test func indexLongerThanTheTailIsRead() async throws {
        let archive = try await writeArchive(
            [Sample("a", noise(512 * 2000)), Sample("b", text(2000))],
            options: ArchiveOptions(level: .none, frameSize: 512))
        let index = try await ArchiveReader.open(BufferBytes(archive.file))
        #expect(index.frames.count > 2000)
        #expect(try await index.read(archive.extents[1]) == ByteBuffer(bytes: text(2000)))
        try await index.checkStructure()
    }

    @Test func cacheForgetsTheFrameUsedLongestAgo() async throws {
        let loads = Mutex<[Int]>([])
        let cache = FrameCache(limit: 3 * 64 << 10)
        let get = { (index: Int) in
            try await cache.content(of: index) {
                loads.withLock { $0.append(index) }
                return ByteBuffer(repeating: UInt8(index), count: 10)
            }
        }
        for index in [1, 2, 3, 1, 2, 3, 1, 4, 1, 3, 2] {
            #expect(try await get(index) == ByteBuffer(repeating: UInt8(index), count: 10))
        }
        #expect(loads.withLock { $0 } == [1, 2, 3, 4, 2])
    }

    @Test func failedLoadsAreTriedAgain() async throws {
        let loads = Mutex(0)
        let cache = FrameCache(limit: 1 << 20)
        let get = {
            try await cache.content(of: 7) {
                if loads.withLock({ loads in
                    loads += 1
                    return loads == 1
                }) {
                    throw ArchiveError.noFrames
                }
                return ByteBuffer(string: "x")
            }
        }
        await #expect(throws: ArchiveError.noFrames) { try await get() }
        #expect(try await get() == ByteBuffer(string: "x"))
    }

    @Test func cancelledReadersCancelTheirLoad() async throws {
        let samples = [Sample("a", noise(600_000)), Sample("b", noise(600_000))]
        let archive = try await writeArchive(samples, options: ArchiveOptions(frameSize: 64 << 10))
        let source = HangingBytes(archive.file)
        let reader = try await ArchiveReader.open(source)
        source.hanging.withLock { $0 = true }
        let small = Task { try await reader.read(600..<700) }
        let large = Task { try await collect(reader.stream(archive.extents[0])) }
        small.cancel()
        large.cancel()
        await #expect(throws: CancellationError.self) { try await small.value }
        await #expect(throws: CancellationError.self) { try await large.value }
        source.hanging.withLock { $0 = false }
        #expect(try await reader.read(archive.extents[0]) == ByteBuffer(bytes: samples[0].content))
    }

    @Test func foreignFilesHaveNoIndex() async throws {
        for bytes in [[], [0], noise(53), noise(54), noise(100_000), text(1000)] {
            await #expect(throws: ArchiveError.noIndex) {
                try await ArchiveReader.open(BufferBytes(ByteBuffer(bytes: bytes)))
            }
        }
    }

    @Test func footersOfOtherFilesAreCorrupt() async throws {
        let first = try await writeArchive([Sample("a", text(5000))], options: ArchiveOptions())
        // The footer's offsets no longer fit once something is put before or cut out.
        var longer = ByteBuffer(bytes: [0])
        longer.writeImmutableBuffer(first.file)
        let shorter = try #require(first.file.getSlice(at: 1, length: first.file.readableBytes - 1))
        for file in [longer, shorter] {
            await #expect {
                try await ArchiveReader.open(BufferBytes(file))
            } throws: { error in
                if case ArchiveError.corrupt = error { true } else { false }
            }
        }
    }

    @Test func extentsThatLieAreSeen() async throws {
        let samples = [Sample("a", text(3000)), Sample(ArchiveLayout.metadataName, text(300))]
        let archive = try await writeArchive(samples, options: ArchiveOptions(frameSize: 1024))
        let reader = try await ArchiveReader.open(BufferBytes(archive.file))
        var index = ArchiveIndex(frames: reader.frames, catalog: reader.metadata, metadata: reader.metadata)
        var lying = ArchiveReader(codec: .gzip, index: index, file: reader.file, bytes: reader.file)
        await #expect(throws: ArchiveError.self) { try await lying.checkStructure() }
        index = ArchiveIndex(frames: reader.frames, catalog: nil, metadata: 512..<3512)
        lying = ArchiveReader(codec: .gzip, index: index, file: reader.file, bytes: reader.file)
        await #expect(throws: ArchiveError.self) { try await lying.checkStructure() }
        try await reader.checkStructure()
    }
}
