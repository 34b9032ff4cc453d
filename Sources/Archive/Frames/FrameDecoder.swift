// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import CDeflate
import CZstd
import NIOCore

/// Why a frame's bytes are not what the index, or the frame's own header, says.
enum FrameDefect: String, Error {
    case header = "its header is damaged or is not the one the index tells of"
    case data = "its compressed data is damaged"
    case checksum = "its checksum does not match"
}

/// Gives back the piece of the tar stream that a frame was made of.
protocol FrameDecoder: Sendable {
    /// Checks and decompresses the bytes of exactly one frame.
    ///
    /// - Parameter length: bytes of tar stream in it, at most ``ArchiveLimits/frameContent``.
    /// - Throws: ``FrameDefect``.
    func decode(_ frame: ByteBuffer, length: Int) throws -> ByteBuffer
}

extension ArchiveCodec {
    /// One decoder, for one frame at a time.
    func makeDecoder() throws -> any FrameDecoder {
        switch self {
        case .gzip: try GzipDecoder()
        case .zstd: try ZstdDecoder()
        }
    }

    /// What the frame that begins `bytes` says about its lengths; `nil` when none begins there, when a length is beyond
    /// the limits, or (zstd, whose header does not tell the length in the file) when `bytes` ends before the frame.
    func frameLengths(in bytes: ByteBuffer) -> FrameLengths? {
        switch self {
        case .gzip: GzipMember.lengths(in: bytes)
        case .zstd: ZstdFrame.lengths(in: bytes)
        }
    }
}

/// Reads gzip members with libdeflate, which wants the whole and is the fastest at it.
///
/// `@unchecked Sendable`: the pool that owns it lends it to one frame at a time.
final class GzipDecoder: FrameDecoder, @unchecked Sendable {
    private let decompressor: OpaquePointer

    init() throws {
        guard let decompressor = libdeflate_alloc_decompressor() else {
            throw ArchiveError.codecFailed("libdeflate has no decompressor to give")
        }
        self.decompressor = decompressor
    }

    deinit {
        libdeflate_free_decompressor(decompressor)
    }

    func decode(_ frame: ByteBuffer, length: Int) throws -> ByteBuffer {
        guard GzipMember.lengths(in: frame) == FrameLengths(file: frame.readableBytes, tar: length) else {
            throw FrameDefect.header
        }
        let end = frame.writerIndex
        let checksum = frame.getInteger(at: end - 8, endianness: .little, as: UInt32.self)
        guard frame.getInteger(at: end - 4, endianness: .little, as: UInt32.self) == UInt32(length) else {
            throw FrameDefect.checksum
        }
        var content = ByteBuffer()
        content.reserveCapacity(length)
        try frame.withUnsafeReadableBytes { bytes in
            let stream = bytes[GzipMember.headerLength..<(bytes.count - GzipMember.trailerLength)]
            let source = UnsafeRawBufferPointer(rebasing: stream)
            try content.writeWithUnsafeMutableBytes(minimumWritableBytes: length) { space in
                var consumed = 0
                var produced = 0
                let result = libdeflate_deflate_decompress_ex(
                    decompressor, source.baseAddress, source.count, space.baseAddress, length, &consumed, &produced)
                guard result == LIBDEFLATE_SUCCESS, consumed == source.count, produced == length else {
                    throw FrameDefect.data
                }
                guard GzipMember.checksum(UnsafeRawBufferPointer(rebasing: space[..<length])) == checksum else {
                    throw FrameDefect.checksum
                }
                return length
            }
        }
        return content
    }
}

/// Reads zstd frames. Damage of any kind is one error of the library.
///
/// `@unchecked Sendable`: the pool that owns it lends it to one frame at a time.
final class ZstdDecoder: FrameDecoder, @unchecked Sendable {
    private let context: OpaquePointer

    init() throws {
        guard let context = ZSTD_createDCtx() else { throw ArchiveError.codecFailed("zstd has no context to give") }
        self.context = context
    }

    deinit {
        ZSTD_freeDCtx(context)
    }

    func decode(_ frame: ByteBuffer, length: Int) throws -> ByteBuffer {
        guard ZstdFrame.lengths(in: frame) == FrameLengths(file: frame.readableBytes, tar: length) else {
            throw FrameDefect.header
        }
        var content = ByteBuffer()
        content.reserveCapacity(length)
        _ = try frame.withUnsafeReadableBytes { bytes in
            try content.writeWithUnsafeMutableBytes(minimumWritableBytes: length) { space in
                let produced = ZSTD_decompressDCtx(context, space.baseAddress, length, bytes.baseAddress, bytes.count)
                guard ZSTD_isError(produced) == 0, produced == length else { throw FrameDefect.data }
                return length
            }
        }
        return content
    }
}

/// What must hold of a zstd frame (RFC 8878, 3.1.1) beyond what zstd itself demands.
enum ZstdFrame {
    private static let magic: [UInt8] = [0x28, 0xb5, 0x2f, 0xfd]
    private static let checksumFlag: UInt8 = 1 << 2

    /// The lengths of the frame that begins `bytes`; `nil` unless it is whole, states its content size and has a checksum.
    static func lengths(in bytes: ByteBuffer) -> FrameLengths? {
        guard bytes.readableBytesView.starts(with: magic),
            let descriptor = bytes.getInteger(at: bytes.readerIndex + magic.count, as: UInt8.self),
            descriptor & checksumFlag != 0
        else { return nil }
        return bytes.withUnsafeReadableBytes { bytes in
            let content = ZSTD_getFrameContentSize(bytes.baseAddress, bytes.count)
            let length = ZSTD_findFrameCompressedSize(bytes.baseAddress, bytes.count)
            // "Unknown" and "error" are the two largest numbers, so the limit excludes them.
            guard content > 0, content <= UInt64(ArchiveLimits.frameContent), ZSTD_isError(length) == 0,
                length <= ArchiveLimits.frameInFile
            else { return nil }
            return FrameLengths(file: length, tar: Int(content))
        }
    }
}
