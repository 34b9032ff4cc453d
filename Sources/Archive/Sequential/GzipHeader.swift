// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import NIOCore

/// The header of a gzip member, whoever made it (RFC 1952, 2.3).
enum GzipHeader {
    /// Bytes of the longest header that is read: 64 KiB of extra field, and more than any name and comment.
    static let longest = 256 << 10

    /// The length of the header that begins `bytes`; `nil` when it goes on behind them.
    ///
    /// - Throws: ``ArchiveError/corrupt(_:)`` when none begins there or its own checksum is wrong.
    static func length(in bytes: ByteBuffer) throws -> Int? {
        try bytes.withUnsafeReadableBytes { bytes in
            for (index, byte) in zip(0..., [0x1f, 0x8b, 8] as [UInt8]) {
                guard index < bytes.count else { return nil }
                guard bytes[index] == byte else { throw ArchiveError.corrupt("a gzip member does not begin like one") }
            }
            guard bytes.count >= 10 else { return nil }
            let flags = bytes[3]
            guard flags & 0xe0 == 0 else { throw ArchiveError.corrupt("a gzip header has flags that do not exist") }
            var end = 10
            if flags & 4 != 0 {
                guard bytes.count >= end + 2 else { return nil }
                end += 2 + Int(bytes[end]) + Int(bytes[end + 1]) << 8
            }
            // A name and a comment, each ended by a NUL.
            for flag in [8, 16] as [UInt8] where flags & flag != 0 {
                guard end < bytes.count, let zero = bytes[end...].firstIndex(of: 0) else { return nil }
                end = zero + 1
            }
            if flags & 2 != 0 {
                guard bytes.count >= end + 2 else { return nil }
                let sum = GzipMember.checksum(UnsafeRawBufferPointer(rebasing: bytes[..<end]))
                guard UInt16(truncatingIfNeeded: sum) == UInt16(bytes[end]) | UInt16(bytes[end + 1]) << 8 else {
                    throw ArchiveError.corrupt("a gzip header does not match its checksum")
                }
                end += 2
            }
            return end <= bytes.count ? end : nil
        }
    }
}
