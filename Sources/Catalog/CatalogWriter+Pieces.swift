// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import FoundationEssentials
import GRDB
import Synchronization

/// Bytes that need not be stored again, because equal ones lie in an earlier archive or, as a chunk, in this one.
///
/// The table of them is made when the first one is looked for, and lies in the same nameless file as the listing: what a
/// backup without news pays is nothing, and memory is that of SQLite's cache. It takes some 60 bytes of disk for each
/// content and each chunk of the earlier backup.
extension CatalogWriter {
    /// What is looked for.
    package enum Piece: Sendable {
        /// A whole content, of ``contentSizes``.
        case content
        case chunk
    }

    /// Contents below take as much in a catalog as in an archive; larger ones are cut into chunks.
    package static let contentSizes: ClosedRange<Int64> = 4096...16 << 20 - 1

    /// Which pieces are in the table already.
    struct KnownPieces {
        var hasTable = false
        var hasContents = false
        var hasChunks = false
    }

    /// Where bytes of this length and this SHA-256 lie; `nil` when that is not known, or nothing is built upon.
    ///
    /// Nothing that lies in a folded archive is found.
    package func extent(of piece: Piece, sha256: [UInt8], length: Int) async throws -> Extent? {
        guard hasBase else { return nil }
        return try await unordered { [self] database in
            try prepare(piece, in: database)
            let statement = try database.cachedStatement(
                sql: "SELECT archive, offset FROM listing.pieces WHERE sha256 = ? AND length = ?")
            guard let row = try Row.fetchOne(statement, arguments: [Data(sha256), length]) else { return nil }
            return Extent(archive: row[0], offset: row[1], length: Int64(length))
        }
    }

    /// Remembers a chunk that was stored in this catalog's own archive.
    package func add(chunk sha256: [UInt8], at extent: Range<Int64>) async throws {
        try await unordered { [self] database in
            try prepare(.chunk, in: database)
            try Self.insert(
                sha256, Extent(archive: 0, offset: extent.lowerBound, length: Int64(extent.count)), in: database)
        }
    }

    /// On the catalog's own thread, without a transaction: nobody needs this table twice.
    private func unordered<Value: Sendable>(
        _ body: @escaping @Sendable (Database) throws -> Value
    ) async throws -> Value {
        do {
            return try await queue.writeWithoutTransaction(body)
        } catch {
            throw Self.translated(error, at: path)
        }
    }

    private func prepare(_ piece: Piece, in database: Database) throws {
        // Only this thread changes it.
        var known = pieces.withLock { $0 }
        switch piece {
        case .content where known.hasContents: return
        case .chunk where known.hasChunks: return
        default: break
        }
        try database.inTransaction {
            if !known.hasTable {
                try database.execute(
                    sql: """
                        CREATE TABLE listing.pieces(
                            sha256 BLOB PRIMARY KEY, archive INTEGER NOT NULL, offset INTEGER NOT NULL,
                            length INTEGER NOT NULL
                        ) WITHOUT ROWID
                        """)
            }
            switch piece {
            case .content: try Self.readContents(in: database)
            case .chunk: try Self.readChunks(in: database)
            }
            return .commit
        }
        known.hasTable = true
        switch piece {
        case .content: known.hasContents = true
        case .chunk: known.hasChunks = true
        }
        pieces.withLock { $0 = known }
    }

    /// In the order of the hashes, so that the tree only grows at its end.
    private static func readContents(in database: Database) throws {
        try database.execute(
            sql: """
                INSERT OR IGNORE INTO listing.pieces(sha256, archive, offset, length)
                SELECT o.sha256, n.now, o.position, o.size
                FROM earlier.objects AS o CROSS JOIN listing.archive_numbers AS n ON n.earlier = o.archive
                WHERE o.size BETWEEN ?1 AND ?2 AND typeof(o.size) = 'integer' AND typeof(o.position) = 'integer'
                    AND o.position BETWEEN 0 AND 9223372036854775807 - o.size
                    AND typeof(o.sha256) = 'blob' AND length(o.sha256) = 32
                    AND o.extents = '[[' || o.archive || ',' || o.position || ',' || o.size || ']]'
                ORDER BY o.sha256
                """, arguments: [contentSizes.lowerBound, contentSizes.upperBound])
    }

    /// Lists that do not fit the extents beside them are passed over: what is not found is stored again.
    private static func readChunks(in database: Database) throws {
        guard try CatalogSchema.hasChunks("earlier", in: database) else { return }
        let numbers = try ExtentNumbers.read(from: "listing.archive_numbers", in: database)
        let rows = try Row.fetchCursor(
            database, sql: "SELECT size, extents, chunks FROM earlier.objects WHERE chunks IS NOT NULL")
        while let row = try rows.next() {
            guard let size = Int64.fromDatabaseValue(row[0]), let text = String.fromDatabaseValue(row[1]),
                let bytes = Data.fromDatabaseValue(row[2]), let extents = ExtentText.decode(text),
                let list = ChunkList(bytes: [UInt8](bytes), size: size)
            else { continue }
            var left = extents[...]
            var used: Int64 = 0
            for chunk in list {
                while let first = left.first, first.length == used {
                    left.removeFirst()
                    used = 0
                }
                // The writer never parts a chunk.
                guard let first = left.first, first.offset <= Int64.max - first.length,
                    first.length - used >= Int64(chunk.length)
                else { break }
                if let now = numbers[first.archive] {
                    let place = Extent(archive: now, offset: first.offset + used, length: Int64(chunk.length))
                    try insert(chunk.sha256, place, in: database)
                }
                used += Int64(chunk.length)
            }
        }
    }

    private static func insert(_ sha256: [UInt8], _ extent: Extent, in database: Database) throws {
        var row = RowBinder(
            try database.cachedStatement(
                sql: "INSERT OR IGNORE INTO listing.pieces(sha256, archive, offset, length) VALUES (?, ?, ?, ?)"))
        row.bind(sha256)
        row.bind(extent.archive)
        row.bind(extent.offset)
        row.bind(extent.length)
        try row.execute()
    }
}
