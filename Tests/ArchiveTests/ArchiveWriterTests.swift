// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import NIOCore
import Streams
import Synchronization
import Testing

@testable import Archive

private struct SinkFailure: Error, Equatable {
    let call: Int
}

@Suite struct ArchiveWriterTests {
    @Test(arguments: ArchiveCodec.allCases, [512, 1000, 4096, 1 << 20])
    func extentsAreWhereTheContentIs(codec: ArchiveCodec, frameSize: Int) async throws {
        let samples = [
            Sample("empty", []), Sample("one", [1]), Sample("block", text(512)), Sample("block+1", text(513)),
            Sample(String(repeating: "n", count: 300), noise(5000)), Sample("frame", noise(frameSize)),
        ]
        let options = ArchiveOptions(codec: codec, frameSize: frameSize, parallelism: 3)
        let archive = try await writeArchive(samples, options: options)
        let tar = try await collect(decompressed(ByteStream(archive.file)))
        #expect(Int64(tar.count) == archive.summary.tarLength)
        #expect(Int64(archive.file.readableBytes) == archive.summary.fileLength)
        for (sample, extent) in zip(samples, archive.extents) {
            #expect(Array(tar[Int(extent.lowerBound)..<Int(extent.upperBound)]) == sample.content)
        }
        let reader = try await ArchiveReader.open(BufferBytes(archive.file))
        #expect(reader.frames.count == archive.summary.frameCount)
        #expect(reader.codec == codec && reader.tarLength == archive.summary.tarLength)
        // All frames but the last before the index and the last of all are full.
        let lengths = (0..<reader.frames.count).map { reader.frames[$0].tarRange.count }
        #expect(lengths.filter { $0 != frameSize }.count <= 2)
        #expect(lengths.allSatisfy { $0 > 0 && $0 <= frameSize })
    }

    /// The index takes the time of the last member, but for times that only a PAX record can tell.
    @Test(arguments: ArchiveCodec.allCases, [-1, -12_250, .min + 1, .max, 8_589_934_592_000] as [Int64])
    func anArchiveOpensWhateverItsLastMembersTime(codec: ArchiveCodec, modified: Int64) async throws {
        let archive = try await writeArchive(
            [Sample("old", [1], modified: modified)], options: ArchiveOptions(codec: codec))
        let reader = try await ArchiveReader.open(BufferBytes(archive.file))
        #expect(reader.frames.count == archive.summary.frameCount)
        try await reader.checkStructure()
        let (samples, proper) = try await readTar(reader.stream(0..<reader.tarLength))
        #expect(samples.first?.member.modified == modified && proper)
    }

    /// No frame is ever empty, also when the content ends just where a frame does.
    @Test(arguments: ArchiveCodec.allCases, [0, 1, 512 - 1, 512, 512 + 1, 1024, 1536])
    func membersThatEndAtAFrameBorder(codec: ArchiveCodec, size: Int) async throws {
        let options = ArchiveOptions(codec: codec, frameSize: 1024, parallelism: 1)
        let archive = try await writeArchive([Sample("a", text(size))], options: options)
        let reader = try await ArchiveReader.open(BufferBytes(archive.file))
        try await reader.checkStructure()
        #expect(Array(try await reader.read(archive.extents[0]).readableBytesView) == text(size))
    }

    @Test func archiveOfNothingIsAnArchive() async throws {
        for codec in ArchiveCodec.allCases {
            let archive = try await writeArchive([], options: ArchiveOptions(codec: codec))
            let reader = try await ArchiveReader.open(BufferBytes(archive.file))
            try await reader.checkStructure()
            #expect(reader.frames.count == 1 && reader.catalog == nil && reader.metadata == nil)
            let found = try await readTar(decompressed(ByteStream(archive.file)))
            #expect(found.samples.map(\.member.name) == [Array(".holdfast/index".utf8)] && found.proper)
        }
    }

    @Test func catalogAndMetadataAreRemembered() async throws {
        let metadata = Sample(ArchiveLayout.metadataName, text(300))
        let catalog = Sample(ArchiveLayout.catalogName, noise(9000))
        let samples = [Sample("a", text(3000)), metadata, catalog]
        let archive = try await writeArchive(samples, options: ArchiveOptions(frameSize: 2048))
        let reader = try await ArchiveReader.open(BufferBytes(archive.file))
        #expect(reader.metadata == archive.extents[1] && reader.catalog == archive.extents[2])
        try await reader.checkStructure()
    }

    @Test func parallelFramesLeaveInOrderOneAtATime() async throws {
        let inside = Mutex((now: 0, most: 0, calls: 0))
        let sink = FileSink()
        let writer = ArchiveWriter(options: ArchiveOptions(frameSize: 4096, parallelism: 8)) { buffer in
            inside.withLock { state in
                state.now += 1
                state.calls += 1
                state.most = max(state.most, state.now)
            }
            await Task.yield()
            sink.take(buffer)
            inside.withLock { $0.now -= 1 }
        }
        let content = text(20_000) + noise(20_000) + text(20_000)
        for number in 0..<20 {
            try await writer.append(Sample("\(number)", content).member, content: ByteBuffer(bytes: content))
        }
        let summary = try await writer.finish()
        let state = inside.withLock { $0 }
        #expect(state.most == 1 && state.calls == summary.frameCount + 1 && state.calls > 290)
        let found = try await readTar(decompressed(ByteStream(sink.file)))
        #expect(found.samples.dropLast().allSatisfy { $0.content == content })
        #expect(found.samples.count == 21 && found.proper)
    }

    @Test func wrongContentLengthsAreRefused() async throws {
        let sink = FileSink()
        let writer = ArchiveWriter(options: ArchiveOptions()) { sink.take($0) }
        let member = ArchiveMember(name: Array("a".utf8), size: 10)
        await #expect(throws: ArchiveError.self) {
            try await writer.append(member, content: ByteBuffer(bytes: text(9)))
        }
        #expect(writer.tarOffset == 0)
        try await writer.begin(member)
        try await writer.write(ByteBuffer(bytes: text(6)))
        await #expect(throws: ArchiveError.invalidMember("6 bytes came of its size of 10")) { try await writer.end() }
        await #expect(throws: ArchiveError.invalidMember("more content came than its size of 10 bytes")) {
            try await writer.write(ByteBuffer(bytes: text(5)))
        }
        try await writer.write(ByteBuffer(bytes: text(4)))
        #expect(try await writer.end() == 512..<522)
        #expect(writer.tarOffset == 1024)
    }

    private func expectWrongOrder(_ body: () async throws -> Void) async {
        await #expect {
            try await body()
        } throws: { error in
            if case ArchiveError.wrongOrder = error { true } else { false }
        }
    }

    @Test func wrongOrderIsRefused() async throws {
        let writer = ArchiveWriter(options: ArchiveOptions()) { _ in }
        let member = ArchiveMember(name: Array("a".utf8), size: 1)
        await expectWrongOrder { try await writer.write(ByteBuffer()) }
        await expectWrongOrder { _ = try await writer.end() }
        await expectWrongOrder { try await writer.abandon() }
        try await writer.begin(member)
        await expectWrongOrder { try await writer.begin(member) }
        await expectWrongOrder { _ = try await writer.append(member, content: ByteBuffer(bytes: [1])) }
        await expectWrongOrder { _ = try await writer.finish() }
        try await writer.abandon()
        _ = try await writer.finish()
        await expectWrongOrder { _ = try await writer.finish() }
        await expectWrongOrder { try await writer.begin(member) }
    }

    @Test(arguments: [0, 1, 511, 5000])
    func abandonedMembersAreFilledAndWrittenAgain(written: Int) async throws {
        let sink = FileSink()
        let writer = ArchiveWriter(options: ArchiveOptions(frameSize: 1024)) { sink.take($0) }
        let name = Array(ArchiveLayout.catalogName.utf8)
        try await writer.begin(ArchiveMember(name: name, size: 5000))
        try await writer.write(ByteBuffer(bytes: noise(written)))
        try await writer.abandon()
        let extent = try await writer.append(ArchiveMember(name: name, size: 7), content: ByteBuffer(bytes: text(7)))
        _ = try await writer.finish()
        let found = try await readTar(decompressed(ByteStream(sink.file)))
        #expect(found.samples[0].content == noise(written) + [UInt8](repeating: 0, count: 5000 - written))
        #expect(found.samples[1].content == text(7))
        #expect(try await ArchiveReader.open(BufferBytes(sink.file)).catalog == extent)
    }

    @Test(arguments: [0, 1, 5])
    func failuresOfTheSinkComeOutAndStopEverything(failingCall: Int) async throws {
        let calls = Mutex(0)
        let writer = ArchiveWriter(options: ArchiveOptions(frameSize: 1024, parallelism: 2)) { _ in
            let call = calls.withLock { calls in
                defer { calls += 1 }
                return calls
            }
            if call == failingCall { throw SinkFailure(call: call) }
        }
        let content = ByteBuffer(bytes: noise(900))
        let member = ArchiveMember(name: Array("a".utf8), size: 900)
        await #expect(throws: SinkFailure(call: failingCall)) {
            for _ in 0..<100 { try await writer.append(member, content: content) }
        }
        await #expect(throws: SinkFailure(call: failingCall)) { try await writer.append(member, content: content) }
        await #expect(throws: SinkFailure(call: failingCall)) { try await writer.abandon() }
        await #expect(throws: SinkFailure(call: failingCall)) { try await writer.finish() }
        await writer.cancel()
        #expect(calls.withLock { $0 } == failingCall + 1)
    }

    @Test func failureOfTheSinkComesOutOfFinish() async throws {
        let writer = ArchiveWriter(options: ArchiveOptions()) { _ in throw SinkFailure(call: 0) }
        try await writer.append(ArchiveMember(name: [97], size: 1), content: ByteBuffer(bytes: [1]))
        await #expect(throws: SinkFailure(call: 0)) { try await writer.finish() }
    }

    @Test func cancelEndsAHangingSink() async throws {
        let calls = Mutex(0)
        let writer = ArchiveWriter(options: ArchiveOptions(frameSize: 512, parallelism: 1)) { _ in
            calls.withLock { $0 += 1 }
            await hangUntilCancelled()
            try Task.checkCancellation()
        }
        try await writer.append(ArchiveMember(name: [97], size: 1), content: ByteBuffer(bytes: [1]))
        await writer.cancel()
        #expect(calls.withLock { $0 } <= 1)
        await #expect(throws: CancellationError.self) { try await writer.finish() }
    }

    @Test func cancellationOfTheCallerReachesTheSink() async throws {
        let (started, starter) = AsyncStream<Void>.makeStream()
        let task = Task {
            let writer = ArchiveWriter(options: ArchiveOptions(frameSize: 512, parallelism: 1)) { _ in
                starter.finish()
                await hangUntilCancelled()
                try Task.checkCancellation()
            }
            for _ in 0..<10 {
                try await writer.append(ArchiveMember(name: [97], size: 600), content: ByteBuffer(bytes: text(600)))
            }
        }
        for await _ in started {}
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
    }
}

/// Ends when the task is cancelled, never before.
private func hangUntilCancelled() async {
    let (stream, continuation) = AsyncStream<Void>.makeStream()
    await withTaskCancellationHandler {
        for await _ in stream {}
    } onCancel: {
        continuation.finish()
    }
}
