// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import NIOCore
package import Streams

extension ArchiveReader {
    /// Enough for the footer and the index of some 40,000 frames, and for the whole of a small archive.
    private static let tailLength: Int64 = 256 << 10

    /// Opens an archive by its footer and index: one read of its last 256 KiB, and one more when the index is longer.
    ///
    /// The index is checked: it covers the file from the first byte to the footer, and the tar stream ends behind it.
    /// The frames themselves are checked as they are read.
    ///
    /// - Throws: ``ArchiveError/noIndex`` when the file does not end in a footer, ``ArchiveError/corrupt(_:)`` when
    ///   footer or index contradict the file or their checksums, ``ArchiveError/unsupported(_:)`` for later versions,
    ///   what the source throws.
    @concurrent
    package static func open(_ source: any RandomAccessBytes) async throws -> ArchiveReader {
        let tailStart = max(0, source.size - tailLength)
        let tail = try await source.read(tailStart..<source.size)
        guard let (codec, footer) = try ArchiveFooter.find(in: tail, fileLength: source.size) else {
            throw ArchiveError.noIndex
        }
        let bytes = TailedBytes(file: source, tailStart: tailStart, tail: tail)
        guard footer.indexFrames.count <= ArchiveLimits.indexContent else {
            throw ArchiveError.corrupt("the index takes \(footer.indexFrames.count) bytes")
        }
        let (content, lengths) = try decodeFrames(try await bytes.read(footer.indexFrames), codec: codec)
        let member = try indexMember(in: content)
        var index = try ArchiveIndex.decode(member, codec: codec, fileLength: footer.indexFrames.lowerBound)
        for frame in lengths {
            try index.frames.append(tarLength: frame.tar, fileLength: frame.file)
        }
        return ArchiveReader(codec: codec, index: index, file: source, bytes: bytes)
    }

    /// Whether an archive without an index was never meant to have one: a gzip file that does not begin like one of ours.
    package static func isOfOlderSystem(_ source: any RandomAccessBytes) async throws -> Bool {
        let front = try await source.read(0..<min(source.size, Int64(GzipMember.headerLength)))
        return front.readableBytesView.starts(with: [0x1f, 0x8b]) && GzipMember.lengths(in: front) == nil
    }

    /// Opens an archive whose tail is lost by hopping over the frames that are left; it knows no catalog and metadata.
    ///
    /// - Throws: as ``recoverFrames(_:)``.
    package static func recover(_ source: any RandomAccessBytes) async throws -> ArchiveReader {
        let (codec, frames) = try await findFrames(source)
        return ArchiveReader(codec: codec, index: ArchiveIndex(frames: frames), file: source, bytes: source)
    }

    /// The tar stream that consecutive frames hold, and their lengths.
    private static func decodeFrames(_ bytes: ByteBuffer, codec: ArchiveCodec) throws -> (ByteBuffer, [FrameLengths]) {
        let decoder = try codec.makeDecoder()
        var rest = bytes
        var content = ByteBuffer()
        var frames: [FrameLengths] = []
        while rest.readableBytes > 0 {
            guard let lengths = codec.frameLengths(in: rest), let frame = rest.readSlice(length: lengths.file),
                content.readableBytes + lengths.tar <= ArchiveLimits.indexContent
            else {
                throw ArchiveError.corrupt("the frames that hold the index do not fill the place the footer names")
            }
            do {
                content.writeImmutableBuffer(try decoder.decode(frame, length: lengths.tar))
            } catch let defect as FrameDefect {
                throw ArchiveError.corrupt("a frame that holds the index: \(defect.rawValue)")
            }
            frames.append(lengths)
        }
        return (content, frames)
    }

    /// The content of the index member, which must begin `tar` and be followed by the end of the tar stream.
    private static func indexMember(in tar: ByteBuffer) throws -> ByteBuffer {
        var rest = tar
        guard let block = rest.readSlice(length: UstarBlock.length), let header = try TarHeader(block, at: 0),
            header.name.elementsEqual(ArchiveLayout.indexName.utf8), header.size <= Int64(rest.readableBytes),
            let content = rest.readSlice(length: Int(header.size))
        else {
            throw ArchiveError.corrupt("the footer does not point at an index")
        }
        let end = UstarBlock.padding(after: header.size) + 2 * UstarBlock.length
        guard rest.readableBytes == end, rest.readableBytesView.allSatisfy({ $0 == 0 }) else {
            throw ArchiveError.corrupt("the tar stream does not end behind the index")
        }
        return content
    }
}

/// A file whose last bytes are in memory already.
private struct TailedBytes: RandomAccessBytes {
    let file: any RandomAccessBytes
    let tailStart: Int64
    let tail: ByteBuffer

    var size: Int64 { file.size }

    func read(_ range: Range<Int64>) async throws -> ByteBuffer {
        guard range.lowerBound >= tailStart else { return try await file.read(range) }
        try checkBounds(range)
        let offset = tail.readerIndex + Int(range.lowerBound - tailStart)
        guard let slice = tail.getSlice(at: offset, length: range.count) else {
            throw ByteStreamError.outOfBounds(range, size: size)
        }
        return slice
    }
}
