// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Archive
import Catalog
import NIOCore
import ObjectStorage

/// A content by what it is: nothing else has the same.
struct ContentName: Hashable, Sendable {
    /// 32 bytes.
    let sha256: [UInt8]
    let length: Int64
}

/// What the archive's own catalog tells of members of which something lay in lost frames.
///
/// Memory: for each of them its header and some 100 bytes; a frame of 1 MiB holds at most 1,000 or so.
struct LostMembers {
    private struct Member {
        let content: Range<Int64>
        /// What may have stood before it: objects of the same content are not told apart by their place.
        var headers: [ByteBuffer] = []
    }

    /// More than a header takes: its limit is 1 MiB of records and twice a name.
    private static let header: Int64 = 2 << 20

    private var members: [Int64: Member] = [:]
    /// The contents that were lost, and where each begins in the tar stream.
    private(set) var contents: [ContentName: Set<Int64>] = [:]

    /// Looks at a row and takes what concerns the frames.
    mutating func take(
        _ object: CatalogObject, of backup: OpenedBackup, touching frames: LostFrames
    ) async throws {
        let places = try backup.extents(of: object)
        guard places.contains(where: { $0.archive == 0 && frames.touches(Self.reach(of: $0.range)) }) else { return }
        let chunks = try await backup.catalog.chunks(of: object)
        var position: Int64 = 0
        for (archive, range) in places {
            let part = position..<position + Int64(range.count)
            position = part.upperBound
            guard archive == 0, frames.touches(Self.reach(of: range)) else { continue }
            var named: ContentName?
            if let chunks {
                var start: Int64 = 0
                for chunk in chunks {
                    let length = Int64(chunk.length)
                    if part.lowerBound <= start, start + length <= part.upperBound {
                        let offset = range.lowerBound + start - part.lowerBound
                        let content = ContentName(sha256: chunk.sha256, length: length)
                        add(content, at: offset, frames)
                        if length == Int64(part.count) { named = content }
                    }
                    start += length
                }
            } else if let sha256 = object.sha256, Int64(part.count) == object.size {
                add(ContentName(sha256: sha256, length: object.size), at: range.lowerBound, frames)
            }
            let isWhole = Int64(part.count) == object.size
            let headers = isWhole ? Self.headers(of: object) : [named.flatMap { Self.header(ofChunk: $0, of: object) }]
            members[range.lowerBound, default: Member(content: range)].headers += headers.compactMap { $0 }
        }
    }

    private mutating func add(_ content: ContentName, at offset: Int64, _ frames: LostFrames) {
        guard frames.touches(offset..<offset + content.length) else { return }
        contents[content, default: []].insert(offset)
    }

    private static func reach(of content: Range<Int64>) -> Range<Int64> {
        max(0, content.lowerBound - header)..<padded(content) + 1
    }

    /// Where the next member's header begins.
    private static func padded(_ content: Range<Int64>) -> Int64 {
        content.lowerBound + (Int64(content.count) + 511) / 512 * 512
    }

    /// The headers that a backup may have written: the hash of a large object was not known before its bytes, nor in
    /// what parts it had been uploaded.
    private static func headers(of object: CatalogObject) -> [ByteBuffer?] {
        guard let name = object.member else { return [] }
        var large = ObjectInfo(object)
        large.partSize = nil
        let place = VersionPlace(ordinal: object.ordinal, isDeleteMarker: object.listed.isDeleteMarker)
        return [(ObjectInfo(object), object.sha256.map { Hex.text($0) }), (large, nil)].map { info, sha256 in
            try? ArchiveMember(
                name: name, kind: .file, size: object.size, modified: object.listed.lastModified,
                records: MemberRecords.records(of: info, at: place, member: name, sha256: sha256)
            ).header()
        }
    }

    private static func header(ofChunk name: ContentName, of object: CatalogObject) -> ByteBuffer? {
        try? ArchiveMember(
            name: Array((ArchiveLayout.chunkFolder + Hex.text(name.sha256)).utf8), kind: .file, size: name.length,
            modified: object.listed.lastModified, records: []
        ).header()
    }

    /// Puts headers and padding in where only one place is left for them.
    func putHeaders(into frames: inout LostFrames) {
        var end: Int64?
        for member in members.values.sorted(by: { $0.content.lowerBound < $1.content.lowerBound }) {
            let start = member.content.lowerBound
            // A chunk within a larger content has no header.
            if let end, start < end { continue }
            let padding = Self.padded(member.content) - member.content.upperBound
            frames.put(
                ByteBuffer(repeating: 0, count: Int(padding)), at: member.content.upperBound, isProven: true)
            let header = member.headers.first { header in
                let first = start - Int64(header.readableBytes)
                return first == end || first <= frames.start(of: start - 1) ?? -1
            }
            if let header, start >= Int64(header.readableBytes) {
                frames.put(header, at: start - Int64(header.readableBytes), isProven: false)
            }
            end = Self.padded(member.content)
        }
    }
}
