// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import FoundationEssentials
import GRDB
package import SystemPackage

/// A catalog that holds only what changed since an earlier one, its base: rows that are new or different, the places of
/// those that are gone, and the small tables whole.
///
/// A backup of a bucket of millions of objects in which little changed is then as small as the change.
package struct CatalogDelta: Hashable, Sendable {
    /// The name of the fact by which a delta knows its base; a catalog without it gets none.
    package static let idFact = "catalog.id"

    /// Rows in it, those of what is gone among them.
    package let rowCount: Int
    /// The archives with the catalogs that it takes to put a whole one together, from the whole one to the base.
    package let chain: [String]

    /// When a catalog is written whole all the same.
    package struct Limits: Hashable, Sendable {
        /// A catalog of no more rows than this is whole: what could be saved is not worth a second archive to read.
        package var wholeRows = 100_000
        /// So many deltas follow one another at most: each must be read to read the last one.
        package var chainLength = 16
        /// All deltas since the last whole catalog have at most this part of its rows, one in so many.
        package var part = 4

        package init() {}
    }

    /// Writes what changed in a finished catalog since its base, if that is worth it.
    ///
    /// - Parameters:
    ///   - path: the finished catalog. It is told what it builds on, so that the next one knows.
    ///   - folded: archives that are to be needed no longer.
    ///   - target: where the delta is written; nothing is left there when there is none.
    /// - Returns: `nil` when the catalog is to be written whole.
    /// - Throws: ``CatalogError``.
    package static func write(
        of path: FilePath, since base: CatalogBase, without folded: [String], to target: FilePath, limits: Limits
    ) async throws -> CatalogDelta? {
        let facts = try await CatalogReader.open(at: base.path).info()
        let stored = try await CatalogReader.open(at: path).totals().stored
        guard stored > limits.wholeRows, let baseID = facts[CatalogSchema.ChainName.id] else { return nil }
        let chain = try chain(facts) + [base.archive]
        let earlierRows = facts[CatalogSchema.ChainName.rows].flatMap { Int($0) } ?? 0
        let room = stored / limits.part - earlierRows
        guard chain.count <= limits.chainLength, room > 0, folded.allSatisfy({ !chain.contains($0) }) else {
            return nil
        }
        do {
            let rows = try await blocking {
                let queue = try CatalogFile.createPlain(
                    at: target, creation: CatalogSchema.creation + CatalogSchema.deltaCreation)
                defer { try? queue.close() }
                return try queue.writeWithoutTransaction { database in
                    try attach(path, base, in: database)
                    var rows = 0
                    try database.inTransaction {
                        rows = try copyChanges(since: base, limit: room, in: database)
                        guard rows <= room else { return .commit }
                        try note(CatalogSchema.ChainName.rows, String(earlierRows + rows), in: "whole", database)
                        try note(CatalogSchema.ChainName.archives, encoded(chain), in: "whole", database)
                        try copySmallTables(in: database)
                        try note(CatalogSchema.ChainName.base, base.archive, in: "main", database)
                        try note(CatalogSchema.ChainName.baseID, baseID, in: "main", database)
                        return .commit
                    }
                    return rows
                }
            }
            if rows <= room { return CatalogDelta(rowCount: rows, chain: chain) }
            try? FileManager.default.removeItem(atPath: target.string)
            return nil
        } catch {
            try? FileManager.default.removeItem(atPath: target.string)
            throw CatalogError.translating(error, at: target)
        }
    }

    /// On what a catalog builds; `nil` for a whole one.
    ///
    /// - Throws: ``CatalogError``; it may come from anybody.
    package static func base(of path: FilePath) async throws -> (archive: String, id: String)? {
        do {
            guard try await isDelta(path) else { return nil }
            let facts = try await CatalogReader.open(at: path, version: CatalogSchema.deltaVersion).info()
            guard let archive = facts[CatalogSchema.ChainName.base], let id = facts[CatalogSchema.ChainName.baseID]
            else {
                throw RowFault(what: "it does not say what it builds on")
            }
            return (archive, id)
        } catch {
            throw CatalogError.translating(error, at: path)
        }
    }

    private static func attach(_ path: FilePath, _ base: CatalogBase, in database: Database) throws {
        try database.execute(sql: "ATTACH DATABASE ? AS whole", arguments: [path.string])
        try database.execute(sql: "ATTACH DATABASE ? AS earlier", arguments: [base.path.string])
        // Like the one that is written, it is worth nothing before the backup is committed.
        try database.execute(sql: "PRAGMA whole.journal_mode = MEMORY; PRAGMA whole.synchronous = OFF")
    }

    private static func copySmallTables(in database: Database) throws {
        for table in ["archives", "exceptions", "info"] {
            let columns = CatalogSchema.columns[table, default: []].joined(separator: ", ")
            try database.execute(sql: "INSERT INTO main.\(table)(\(columns)) SELECT \(columns) FROM whole.\(table)")
        }
    }

    private static func isDelta(_ path: FilePath) async throws -> Bool {
        do {
            return try await blocking { try CatalogFile.isDelta(path) }
        } catch let error as Errno {
            throw CatalogError.storage(path, error.description)
        }
    }

    /// Copies the rows that differ and names those that are gone; stops when there are more than `limit`.
    private static func copyChanges(since base: CatalogBase, limit: Int, in database: Database) throws -> Int {
        try CatalogNumbers.map(from: "earlier", archive: base.archive, to: "whole", in: database)
        ExtentNumbers.install(try ExtentNumbers.read(from: "temp.numbers", in: database), in: database)
        let columns = CatalogSchema.objectColumns
        let earlier = Dictionary(
            uniqueKeysWithValues: zip(columns, try CatalogSchema.columns(of: "earlier", in: database)))
        let compared = columns.filter { !["key", "ordinal", "archive", "extents"].contains($0) }
        let differs = compared.map { "m.\($0) IS NOT \(earlier[$0] == $0 ? "e.\($0)" : "NULL")" }
            .joined(separator: " OR ")
        try database.execute(
            sql: """
                INSERT INTO main.objects(\(columns.joined(separator: ", ")))
                SELECT \(columns.map { "m.\($0)" }.joined(separator: ", ")) FROM whole.objects AS m
                LEFT JOIN earlier.objects AS e ON e.key = m.key AND e.ordinal = m.ordinal
                LEFT JOIN temp.numbers AS n ON n.earlier = e.archive
                WHERE e.key IS NULL OR m.archive IS NOT n.now 
                    OR CASE WHEN \(ExtentNumbers.areSeveral("m.extents")) THEN m.extents IS NOT renumbered(e.extents)
                        ELSE substr(m.extents, instr(m.extents, ',')) IS NOT substr(e.extents, instr(e.extents, ',')) END
                    OR \(differs)
                LIMIT ?
                """, arguments: [limit + 1])
        let changed = database.changesCount
        try database.execute(
            sql: """
                INSERT INTO main.tombstones(key, ordinal) SELECT e.key, e.ordinal FROM earlier.objects AS e
                WHERE NOT EXISTS (SELECT 1 FROM whole.objects AS m WHERE m.key = e.key AND m.ordinal = e.ordinal)
                LIMIT ?
                """, arguments: [limit + 1])
        return changed + database.changesCount
    }

    private static func note(_ name: String, _ value: String, in schema: String, _ database: Database) throws {
        try database.execute(
            sql: "INSERT OR REPLACE INTO \(schema).info(name, value) VALUES (?, ?)", arguments: [name, value])
    }

    private static func chain(_ facts: [String: String]) throws -> [String] {
        guard let text = facts[CatalogSchema.ChainName.archives] else { return [] }
        return try JSONDecoder().decode([String].self, from: Data(text.utf8))
    }

    private static func encoded(_ chain: [String]) throws -> String {
        String(decoding: try JSONEncoder().encode(chain), as: UTF8.self)
    }
}

extension CatalogReader {
    /// Reads the whole file, of a whole catalog or of a delta.
    ///
    /// - Throws: ``CatalogError``, as ``check()`` does.
    package static func check(_ path: FilePath) async throws {
        guard try await CatalogDelta.base(of: path) != nil else { return try await open(at: path).check() }
        try await open(at: path, version: CatalogSchema.deltaVersion).checkPages()
    }
}

/// By which numbers two catalogs name the same archives.
enum CatalogNumbers {
    /// Fills `temp.numbers` with each number of the one catalog beside that of the other one; archives that the other one
    /// does not name are not in it.
    ///
    /// - Parameter archive: the archive that holds the first catalog, which it calls 0.
    static func map(from earlier: String, archive: String, to later: String, in database: Database) throws {
        try database.execute(
            sql: """
                CREATE TEMP TABLE IF NOT EXISTS numbers(earlier INTEGER PRIMARY KEY, now INTEGER NOT NULL);
                DELETE FROM temp.numbers;
                INSERT INTO temp.numbers(earlier, now)
                SELECT e.id, l.id FROM \(earlier).archives AS e JOIN \(later).archives AS l ON l.name = e.name;
                """)
        try database.execute(
            sql: "INSERT OR REPLACE INTO temp.numbers(earlier, now) SELECT 0, id FROM \(later).archives WHERE name = ?",
            arguments: [archive])
    }
}
