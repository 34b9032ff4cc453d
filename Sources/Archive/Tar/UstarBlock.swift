// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import NIOCore

/// The 512-byte header block of POSIX.1-1988 `ustar`, as the writer makes it.
///
/// Offsets: name 0, mode 100, uid 108, gid 116, size 124, mtime 136, checksum 148, type 156, link name 157,
/// magic 257, version 263, devmajor 329, devminor 337.
enum UstarBlock {
    static let length = 512
    /// The longest name that fits without a PAX record.
    static let nameLength = 100
    /// The largest number that eleven octal digits hold: one less than 8 GiB.
    static let largestNumber: Int64 = 0o77_777_777_777

    /// Appends one block.
    ///
    /// - Parameters:
    ///   - name: cut and made ASCII when it does not fit; a PAX record tells the rest.
    ///   - size: bytes, 0 to ``largestNumber``.
    ///   - seconds: since 1970 UTC, 0 to ``largestNumber``.
    static func write(
        type: UInt8, name: [UInt8], link: [UInt8] = [], mode: Int64 = 0o644, size: Int64, seconds: Int64,
        to buffer: inout ByteBuffer
    ) {
        buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: length) { space in
            let block = UnsafeMutableRawBufferPointer(rebasing: space[..<length])
            block.initializeMemory(as: UInt8.self, repeating: 0)
            copyText(name, to: block, at: 0)
            copyOctal(mode, to: block, at: 100, width: 8)
            copyOctal(0, to: block, at: 108, width: 8)
            copyOctal(0, to: block, at: 116, width: 8)
            copyOctal(size, to: block, at: 124, width: 12)
            copyOctal(seconds, to: block, at: 136, width: 12)
            block[156] = type
            copyText(link, to: block, at: 157)
            block[257..<265].copyBytes(from: magic)
            copyOctal(0, to: block, at: 329, width: 8)
            copyOctal(0, to: block, at: 337, width: 8)
            // The sum counts its own field as spaces and is stored as six digits, NUL, space.
            block[148..<156].copyBytes(from: spaces)
            let sum = block.reduce(0) { $0 &+ Int64($1) }
            copyOctal(sum, to: block, at: 148, width: 7)
            block[154] = 0
            return length
        }
    }

    /// The bytes that fill content of `size` bytes up to a whole block.
    static func padding(after size: Int64) -> Int {
        Int((512 - size % 512) % 512)
    }

    private static let magic = Array("ustar\u{0}00".utf8)
    private static let spaces = [UInt8](repeating: UInt8(ascii: " "), count: 8)

    private static func copyText(_ text: [UInt8], to block: UnsafeMutableRawBufferPointer, at offset: Int) {
        let count = min(text.count, nameLength)
        for index in 0..<count {
            block[offset + index] = text[index] < 0x80 ? text[index] : UInt8(ascii: "_")
        }
        // Readers that know no PAX take a name that ends in "/" for a directory.
        if text.count > count, block[offset + count - 1] == UInt8(ascii: "/") {
            block[offset + count - 1] = UInt8(ascii: "_")
        }
    }

    private static func copyOctal(
        _ value: Int64, to block: UnsafeMutableRawBufferPointer, at offset: Int, width: Int
    ) {
        var rest = value
        for index in stride(from: offset + width - 2, through: offset, by: -1) {
            block[index] = UInt8(ascii: "0") + UInt8(rest & 7)
            rest >>= 3
        }
    }
}
