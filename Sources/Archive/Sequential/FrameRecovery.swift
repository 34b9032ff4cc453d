// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import NIOCore
package import Streams

/// Finds the frames of an archive whose tail, and with it the index, is lost.
///
/// gzip: hops from member to member by the lengths in their headers and checks that each ends as it began; 32 bytes
/// are read a frame. zstd: reads everything, as its frames do not tell their length at their beginning.
///
/// Stops at the first byte that begins no whole frame of ours: the result's ``FrameIndex/fileLength`` says where. What
/// lies within the frames is not checked; ``ArchiveReader/recover(_:)`` and ``ArchiveReader/checkFrame(_:)`` do that.
///
/// - Throws: ``ArchiveError/noFrames`` when not even one frame is found; what the source throws.
package func recoverFrames(_ source: any RandomAccessBytes) async throws -> FrameIndex {
    try await findFrames(source).frames
}

/// The same, and which codec the frames have.
@concurrent
func findFrames(_ source: any RandomAccessBytes) async throws -> (codec: ArchiveCodec, frames: FrameIndex) {
    for codec in ArchiveCodec.allCases {
        let frames =
            switch codec {
            case .gzip: try await gzipFrames(source)
            case .zstd: try await zstdFrames(source)
            }
        if frames.count > 0 { return (codec, frames) }
    }
    throw ArchiveError.noFrames
}

private func gzipFrames(_ source: any RandomAccessBytes) async throws -> FrameIndex {
    var index = FrameIndex()
    var header = try await source.read(0..<min(Int64(GzipMember.headerLength), source.size))
    while let lengths = GzipMember.lengths(in: header) {
        let end = index.fileLength + Int64(lengths.file)
        guard end <= source.size else { break }
        header = try await source.read((end - 4)..<min(end + Int64(GzipMember.headerLength), source.size))
        // The trailer repeats the length of the content.
        guard header.readInteger(endianness: .little, as: UInt32.self) == UInt32(lengths.tar) else { break }
        try index.append(tarLength: lengths.tar, fileLength: lengths.file)
    }
    return index
}

private func zstdFrames(_ source: any RandomAccessBytes) async throws -> FrameIndex {
    var index = FrameIndex()
    var window = ByteBuffer()
    var windowEnd: Int64 = 0
    var step = 8 << 20
    while true {
        if let lengths = ArchiveCodec.zstd.frameLengths(in: window) {
            try index.append(tarLength: lengths.tar, fileLength: lengths.file)
            window.moveReaderIndex(forwardBy: lengths.file)
            continue
        }
        // No frame, or not the whole of it: at most one frame of the largest size is gathered.
        guard windowEnd < source.size, window.readableBytes < ArchiveLimits.frameInFile else { return index }
        if window.readableBytes >= 4, !window.readableBytesView.starts(with: [0x28, 0xb5, 0x2f, 0xfd]) { return index }
        let end = min(windowEnd + Int64(step), source.size)
        var more = try await source.read(windowEnd..<end)
        window.discardReadBytes()
        window.writeBuffer(&more)
        windowEnd = end
        step = min(2 * step, ArchiveLimits.frameInFile)
    }
}
