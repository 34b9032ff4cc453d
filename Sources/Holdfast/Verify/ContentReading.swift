// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Catalog
import Streams

/// Reads one object for a verification, or of it what was not read before.
struct ContentReading: Sendable {
    let object: CatalogObject
    let backup: OpenedBackup

    /// How much was read.
    enum Amount: Equatable, Sendable {
        case nothing
        /// So many bytes, in chunks that were compared each by itself.
        case part(Int64)
        case whole
    }

    /// Reads and compares.
    ///
    /// - Parameter verified: what needs no second look, and learns what is right; `nil` to read everything.
    /// - Throws: ``HoldfastError`` `.corrupt` for bytes, or a list of chunks, that are not what they were.
    @concurrent
    func run(_ verified: VerifiedContents?) async throws -> Amount {
        let list = try await backup.catalog.chunks(of: object)
        let place = verified == nil ? nil : VerifiedContents.place(of: object, list, in: backup)
        // What lies in this archive is read in each of its copies.
        let isEarlier = object.extents.allSatisfy { $0.archive != 0 }
        if isEarlier, let place, verified?.contains(place) == true { return .nothing }
        let chunks = verified == nil ? [] : try self.chunks(list)
        let left = chunks.filter { chunk in
            chunk.isHere || chunk.place.map { verified?.contains($0) != true } ?? true
        }
        // With no chunk known all of it is at hand, and so is the hash of the whole.
        let amount: Amount
        if left.count == chunks.count {
            try await readWhole(list)
            amount = .whole
        } else {
            for chunk in left { try await read(chunk) }
            amount = .part(left.reduce(0) { $0 + Int64($1.chunk.length) })
        }
        if let verified {
            for chunk in left { chunk.place.map(verified.insert) }
            place.map(verified.insert)
        }
        return amount
    }

    private struct Chunk {
        let chunk: ChunkList.Chunk
        let places: [OpenedBackup.Place]
        let place: VerifiedContents.Place?
        /// Whether some of it lies in the archive that is verified.
        let isHere: Bool
    }

    private func chunks(_ list: ChunkList?) throws -> [Chunk] {
        var offset: Int64 = 0
        return try (list ?? ChunkList()).map { chunk in
            let places = try backup.places(of: offset..<offset + Int64(chunk.length), in: object)
            offset += Int64(chunk.length)
            return Chunk(
                chunk: chunk, places: places, place: VerifiedContents.place(of: chunk, places, in: backup),
                isHere: places.contains { $0.archive == 0 })
        }
    }

    private func readWhole(_ list: ChunkList?) async throws {
        // What a later backup would take for equal must be what the list says.
        var check = ChunkListCheck(list)
        try await CheckedContent(backup: backup, object: object).read { check.take($0) }
        guard check.isRight else {
            throw HoldfastError(
                .corrupt, "its bytes are right, and the list of its chunks in the catalog is not",
                hint: "holdfast backup with --full builds on none of it.")
        }
    }

    private func read(_ chunk: Chunk) async throws {
        var digests = RunningDigests(wantsMD5: false)
        for try await piece in try await backup.stream(chunk.places) { digests.update(piece) }
        guard digests.sha256 == chunk.chunk.sha256 else {
            throw HoldfastError(.corrupt, "the chunk with SHA-256 \(Hex.text(chunk.chunk.sha256)) has other bytes")
        }
    }
}
