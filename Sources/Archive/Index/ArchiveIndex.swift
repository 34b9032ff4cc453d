// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import NIOCore

/// The content of the member `.holdfast/index`.
///
///     'H' 'F' 'I' 'X'
///     u32 LE version (1)
///     u64 LE number of frames
///     for each frame, two varints (LEB128): bytes of tar stream, bytes in the file
///     u64 LE tar offset of the catalog's content, u64 LE its length; both 0 when there is none
///     u64 LE tar offset of the metadata's content, u64 LE its length; both 0 when there is none
///     u32 LE CRC-32 of all that precedes
///
/// A frame begins where its predecessor ends, so its lengths are the differences of the offsets. The frames that hold
/// this member itself are not among them: the footer points at those.
struct ArchiveIndex: Equatable {
    var frames = FrameIndex()
    /// Extents of the contents in the tar stream.
    var catalog: Range<Int64>?
    var metadata: Range<Int64>?

    private static let magic: [UInt8] = Array("HFIX".utf8)
    private static let version: UInt32 = 1
    private static let fixedLength = 4 + 4 + 8 + 4 * 8 + 4

    func encoded() -> ByteBuffer {
        var buffer = ByteBuffer()
        buffer.reserveCapacity(Self.fixedLength + 8 * frames.count)
        buffer.writeBytes(Self.magic)
        buffer.writeInteger(Self.version, endianness: .little)
        buffer.writeInteger(UInt64(frames.count), endianness: .little)
        for index in 0..<frames.count {
            let frame = frames[index]
            buffer.writeVarint(UInt64(frame.tarRange.count))
            buffer.writeVarint(UInt64(frame.fileRange.count))
        }
        for extent in [catalog, metadata] {
            buffer.writeInteger(UInt64(extent?.lowerBound ?? 0), endianness: .little)
            buffer.writeInteger(UInt64(extent?.count ?? 0), endianness: .little)
        }
        let checksum = buffer.withUnsafeReadableBytes { GzipMember.checksum($0) }
        buffer.writeInteger(checksum, endianness: .little)
        return buffer
    }

    /// Reads an index whose frames must take the first `fileLength` bytes of a file.
    ///
    /// - Throws: ``ArchiveError/corrupt(_:)``, or ``ArchiveError/unsupported(_:)`` for a later version.
    static func decode(_ content: ByteBuffer, codec: ArchiveCodec, fileLength: Int64) throws -> ArchiveIndex {
        var rest = content
        guard rest.readableBytes >= fixedLength, var body = rest.readSlice(length: rest.readableBytes - 4),
            let checksum = rest.readInteger(endianness: .little, as: UInt32.self),
            body.withUnsafeReadableBytes({ GzipMember.checksum($0) }) == checksum,
            body.readBytes(length: 4) == magic,
            let version = body.readInteger(endianness: .little, as: UInt32.self),
            let count = body.readInteger(endianness: .little, as: UInt64.self)
        else {
            throw ArchiveError.corrupt("the index does not match its checksum")
        }
        guard version == Self.version else { throw ArchiveError.unsupported("an index of version \(version)") }
        // A count that the file cannot hold must not reserve memory.
        guard count <= fileLength / Int64(codec.shortestFrame), count <= ArchiveLimits.frames else {
            throw ArchiveError.corrupt("the index tells of \(count) frames in \(fileLength) bytes")
        }
        var index = ArchiveIndex()
        index.frames.reserveCapacity(Int(count))
        for _ in 0..<count {
            guard let tar = body.readVarint(), let file = body.readVarint() else {
                throw ArchiveError.corrupt("the index ends within its frames")
            }
            try index.frames.append(tarLength: Int(clamping: tar), fileLength: Int(clamping: file))
        }
        guard index.frames.fileLength == fileLength else {
            throw ArchiveError.corrupt("the index covers \(index.frames.fileLength) bytes of \(fileLength)")
        }
        index.catalog = try readExtent(from: &body, within: index.frames.tarLength)
        index.metadata = try readExtent(from: &body, within: index.frames.tarLength)
        guard body.readableBytes == 0 else { throw ArchiveError.corrupt("the index has bytes behind its end") }
        return index
    }

    private static func readExtent(from body: inout ByteBuffer, within tarLength: Int64) throws -> Range<Int64>? {
        guard let (offset, length) = body.readMultipleIntegers(endianness: .little, as: (UInt64, UInt64).self) else {
            throw ArchiveError.corrupt("the index ends within its extents")
        }
        guard offset > 0 || length > 0 else { return nil }
        guard offset >= UInt64(UstarBlock.length), offset <= UInt64(tarLength), length <= UInt64(tarLength) - offset
        else {
            throw ArchiveError.corrupt("the index tells of an extent outside the tar stream")
        }
        return Int64(offset)..<Int64(offset + length)
    }
}

extension ByteBuffer {
    /// Appends seven bits a byte, least significant first, the high bit set on all but the last (LEB128).
    mutating func writeVarint(_ value: UInt64) {
        var rest = value
        while rest >= 0x80 {
            writeInteger(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        writeInteger(UInt8(rest))
    }

    /// Reads what ``writeVarint(_:)`` wrote; `nil` when the bytes end or the value is beyond 63 bits.
    mutating func readVarint() -> UInt64? {
        var value: UInt64 = 0
        for shift in stride(from: UInt64(0), to: 63, by: 7) {
            guard let byte = readInteger(as: UInt8.self) else { return nil }
            value |= UInt64(byte & 0x7f) << shift
            if byte & 0x80 == 0 { return value }
        }
        return nil
    }
}
