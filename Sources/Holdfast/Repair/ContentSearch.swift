// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Catalog
import NIOCore
import Streams

/// Looks in a backup for contents that were lost elsewhere, under whatever key, and in large objects chunk by chunk.
///
/// Memory: one page of the catalog, and of a content what falls into the lost frames.
struct ContentSearch {
    /// The contents still to be found, and where each begins in the damaged archive's tar stream.
    private(set) var wanted: [ContentName: Set<Int64>]
    /// What was found is put in here.
    private(set) var frames: LostFrames
    /// The archives that it came from.
    private(set) var donors: Set<String> = []
    /// What nobody need try to read.
    let lost: (file: String, bytes: LostBytes)

    init(_ wanted: [ContentName: Set<Int64>], frames: LostFrames, lost: (file: String, bytes: LostBytes)) {
        self.wanted = wanted
        self.frames = frames
        self.lost = lost
    }

    var isDone: Bool { wanted.isEmpty }

    /// - Throws: what says nothing of single contents: a catalog that cannot be read.
    mutating func look(in backup: OpenedBackup) async throws {
        for try await object in KeyOrder(catalog: backup.catalog) {
            if isDone { return }
            if let sha256 = object.sha256 {
                let whole = ContentName(sha256: sha256, length: object.size)
                if wanted[whole] != nil { try await take(whole, from: object, at: 0, of: backup) }
            }
            guard let chunks = try await backup.catalog.chunks(of: object) else { continue }
            var offset: Int64 = 0
            for chunk in chunks {
                let name = ContentName(sha256: chunk.sha256, length: Int64(chunk.length))
                if wanted[name] != nil { try await take(name, from: object, at: offset, of: backup) }
                offset += name.length
            }
        }
    }

    /// Reads a content and puts it in if it is right. One that cannot be read may lie somewhere else as well.
    private mutating func take(
        _ name: ContentName, from object: CatalogObject, at offset: Int64, of backup: OpenedBackup
    ) async throws {
        let range = offset..<offset + name.length
        do {
            let places = try backup.places(of: range, in: object)
            let files = places.compactMap {
                $0.archive == 0 ? backup.entry.file.fileName : backup.referred.name($0.archive)
            }
            guard !zip(files, places).contains(where: { $0 == lost.file && lost.bytes.contains($1.range) }) else {
                return
            }
            let starts = wanted[name, default: []]
            guard
                let pieces = try await Self.read(
                    name, backup, places,
                    keeping: { [frames] part in
                        starts.contains { frames.touches($0 + part.lowerBound..<$0 + part.upperBound) }
                    })
            else { return }
            for start in starts {
                for piece in pieces { frames.put(piece.bytes, at: start + piece.offset, isProven: true) }
            }
            wanted[name] = nil
            donors.formUnion(files)
        } catch {
            try Task.checkCancellation()
        }
    }

    /// - Parameter keeping: which parts of the content are wanted.
    /// - Returns: `nil` for bytes that are not the content.
    @concurrent
    private static func read(
        _ name: ContentName, _ backup: OpenedBackup, _ places: [OpenedBackup.Place],
        keeping: @Sendable (Range<Int64>) -> Bool
    ) async throws -> [(offset: Int64, bytes: ByteBuffer)]? {
        var digests = RunningDigests(wantsMD5: false)
        var offset: Int64 = 0
        var kept: [(offset: Int64, bytes: ByteBuffer)] = []
        for try await piece in try await backup.stream(places) {
            digests.update(piece)
            let end = offset + Int64(piece.readableBytes)
            if keeping(offset..<end) { kept.append((offset, piece)) }
            offset = end
        }
        return offset == name.length && digests.sha256 == name.sha256 ? kept : nil
    }
}
