// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

package import NIOCore

extension ArchiveReader {
    /// Compresses what a frame held once more, at every level: the levels are written down nowhere, and each gives the
    /// same bytes for the same content.
    ///
    /// - Parameters:
    ///   - index: 0 to the number of ``frames`` - 1.
    ///   - content: all of the frame's part of the tar stream.
    /// - Returns: frames of the length that the index tells of, no two alike; none when another version of a library
    ///   compressed the archive.
    @concurrent
    package func remadeFrames(_ index: Int, of content: ByteBuffer) async throws -> [ByteBuffer] {
        let frame = frames[index]
        guard content.readableBytes == frame.tarRange.count else { return [] }
        var found: [ByteBuffer] = []
        for level in CompressionLevel.allCases {
            var output = ByteBuffer()
            try ArchiveOptions(codec: codec, level: level).makeCompressor().compress(content, into: &output)
            if output.readableBytes == frame.fileRange.count, !found.contains(output) { found.append(output) }
        }
        return found
    }

    /// How many of a frame's last bytes in the file tell of its content, whatever level compressed it: CRC-32 and length
    /// of a gzip member, the checksum of a zstd frame.
    package var frameChecksumLength: Int {
        switch codec {
        case .gzip: GzipMember.trailerLength
        case .zstd: 4
        }
    }
}
