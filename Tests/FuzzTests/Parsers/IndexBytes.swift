// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import NIOCore
import Streams

@testable import Archive

/// The content of an index without its checksum: an archive is made around it, so that mutations get past the checksums
/// of index, frame and footer.
///
/// The first byte chooses the codec, the next two the bytes before the index, the rest is the index up to its checksum.
enum IndexBytes {
    static func read(_ bytes: [UInt8]) async throws {
        guard bytes.count >= 3 else { return }
        let codec: ArchiveCodec = bytes[0] & 1 == 0 ? .gzip : .zstd
        let framesLength = Int64(bytes[1]) | Int64(bytes[2]) << 8
        var index = ByteBuffer(bytes: bytes[3...])
        let checksum = index.withUnsafeReadableBytes { GzipMember.checksum($0) }
        index.writeInteger(checksum, endianness: .little)

        let decoded = try await accepted(unless: ArchiveError.self) {
            try ArchiveIndex.decode(index, codec: codec, fileLength: framesLength)
        }
        if let decoded {
            let again = try ArchiveIndex.decode(decoded.encoded(), codec: codec, fileLength: framesLength)
            try demand(again == decoded, "an index is not what it was when it is written and read")
        }
        let file = BufferBytes(try archive(index, codec, framesLength: Int(framesLength)))
        let opened = try await accepted(unless: ArchiveError.self) { try await ArchiveReader.open(file) }
        try demand((opened == nil) == (decoded == nil), "an archive opens without its index, or not with it")
        guard let opened else { return }
        try ArchiveBytes.checkPlaces(of: opened, in: file)
        _ = try await accepted(unless: ArchiveError.self) { try await opened.checkStructure() }
        for offset in [0, opened.tarLength / 2, opened.tarLength - 1] {
            _ = try await accepted(unless: ArchiveError.self) { try await opened.read(offset..<(offset + 1)) }
        }
    }

    /// A file of zeros in place of the frames, the index in a frame of its own, and the footer.
    private static func archive(_ index: ByteBuffer, _ codec: ArchiveCodec, framesLength: Int) throws -> ByteBuffer {
        let size = Int64(index.readableBytes)
        var tar = ByteBuffer()
        UstarBlock.write(
            type: UInt8(ascii: "0"), name: Array(ArchiveLayout.indexName.utf8), size: size, seconds: 0, to: &tar)
        tar.writeImmutableBuffer(index)
        tar.writeRepeatingByte(0, count: UstarBlock.padding(after: size) + 2 * UstarBlock.length)
        var frame = ByteBuffer()
        try ArchiveOptions(codec: codec, level: .fast).makeCompressor().compress(tar, into: &frame)

        var file = ByteBuffer(repeating: 0, count: framesLength)
        file.writeImmutableBuffer(frame)
        let place = Int64(framesLength)..<Int64(file.readableBytes)
        file.writeImmutableBuffer(ArchiveFooter(indexFrames: place).encoded(codec))
        return file
    }
}
