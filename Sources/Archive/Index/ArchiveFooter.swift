// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import NIOCore

/// The last bytes of an archive: they tell where the frames lie that hold the index, which end where the footer begins.
///
/// The payload, 28 bytes:
///
///     'H' 'F' 'F' 'T' | u32 LE version (1) | u64 LE file offset of the index frames | u64 LE their length
///     u32 LE CRC-32 of the 24 bytes before
///
/// gzip: a member of no content whose extra field `HF` is the payload; the length tells it from a frame's.
/// 10 (header) + 2 (XLEN) + 4 (subfield header) + 28 + 2 (an empty deflate block) + 8 (trailer) = 54 bytes.
///
/// zstd: a skippable frame (RFC 8878, 3.1.2). 4 (magic 0x184D2A5F) + 4 (length) + 28 = 36 bytes.
struct ArchiveFooter: Equatable {
    /// The bytes of the file that hold the index.
    let indexFrames: Range<Int64>

    private static let magic = Array("HFFT".utf8)
    private static let version: UInt32 = 1
    private static let payloadLength: UInt8 = 28
    /// The longest footer of any codec.
    static let longest = 54

    private static func prefix(_ codec: ArchiveCodec) -> [UInt8] {
        switch codec {
        case .gzip:
            [
                0x1f, 0x8b, 8, 4, 0, 0, 0, 0, 0, 0xff, 4 + payloadLength, 0,
                UInt8(ascii: "H"), UInt8(ascii: "F"), payloadLength, 0,
            ] + magic
        case .zstd:
            [0x5f, 0x2a, 0x4d, 0x18, payloadLength, 0, 0, 0] + magic
        }
    }

    private static func suffix(_ codec: ArchiveCodec) -> [UInt8] {
        switch codec {
        case .gzip: [0x03, 0] + [UInt8](repeating: 0, count: GzipMember.trailerLength)
        case .zstd: []
        }
    }

    func encoded(_ codec: ArchiveCodec) -> ByteBuffer {
        var payload = ByteBuffer(bytes: Self.magic)
        payload.writeInteger(Self.version, endianness: .little)
        payload.writeInteger(UInt64(indexFrames.lowerBound), endianness: .little)
        payload.writeInteger(UInt64(indexFrames.count), endianness: .little)
        payload.writeInteger(payload.withUnsafeReadableBytes { GzipMember.checksum($0) }, endianness: .little)

        var footer = ByteBuffer(bytes: Self.prefix(codec))
        payload.moveReaderIndex(forwardBy: Self.magic.count)
        footer.writeBuffer(&payload)
        footer.writeBytes(Self.suffix(codec))
        return footer
    }

    /// Looks for a footer at the end of `tail`, the last bytes of a file of `fileLength` bytes.
    ///
    /// - Returns: the codec and the footer; `nil` when the file does not end in one.
    /// - Throws: ``ArchiveError/corrupt(_:)`` when there is one and it is damaged,
    ///   ``ArchiveError/unsupported(_:)`` for a later version.
    static func find(in tail: ByteBuffer, fileLength: Int64) throws -> (ArchiveCodec, ArchiveFooter)? {
        for codec in ArchiveCodec.allCases {
            let prefix = prefix(codec)
            let length = prefix.count - magic.count + Int(payloadLength) + suffix(codec).count
            guard let footer = tail.getSlice(at: tail.writerIndex - length, length: length),
                footer.readableBytesView.starts(with: prefix)
            else { continue }
            return (codec, try decode(footer, codec: codec, fileLength: fileLength))
        }
        return nil
    }

    private static func decode(_ bytes: ByteBuffer, codec: ArchiveCodec, fileLength: Int64) throws -> ArchiveFooter {
        let start = prefix(codec).count
        guard
            let (version, offset, length) = bytes.getMultipleIntegers(
                at: start, endianness: .little, as: (UInt32, UInt64, UInt64).self)
        else {
            throw ArchiveError.corrupt("the footer is cut")
        }
        let framesEnd = UInt64(fileLength) - UInt64(bytes.readableBytes)
        guard offset <= framesEnd, length == framesEnd - offset, length > 0 else {
            throw ArchiveError.corrupt("the footer points outside the file, or the file has grown or shrunk")
        }
        let footer = ArchiveFooter(indexFrames: Int64(offset)..<Int64(framesEnd))
        guard version == Self.version else { throw ArchiveError.unsupported("a footer of version \(version)") }
        // Every other byte is fixed or follows from these, so this compares the checksum and all the rest.
        guard footer.encoded(codec) == bytes else {
            throw ArchiveError.corrupt("the footer does not match its checksum")
        }
        return footer
    }
}
