// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import NIOCore
import Streams
import Synchronization

@testable import Archive

/// A tar stream: read whole and in pieces, and what was read written and read again.
enum TarBytes {
    private struct Seen: Equatable {
        let member: ArchiveMember
        let content: [UInt8]
    }

    private struct Reading: Equatable {
        var seen: [Seen] = []
        var isComplete = false
        var endedProperly = false
    }

    static func read(_ bytes: [UInt8]) async throws {
        try await readAsTheyAre(bytes)
        // No mutation hits upon the checksum of a header, so it is mended for it.
        let mended = mendingChecksums(bytes)
        if mended != bytes { try await readAsTheyAre(mended) }
    }

    private static func readAsTheyAre(_ bytes: [UInt8]) async throws {
        let buffer = BufferBytes(ByteBuffer(bytes: bytes))
        let whole = try await members(of: ByteStream(ByteBuffer(bytes: bytes)), bytes)
        let cut = try await members(of: buffer.stream(0..<buffer.size, blockSize: 700), bytes)
        try demand(whole == cut, "a tar stream reads otherwise when it comes in pieces")
        try await writeAndRead(whole.seen)
    }

    private static func members(of tar: ByteStream, _ bytes: [UInt8]) async throws -> Reading {
        var reading = Reading()
        let reader = TarReader(tar)
        do {
            while let member = try await reader.next() {
                let start = reader.contentOffset
                var content: [UInt8] = []
                while let piece = try await reader.readPiece() {
                    try demand(piece.readableBytes > 0, "a piece of content is empty")
                    content += piece.readableBytesView
                }
                try demand(Int64(content.count) == member.size, "a member's content is not as long as its size")
                try demand(start >= 512 && start <= Int64(bytes.count) - member.size, "content outside the stream")
                try demand(
                    content.elementsEqual(bytes[Int(start)...].prefix(content.count)), "content of another place")
                try demand(
                    !member.records.contains { ExtendedHeader.fieldNames.contains($0.name) },
                    "a record that belongs into a field")
                reading.seen.append(Seen(member: member, content: content))
            }
            reading.isComplete = true
            reading.endedProperly = reader.endedProperly
        } catch is ArchiveError {}
        return reading
    }

    private static func writeAndRead(_ seen: [Seen]) async throws {
        guard !seen.isEmpty else { return }
        let sink = ByteSink()
        let options = ArchiveOptions(codec: .zstd, level: .fast, frameSize: 4096, parallelism: 1)
        let writer = ArchiveWriter(options: options) { sink.take($0) }
        var written: [Seen] = []
        for entry in seen {
            // What foreign archives hold and the writer refuses: devices, names that end in a slash, and the like.
            guard let start = try await accepted(unless: ArchiveError.self, { try await begin(entry.member, writer) })
            else { continue }
            try await writer.write(ByteBuffer(bytes: entry.content))
            let extent = try await writer.end()
            try demand(extent.lowerBound > start && extent.count == entry.content.count, "an extent is wrong")
            written.append(entry)
        }
        let summary = try await writer.finish()
        let reader = try await ArchiveReader.open(BufferBytes(sink.bytes))
        try demand(reader.tarLength == summary.tarLength, "an archive is not as long as its writer says")
        let tar = try await reader.stream(0..<reader.tarLength).collect(upTo: Int(reader.tarLength))
        var again = try await members(of: ByteStream(tar), Array(tar.readableBytesView))
        try demand(again.endedProperly, "an archive of ours does not end properly")
        try demand(again.seen.popLast()?.member.name == Array(ArchiveLayout.indexName.utf8), "the index is not last")
        try demand(again.seen == written, "what was written is not what is read")
    }

    private static func begin(_ member: ArchiveMember, _ writer: ArchiveWriter) async throws -> Int64 {
        let start = writer.tarOffset
        try await writer.begin(member)
        return start
    }

    /// The same bytes with the right checksum in every block that bears the magic of a header.
    private static func mendingChecksums(_ bytes: [UInt8]) -> [UInt8] {
        var mended = bytes
        for start in stride(from: 0, through: bytes.count - UstarBlock.length, by: UstarBlock.length)
        where bytes[(start + 257)...].starts(with: "ustar".utf8) {
            let field = (start + 148)..<(start + 156)
            for index in field { mended[index] = UInt8(ascii: " ") }
            var sum = mended[start..<(start + UstarBlock.length)].reduce(0) { $0 + Int($1) }
            for index in stride(from: start + 153, through: start + 148, by: -1) {
                mended[index] = UInt8(ascii: "0") + UInt8(sum & 7)
                sum >>= 3
            }
            mended[start + 154] = 0
        }
        return mended
    }
}

/// Keeps what a writer gives it.
final class ByteSink: Sendable {
    private let kept = Mutex(ByteBuffer())

    var bytes: ByteBuffer { kept.withLock { $0 } }

    func take(_ buffer: ByteBuffer) {
        kept.withLock { _ = $0.writeImmutableBuffer(buffer) }
    }
}
