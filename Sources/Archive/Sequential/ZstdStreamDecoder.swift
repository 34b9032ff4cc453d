// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import CZstd
import NIOCore

/// Decompresses zstd frames in a row (RFC 8878, 3.1), skippable ones included, and checks checksums where there are any.
///
/// `@unchecked Sendable`: its iterator awaits each step before the next.
final class ZstdStreamDecoder: StreamDecoder, @unchecked Sendable {
    private let context: OpaquePointer
    private(set) var isComplete = true

    init() throws {
        guard let context = ZSTD_createDCtx() else { throw ArchiveError.codecFailed("zstd has no context to give") }
        self.context = context
        // 128 MiB, zstd's own default: a frame may demand no larger window, whatever its header says.
        try zstdChecked(ZSTD_DCtx_setParameter(context, ZSTD_d_windowLogMax, 27))
    }

    deinit {
        ZSTD_freeDCtx(context)
    }

    func decode(_ input: inout ByteBuffer, into output: inout ByteBuffer, limit: Int) throws -> Bool {
        while true {
            let room = limit - output.readableBytes
            var result = 0
            let consumed = input.withUnsafeReadableBytes { source in
                var from = ZSTD_inBuffer(src: source.baseAddress, size: source.count, pos: 0)
                output.writeWithUnsafeMutableBytes(minimumWritableBytes: room) { space in
                    var to = ZSTD_outBuffer(dst: space.baseAddress, size: room, pos: 0)
                    result = ZSTD_decompressStream(context, &to, &from)
                    return to.pos
                }
                return from.pos
            }
            input.moveReaderIndex(forwardBy: consumed)
            guard ZSTD_isError(result) == 0 else {
                throw ArchiveError.corrupt("zstd data is damaged (\(String(cString: ZSTD_getErrorName(result))))")
            }
            isComplete = result == 0
            if output.readableBytes == limit { return !isComplete }
            if input.readableBytes == 0 { return false }
        }
    }
}
