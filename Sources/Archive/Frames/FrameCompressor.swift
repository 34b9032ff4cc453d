// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import CZstd
import NIOCore

/// Makes a frame of a piece of the tar stream: compressed alone, so that it can be read alone.
protocol FrameCompressor: Sendable {
    /// Replaces what `output` holds by the frame of `piece`, which is 1 byte to ``ArchiveLimits/frameContent`` long.
    func compress(_ piece: ByteBuffer, into output: inout ByteBuffer) throws
}

extension ArchiveOptions {
    /// One compressor, for one frame at a time.
    func makeCompressor() throws -> any FrameCompressor {
        switch codec {
        case .gzip: GzipCompressor(deflater: try level.makeDeflater())
        case .zstd: try ZstdCompressor(level: level.zstdLevel)
        }
    }
}

/// Makes gzip members.
///
/// `@unchecked Sendable`: the pool that owns it lends it to one frame at a time.
final class GzipCompressor: FrameCompressor, @unchecked Sendable {
    private let deflater: (any Deflater)?
    private let probe = ShrinkProbe()

    init(deflater: (any Deflater)?) {
        self.deflater = deflater
    }

    func compress(_ piece: ByteBuffer, into output: inout ByteBuffer) throws {
        let length = piece.readableBytes
        output.clear(minimumCapacity: GzipMember.bound(length))
        GzipMember.writeHeader(contentLength: length, to: &output)
        piece.withUnsafeReadableBytes { content in
            // What does not shrink by 1/32 is stored: reading it back then costs a copy.
            let limit = length - max(1, length / 32)
            let deflated = output.writeWithUnsafeMutableBytes(minimumWritableBytes: limit) { space in
                guard limit > 0, let deflater, probe.promises(content) else { return 0 }
                return deflater.deflate(content, into: UnsafeMutableRawBufferPointer(rebasing: space[..<limit])) ?? 0
            }
            if deflated == 0 { GzipMember.writeStored(content, to: &output) }
            GzipMember.finish(&output, at: 0, content: content)
        }
    }
}

/// Makes zstd frames with content size and checksum. zstd itself stores blocks that do not shrink.
///
/// `@unchecked Sendable`: the pool that owns it lends it to one frame at a time.
final class ZstdCompressor: FrameCompressor, @unchecked Sendable {
    private let context: OpaquePointer

    init(level: Int32) throws {
        guard let context = ZSTD_createCCtx() else { throw ArchiveError.codecFailed("zstd has no context to give") }
        self.context = context
        for (parameter, value) in [(ZSTD_c_compressionLevel, level), (ZSTD_c_checksumFlag, 1)] {
            try zstdChecked(ZSTD_CCtx_setParameter(context, parameter, value))
        }
    }

    deinit {
        ZSTD_freeCCtx(context)
    }

    func compress(_ piece: ByteBuffer, into output: inout ByteBuffer) throws {
        let bound = ZSTD_compressBound(piece.readableBytes)
        output.clear(minimumCapacity: bound)
        _ = try piece.withUnsafeReadableBytes { content in
            try output.writeWithUnsafeMutableBytes(minimumWritableBytes: bound) { space in
                try zstdChecked(
                    ZSTD_compress2(context, space.baseAddress, space.count, content.baseAddress, content.count))
            }
        }
    }
}

/// The result of a zstd call, unless it is an error.
@discardableResult
func zstdChecked(_ result: Int) throws -> Int {
    guard ZSTD_isError(result) == 0 else {
        throw ArchiveError.codecFailed("zstd says \(String(cString: ZSTD_getErrorName(result)))")
    }
    return result
}
