// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

package import NIOCore
package import Streams

/// Reads an archive at any place: finds the frames that cover an extent, and decompresses only those.
///
/// Memory: the last 256 KiB of the file, the frame index, up to 32 MiB of decompressed frames in a cache shared by all
/// copies of the value, and the frames being worked on. May be used by many tasks at once.
package struct ArchiveReader: Sendable {
    /// What compresses the frames.
    package let codec: ArchiveCodec
    /// All frames, those that hold the index included.
    package let frames: FrameIndex
    /// Where the content of the catalog lies in the tar stream; `nil` when the archive has none.
    package let catalog: Range<Int64>?
    /// Where the content of `.backup_metadata.json` lies in the tar stream; `nil` when the archive has none.
    package let metadata: Range<Int64>?

    /// Bytes of tar stream.
    package var tarLength: Int64 { frames.tarLength }

    /// The file, without the shortcut for its tail.
    let file: any RandomAccessBytes
    private let bytes: any RandomAccessBytes
    private let decoders: Pool<any FrameDecoder>
    private let cache = FrameCache(limit: 32 << 20)

    /// Answers other places that have the same bytes, given what went wrong with the first one. Their frames are
    /// checked like all others. Used by ``read(_:limit:)`` and ``stream(_:)``, not by the checks.
    package var spares: (@Sendable (any Error) async -> [any RandomAccessBytes])?

    init(codec: ArchiveCodec, index: ArchiveIndex, file: any RandomAccessBytes, bytes: any RandomAccessBytes) {
        self.codec = codec
        self.frames = index.frames
        self.catalog = index.catalog
        self.metadata = index.metadata
        self.file = file
        self.bytes = bytes
        decoders = Pool { try codec.makeDecoder() }
    }

    /// Reads bytes of the tar stream into one buffer. Frames that are read in part go through the cache.
    ///
    /// - Parameter limit: the most bytes to accept; more are for ``stream(_:)``.
    /// - Throws: ``ByteStreamError/outOfBounds(_:size:)``, ``ByteStreamError/tooLong(limit:)``,
    ///   ``ArchiveError/corrupt(_:)``, what the source throws.
    package func read(_ range: Range<Int64>, limit: Int = 64 << 20) async throws -> ByteBuffer {
        try checkBounds(range)
        guard range.upperBound - range.lowerBound <= Int64(limit) else { throw ByteStreamError.tooLong(limit: limit) }
        let covering = frames.frames(covering: range)
        if covering.count == 1 { return try await part(covering.lowerBound, of: range) }
        var result = ByteBuffer()
        result.reserveCapacity(range.count)
        for index in covering {
            result.writeImmutableBuffer(try await part(index, of: range))
        }
        return result
    }

    /// Bytes of the tar stream, a frame (or its part) at a time; up to three frames are read and decompressed ahead of
    /// the consumer, beside one another. The errors are those of ``read(_:limit:)``.
    package func stream(_ range: Range<Int64>) -> ByteStream {
        ByteStream(FrameSequence(reader: self, range: range))
    }

    /// Reads one frame from the source and checks it, without the cache.
    ///
    /// - Parameter index: 0 to the number of ``frames`` - 1.
    /// - Throws: ``ArchiveError/corrupt(_:)``; what the source throws.
    package func checkFrame(_ index: Int) async throws {
        _ = try await checkedFrame(index)
    }

    /// As ``checkFrame(_:)``.
    ///
    /// - Parameter other: where the same archive lies as well; `nil` for the source.
    /// - Returns: the frame's bytes as they lie in the file.
    package func checkedFrame(_ index: Int, from other: (any RandomAccessBytes)? = nil) async throws -> ByteBuffer {
        let frame = frames[index]
        let compressed = try await (other ?? file).read(frame.fileRange)
        let content = try await decode(compressed, index)
        guard codec == .gzip else { return compressed }
        // Decoders differ in what they forgive: damage that this one reads over can keep another one out.
        let second = decompressed(ByteStream(compressed))
        let again: ByteBuffer
        do {
            again = try await second.collect(upTo: content.readableBytes)
        } catch {
            try Task.checkCancellation()
            throw ArchiveError.corrupt(
                "frame \(index) at file offset \(frame.fileRange.lowerBound): not every program can decompress it")
        }
        guard again == content else {
            throw ArchiveError.corrupt(
                "frame \(index) at file offset \(frame.fileRange.lowerBound) can be read in two ways")
        }
        return compressed
    }

    func checkBounds(_ range: Range<Int64>) throws {
        guard range.lowerBound >= 0, range.upperBound <= tarLength else {
            throw ByteStreamError.outOfBounds(range, size: tarLength)
        }
    }

    /// What a frame holds of `range`.
    func part(_ index: Int, of range: Range<Int64>) async throws -> ByteBuffer {
        let frame = frames[index]
        let wanted = range.clamped(to: frame.tarRange)
        // A frame that is wanted whole is unlikely to be asked for again, so it does not push others out.
        if wanted == frame.tarRange { return try await loadAnywhere(index) }
        let content = try await cache.content(of: index) { try await loadAnywhere(index) }
        let offset = content.readerIndex + Int(wanted.lowerBound - frame.tarRange.lowerBound)
        guard let slice = content.getSlice(at: offset, length: wanted.count) else {
            throw ArchiveError.corrupt("frame \(index) is shorter than the index says")
        }
        // A small slice must not hold a whole frame in memory for as long as its reader likes.
        return wanted.count * 2 < frame.tarRange.count ? ByteBuffer(bytes: slice.readableBytesView) : slice
    }

    private func loadAnywhere(_ index: Int) async throws -> ByteBuffer {
        do {
            return try await load(index, from: bytes)
        } catch {
            try Task.checkCancellation()
            for spare in await spares?(error) ?? [] where spare.size == file.size {
                if let content = try? await load(index, from: spare) { return content }
            }
            throw error
        }
    }

    @concurrent
    private func load(_ index: Int, from source: any RandomAccessBytes) async throws -> ByteBuffer {
        try await decode(try await source.read(frames[index].fileRange), index)
    }

    @concurrent
    private func decode(_ compressed: ByteBuffer, _ index: Int) async throws -> ByteBuffer {
        let frame = frames[index]
        do {
            return try decoders.withValue { try $0.decode(compressed, length: frame.tarRange.count) }
        } catch let defect as FrameDefect {
            throw ArchiveError.corrupt(
                "frame \(index) at file offset \(frame.fileRange.lowerBound): \(defect.rawValue)")
        }
    }
}
