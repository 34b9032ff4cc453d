// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Archive
import Catalog
import NIOCore
import Streams

/// Makes frames again that are sound in no copy of an archive, of the same contents in other archives of the vault.
///
/// A frame is made as it was or not at all. Contents have their SHA-256. What stood between them is made of the catalog
/// and is taken for right only where the checksum that ends the frame is left in a copy and says so. In a seal its chunks
/// say so, which whoever takes the frames compares.
struct FrameRebuild: Sendable {
    let entry: VaultEntry
    let vault: Vault
    /// What was found in what is left of the archive.
    let finding: ArchiveFinding
    /// The insides of its damaged copies.
    let copies: [any RandomAccessBytes]
    let environment: RunEnvironment

    /// - Returns: the frames by their number, and the archives that their contents came from.
    func run() async throws -> (frames: [Int: ByteBuffer], donors: [String]) {
        guard let reader = finding.reader, let inside = finding.inside else { return ([:], []) }
        let empty = LostFrames(finding.lost, of: reader.frames)
        guard !empty.isEmpty else { return ([:], []) }
        environment.progress.begin("looking for lost contents in other archives")
        var members = LostMembers()
        let own: OpenedBackup
        do {
            own = try await OpenedBackup.openIndexed(
                entry, "what is left", inside, in: vault, flaws: [], trustsCache: false, environment)
            try await own.catalog.check()
            for try await object in PositionOrder(catalog: own.catalog) {
                try await members.take(object, of: own, touching: empty)
            }
        } catch let error where ArchiveCheck.isDamage(error) {
            // Without its catalog nobody knows what was lost.
            return ([:], [])
        }
        var search = ContentSearch(members.contents, frames: empty, lost: (entry.file.fileName, finding.lost))
        try await search.look(in: own)
        let listing = try await vault.backups()
        for other in listing.entries + listing.hidden where other.file != entry.file && !search.isDone {
            try await look(in: other, &search)
        }
        var filled = search.frames
        members.putHeaders(into: &filled)
        var made: [Int: ByteBuffer] = [:]
        for frame in filled.complete {
            if let bytes = try await make(frame.index, frame.content, isProven: frame.isProven, reader) {
                made[frame.index] = bytes
            }
        }
        return (made, made.isEmpty ? [] : search.donors.sorted())
    }

    /// Whatever is wrong with another archive, the next may have what is wanted.
    private func look(in other: VaultEntry, _ search: inout ContentSearch) async throws {
        do {
            let backup = try await OpenedBackup.open(other, in: vault, environment)
            // Without an index each content would cost the reading of all before it.
            guard case .indexed = backup.content, backup.missingKey == nil else { return }
            try await search.look(in: backup)
        } catch {
            try Task.checkCancellation()
        }
    }

    private func make(
        _ index: Int, _ content: ByteBuffer, isProven: Bool, _ reader: ArchiveReader
    ) async throws -> ByteBuffer? {
        let range = reader.frames[index].fileRange
        let tail = range.upperBound - Int64(reader.frameChecksumLength)..<range.upperBound
        var remains: [ByteBuffer] = []
        var checksums: [ByteBuffer] = []
        for copy in copies {
            if let bytes = try await left(range, of: copy) { remains.append(bytes) }
            if let bytes = try await left(tail, of: copy) { checksums.append(bytes) }
        }
        let likely = try await reader.remadeFrames(index, of: content).filter { frame in
            let checksum = frame.getSlice(at: frame.writerIndex - tail.count, length: tail.count)
            return isProven || finding.seal != nil || checksums.contains { $0 == checksum }
        }
        guard let frame = likely.count > 1 ? Self.nearest(to: remains, of: likely) : likely.first else { return nil }
        _ = try await reader.checkedFrame(index, from: FrameBytes(range: range, bytes: frame))
        return frame
    }

    /// What a copy has at a place; `nil` where its disk, or its seal, has lost it.
    private func left(_ range: Range<Int64>, of copy: any RandomAccessBytes) async throws -> ByteBuffer? {
        do {
            return try await copy.read(range)
        } catch let error where ArchiveCheck.isLoss(error) {
            return nil
        }
    }

    /// Levels that give frames of one length are told apart by what is left of the old one.
    private static func nearest(to remains: [ByteBuffer], of frames: [ByteBuffer]) -> ByteBuffer? {
        func agreement(_ frame: ByteBuffer) -> Int {
            let blocks = stride(from: 0, to: frame.readableBytes - 511, by: 512)
            return remains.map { left in
                blocks.count {
                    left.getSlice(at: left.readerIndex + $0, length: 512)
                        == frame.getSlice(at: frame.readerIndex + $0, length: 512)
                }
            }.max() ?? 0
        }
        return frames.max { agreement($0) < agreement($1) }
    }
}
