// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import NIOCore

/// What one 512-byte header block says: ustar, GNU or the seventh edition's.
struct TarHeader {
    var type: UInt8
    var name: [UInt8]
    var link: [UInt8]
    /// Bytes that follow, 0 to ``ArchiveLimits/memberContent``.
    var size: Int64
    /// Milliseconds since 1970 UTC.
    var modified: Int64

    /// Reads a block that lies at `offset` of the tar stream; `nil` when it is all zeros.
    ///
    /// - Throws: ``ArchiveError/corrupt(_:)`` when the checksum or a number in it is wrong.
    init?(_ buffer: ByteBuffer, at offset: Int64) throws {
        let header = try buffer.withUnsafeReadableBytes { block -> TarHeader? in
            guard block.contains(where: { $0 != 0 }) else { return nil }
            return try TarHeader(block: block, at: offset)
        }
        guard let header else { return nil }
        self = header
    }

    private init(block: UnsafeRawBufferPointer, at offset: Int64) throws {
        guard block.count == UstarBlock.length, Self.checksumIsRight(block) else {
            throw ArchiveError.corrupt("no tar header with a right checksum at tar offset \(offset)")
        }
        guard let size = Self.number(block[124..<136]), size >= 0, size <= ArchiveLimits.memberContent else {
            throw ArchiveError.corrupt("the tar header at tar offset \(offset) has an impossible size")
        }
        guard let seconds = Self.number(block[136..<148]) else {
            throw ArchiveError.corrupt("the tar header at tar offset \(offset) has an impossible time")
        }
        let (modified, overflow) = seconds.multipliedReportingOverflow(by: 1000)
        guard !overflow else {
            throw ArchiveError.corrupt("the tar header at tar offset \(offset) has an impossible time")
        }
        self.size = size
        self.modified = modified
        type = block[156]
        link = Self.text(block[157..<257])
        name = Self.text(block[0..<100])
        // GNU's magic is "ustar  \0" and its archives have other things where POSIX has the prefix.
        if block[257..<263].elementsEqual("ustar\u{0}".utf8) {
            let prefix = Self.text(block[345..<500])
            if !prefix.isEmpty { name = prefix + [UInt8(ascii: "/")] + name }
        }
    }

    private static func checksumIsRight(_ block: UnsafeRawBufferPointer) -> Bool {
        var unsigned: Int64 = 0
        var signed: Int64 = 0
        for index in 0..<UstarBlock.length {
            let byte = (148..<156).contains(index) ? UInt8(ascii: " ") : block[index]
            unsigned &+= Int64(byte)
            signed &+= Int64(Int8(bitPattern: byte))
        }
        guard let stored = number(block[148..<156]) else { return false }
        // Some old archivers summed signed characters.
        return stored == unsigned || stored == signed
    }

    /// The bytes before the first NUL.
    private static func text(_ field: Slice<UnsafeRawBufferPointer>) -> [UInt8] {
        Array(field.prefix { $0 != 0 })
    }

    /// A number in octal digits among spaces and NULs, or in GNU's base 256; `nil` when it is neither or overflows.
    private static func number(_ field: Slice<UnsafeRawBufferPointer>) -> Int64? {
        guard let first = field.first else { return nil }
        if first & 0x80 != 0 {
            // Two's complement, whose first byte is 0x80 or 0xff and stands for the sign alone.
            guard first == 0x80 || first == 0xff else { return nil }
            var value: Int64 = first == 0xff ? -1 : 0
            for byte in field.dropFirst() {
                let (product, overflow) = value.multipliedReportingOverflow(by: 256)
                guard !overflow else { return nil }
                value = product | Int64(byte)
            }
            return value
        }
        let isGap = { (byte: UInt8) in byte == 0 || byte == UInt8(ascii: " ") }
        let digits = field.drop(while: isGap).prefix { !isGap($0) }
        var value: Int64 = 0
        // At most twelve digits, so the sum cannot overflow.
        for byte in digits {
            guard byte >= UInt8(ascii: "0"), byte <= UInt8(ascii: "7") else { return nil }
            value = value << 3 | Int64(byte - UInt8(ascii: "0"))
        }
        return field[digits.endIndex...].allSatisfy(isGap) ? value : nil
    }
}
