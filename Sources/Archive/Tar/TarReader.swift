// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

package import NIOCore
package import Streams

/// Reads a tar stream from its beginning, member by member: ustar, PAX, GNU and the seventh edition's format.
///
/// Holds one piece of the stream and at most 1 MiB of headers. Used by one task at a time.
package final class TarReader {
    /// Where the content of the current member begins in the tar stream.
    package private(set) var contentOffset: Int64 = 0
    /// Whether the end came as two zero blocks with nothing but zeros behind them. Until ``next()`` has answered `nil`
    /// it is false; false after that means that the archive was cut at a block border, or that something follows it.
    package private(set) var endedProperly = false

    private var tar: ByteStream.AsyncIterator
    private var pending = ByteBuffer()
    /// The tar offset of the first byte of `pending`.
    private var position: Int64 = 0
    private var contentLeft: Int64 = 0
    private var paddingLeft: Int64 = 0
    private var ended = false
    private var globals = ExtendedHeader()

    /// Begins at the first byte of `tar`, a stream that is not compressed (see ``decompressed(_:)``).
    package init(_ tar: ByteStream) {
        self.tar = tar.makeAsyncIterator()
    }

    /// The next member, after skipping what is left of the current one; `nil` at the end of the archive.
    ///
    /// - Throws: ``ArchiveError/corrupt(_:)``, ``ArchiveError/truncated(_:)`` or ``ArchiveError/unsupported(_:)`` for
    ///   sparse files, whose bytes are not their content; whatever the stream throws.
    package func next() async throws -> ArchiveMember? {
        guard !ended else { return nil }
        try await skipContent()
        var own = ExtendedHeader()
        var extended = false
        while true {
            let offset = position
            guard let block = try await take(UstarBlock.length), let header = try TarHeader(block, at: offset) else {
                guard !extended else {
                    throw ArchiveError.truncated("after an extended header at tar offset \(offset)")
                }
                ended = true
                endedProperly = position > offset ? try await restIsZeros() : false
                return nil
            }
            switch header.type {
            case UInt8(ascii: "x"), UInt8(ascii: "X"):
                try own.add(await takeBody(of: header, at: offset), at: offset)
            case UInt8(ascii: "g"):
                try globals.add(await takeBody(of: header, at: offset), at: offset)
                // Every member inherits them all: many would make small members dear.
                guard globals.records.count <= ArchiveLimits.globalRecords else {
                    throw ArchiveError.unsupported("more than \(ArchiveLimits.globalRecords) global records")
                }
            case UInt8(ascii: "L"):
                try own.addLongName(await takeBody(of: header, at: offset), at: offset)
            case UInt8(ascii: "K"):
                try own.addLongLink(await takeBody(of: header, at: offset), at: offset)
            default:
                return try begin(header, own.inheriting(globals), at: offset)
            }
            if header.type != UInt8(ascii: "g") { extended = true }
        }
    }

    /// The next piece of the current member's content as it comes, never empty; `nil` after the last.
    package func readPiece() async throws -> ByteBuffer? {
        guard contentLeft > 0 else { return nil }
        try await fill("in the content of a member")
        let count = Int(min(contentLeft, Int64(pending.readableBytes)))
        let piece = pending.readSlice(length: count)
        contentLeft -= Int64(count)
        position += Int64(count)
        return piece
    }

    /// Passes over what is left of the current member's content.
    package func skipContent() async throws {
        var left = contentLeft + paddingLeft
        contentLeft = 0
        paddingLeft = 0
        while left > 0 {
            try await fill("in the content of a member")
            let count = Int(min(left, Int64(pending.readableBytes)))
            pending.moveReaderIndex(forwardBy: count)
            position += Int64(count)
            left -= Int64(count)
        }
    }

    private func begin(_ header: TarHeader, _ extended: ExtendedHeader, at offset: Int64) throws -> ArchiveMember {
        let name = extended.path ?? header.name
        let link = extended.linkPath ?? header.link
        // Links, directories, devices and FIFOs may state a size, but nothing follows them.
        let bare = (UInt8(ascii: "1")...UInt8(ascii: "6")).contains(header.type)
        let size = bare ? 0 : extended.size ?? header.size
        let kind: ArchiveMember.Kind
        switch header.type {
        // The seventh edition has no directories but empty files whose names end in a slash.
        case 0, UInt8(ascii: "0"), UInt8(ascii: "7"):
            kind = name.last == UInt8(ascii: "/") && size == 0 ? .directory : .file
        case UInt8(ascii: "1"): kind = .hardLink(to: link)
        case UInt8(ascii: "2"): kind = .symbolicLink(to: link)
        case UInt8(ascii: "5"): kind = .directory
        // Old GNU sparse files have a map between header and content.
        case UInt8(ascii: "S"): throw ArchiveError.unsupported("a sparse file at tar offset \(offset)")
        default: kind = .other(header.type)
        }
        contentOffset = position
        contentLeft = size
        paddingLeft = Int64(UstarBlock.padding(after: size))
        return ArchiveMember(
            name: name, kind: kind, size: size, modified: extended.modified ?? header.modified,
            records: extended.records)
    }

    private func takeBody(of header: TarHeader, at offset: Int64) async throws -> ByteBuffer {
        guard header.size <= Int64(ArchiveLimits.extendedHeader) else {
            throw ArchiveError.corrupt("an extended header of \(header.size) bytes at tar offset \(offset)")
        }
        let size = Int(header.size)
        guard var body = try await take(size + UstarBlock.padding(after: header.size)),
            let content = body.readSlice(length: size)
        else {
            throw ArchiveError.truncated("in the extended header at tar offset \(offset)")
        }
        return content
    }

    /// The next `count` bytes in one buffer; `nil` when the stream ends just here.
    private func take(_ count: Int) async throws -> ByteBuffer? {
        if let whole = pending.readSlice(length: count) {
            position += Int64(count)
            return whole
        }
        var result = ByteBuffer()
        result.reserveCapacity(count)
        while result.readableBytes < count {
            if pending.readableBytes == 0 {
                guard let piece = try await tar.next() else { break }
                pending = piece
            }
            let missing = count - result.readableBytes
            if var part = pending.readSlice(length: min(missing, pending.readableBytes)) { result.writeBuffer(&part) }
        }
        position += Int64(result.readableBytes)
        if result.readableBytes == count { return result }
        guard result.readableBytes == 0 else {
            throw ArchiveError.truncated("within a block at tar offset \(position)")
        }
        return nil
    }

    private func fill(_ place: String) async throws {
        while pending.readableBytes == 0 {
            guard let piece = try await tar.next() else {
                throw ArchiveError.truncated("\(place) at tar offset \(position)")
            }
            pending = piece
        }
    }

    /// Reads to the end, so that checksums behind the tar stream are seen; whether one more zero block and only zeros came.
    private func restIsZeros() async throws -> Bool {
        var count = 0
        var zeros = true
        repeat {
            zeros = zeros && pending.readableBytesView.allSatisfy { $0 == 0 }
            count = min(count + pending.readableBytes, UstarBlock.length)
            guard let piece = try await tar.next() else { return zeros && count == UstarBlock.length }
            pending = piece
        } while true
    }
}
