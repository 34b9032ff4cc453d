// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import CDeflate
import NIOCore

/// The bytes of a frame as a gzip member (RFC 1952), around its deflate stream.
///
/// Header, 24 bytes, all fixed but the two lengths:
///
///     1f 8b 08 04 | 00 00 00 00 | 00 ff | 0c 00 | 'H' 'F' 08 00 | u32 LE member length | u32 LE content length
///     magic FLG    mtime          XFL OS  XLEN    subfield, 8 B
///
/// Trailer, 8 bytes: u32 LE CRC-32 of the content, u32 LE content length.
enum GzipMember {
    static let headerLength = 10 + 2 + 4 + 8
    static let trailerLength = 4 + 4

    private static let prefix: [UInt8] = [
        0x1f, 0x8b, 8, 4, 0, 0, 0, 0, 0, 0xff, 12, 0, UInt8(ascii: "H"), UInt8(ascii: "F"), 8, 0,
    ]
    /// The most that one stored deflate block holds (RFC 1951, 3.2.4).
    private static let storedBlock = 65_535

    /// The longest member that ``storing`` makes of `length` bytes; compressed ones are shorter.
    static func bound(_ length: Int) -> Int {
        headerLength + length + 5 * (length / storedBlock + 1) + trailerLength
    }

    /// Appends the header; ``finish(_:at:content:)`` fills in the member's length.
    static func writeHeader(contentLength: Int, to buffer: inout ByteBuffer) {
        buffer.writeBytes(prefix)
        buffer.writeInteger(0, endianness: .little, as: UInt32.self)
        buffer.writeInteger(UInt32(contentLength), endianness: .little)
    }

    /// Appends `content` as stored deflate blocks.
    static func writeStored(_ content: UnsafeRawBufferPointer, to buffer: inout ByteBuffer) {
        var start = 0
        repeat {
            let end = min(start + storedBlock, content.count)
            buffer.writeInteger(end == content.count ? 1 : 0, as: UInt8.self)
            buffer.writeInteger(UInt16(end - start), endianness: .little)
            buffer.writeInteger(~UInt16(end - start), endianness: .little)
            buffer.writeBytes(UnsafeRawBufferPointer(rebasing: content[start..<end]))
            start = end
        } while start < content.count
    }

    /// Appends the trailer to the member that begins at `start`, and states its length in its header.
    static func finish(_ buffer: inout ByteBuffer, at start: Int, content: UnsafeRawBufferPointer) {
        buffer.writeInteger(checksum(content), endianness: .little)
        buffer.writeInteger(UInt32(content.count), endianness: .little)
        buffer.setInteger(UInt32(buffer.writerIndex - start), at: start + prefix.count, endianness: .little)
    }

    /// The lengths that the header at the front of `bytes` states; `nil` when it is not exactly such a header or a
    /// length is impossible.
    static func lengths(in bytes: ByteBuffer) -> FrameLengths? {
        let start = bytes.readerIndex
        guard bytes.readableBytes >= headerLength, bytes.readableBytesView.starts(with: prefix),
            let member = bytes.getInteger(at: start + 16, endianness: .little, as: UInt32.self),
            let content = bytes.getInteger(at: start + 20, endianness: .little, as: UInt32.self),
            member >= headerLength + 2 + trailerLength, member <= ArchiveLimits.frameInFile,
            content > 0, content <= ArchiveLimits.frameContent
        else { return nil }
        return FrameLengths(file: Int(member), tar: Int(content))
    }

    /// CRC-32 as gzip has it.
    static func checksum(_ bytes: UnsafeRawBufferPointer) -> UInt32 {
        libdeflate_crc32(0, bytes.baseAddress, bytes.count)
    }
}

/// What a frame says about itself: its bytes in the file and in the tar stream.
struct FrameLengths: Equatable {
    let file: Int
    let tar: Int
}
