// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import FoundationEssentials
import GRDB
import Synchronization
package import SystemPackage

/// Making durable what is stored, and going on from there. The journal is attached as `journal`.
extension CatalogWriter {
    /// Makes durable, in the journal at `path`, the rows whose bytes lie in this catalog's own archive, with what the
    /// caller notes. Costs what came since the last time. Rows with an exception are left out: they are
    /// read again. So are those in several pieces, which may lie in other archives.
    ///
    /// - Parameters:
    ///   - end: how far the archive's tar stream is durable; every stored row lies before it.
    ///   - facts: by name, in place of what was noted before.
    ///   - chunk: in addition to what was noted before.
    package func checkpoint(
        in path: FilePath, upTo end: Int64, facts: [String: [UInt8]], chunk: [UInt8]
    ) async throws {
        do {
            if !isJournaling.withLock({ $0 }) {
                try await queue.writeWithoutTransaction { database in
                    try Self.attach(path, to: database)
                    try database.inTransaction {
                        try CatalogJournal.create("journal", in: database)
                        return .commit
                    }
                }
                isJournaling.withLock { $0 = true }
            }
            let start = durableEnd.withLock { $0 }
            let columns = CatalogSchema.objectColumns.joined(separator: ", ")
            let values = CatalogSchema.objectColumns.map { "o.\($0)" }.joined(separator: ", ")
            try await queue.write { database in
                try database.execute(
                    sql: """
                        INSERT OR REPLACE INTO journal.objects(\(columns)) SELECT \(values) FROM main.objects AS o
                        WHERE o.archive = 0 AND o.position >= ?1 AND o.sha256 IS NOT NULL
                            AND NOT \(ExtentNumbers.areSeveral("o.extents")) AND NOT EXISTS
                            (SELECT 1 FROM main.exceptions AS e WHERE e.key = o.key AND e.ordinal = o.ordinal);
                        """, arguments: [start])
                try database.execute(
                    sql: """
                        INSERT OR REPLACE INTO journal.objects(\(columns)) SELECT \(values)
                        FROM listing.late AS l CROSS JOIN main.objects AS o ON o.key = l.key AND o.ordinal = l.ordinal
                        WHERE o.archive = 0 AND o.sha256 IS NOT NULL
                            AND NOT \(ExtentNumbers.areSeveral("o.extents")) AND NOT EXISTS
                            (SELECT 1 FROM main.exceptions AS e WHERE e.key = o.key AND e.ordinal = o.ordinal);
                        DELETE FROM listing.late;
                        """)
                for (name, value) in facts {
                    try database.execute(
                        sql: "INSERT OR REPLACE INTO journal.facts(name, value) VALUES (?, ?)",
                        arguments: [name, Data(value)])
                }
                try database.execute(sql: "INSERT INTO journal.chunks(bytes) VALUES (?)", arguments: [Data(chunk)])
            }
            durableEnd.withLock { $0 = end }
        } catch {
            throw Self.translated(error, at: path)
        }
    }

    /// Closes the file without finishing it; it is worth nothing then. What the journal has stays.
    package func close() async {
        try? await blocking { [queue] in try queue.close() }
    }

    static func attach(_ path: FilePath, to database: Database) throws {
        try database.execute(sql: "ATTACH DATABASE ? AS journal", arguments: [path.string])
        // Unlike the catalog itself it must survive whatever ends this process, or the machine.
        try database.execute(sql: "PRAGMA journal.journal_mode = DELETE; PRAGMA journal.synchronous = FULL")
    }

    /// Copies the row of an object that an interrupted run stored in this very archive, as it is and at the same place
    /// among the versions of its key.
    static let takeBack: String = {
        let columns = CatalogSchema.objectColumns.map { column in
            switch column {
            case "extents": "'[[0,' || o.position || ',' || o.size || ']]'"
            case "archive": "0"
            case "version_id": "coalesce(?6, o.version_id)"
            default: "o.\(column)"
            }
        }
        return """
            INSERT OR FAIL INTO main.objects(\(CatalogSchema.objectColumns.joined(separator: ", ")))
            SELECT \(columns.joined(separator: ", ")) FROM journal.objects AS o
            WHERE o.key = ?1 AND o.size = ?2 AND o.etag = ?3 AND o.last_modified = ?4 AND o.is_delete_marker = ?5
                AND CASE WHEN ?6 IS NULL THEN o.is_latest ELSE coalesce(o.version_id, 'null') = ?6 END
                AND o.ordinal = ?7 AND o.is_latest = ?8
            LIMIT 1
            """
    }()

    /// Copies the row of one object by ``takeBack``.
    ///
    /// - Returns: `false` when the journal does not have it, or not as it is now.
    static func copy(_ object: ListedObject, _ statement: Statement, _ database: Database) throws -> Bool {
        guard object.tellsItsContent else { return false }
        var row = RowBinder(statement)
        row.bind(object.key)
        row.bind(object.size)
        row.bind(object.etag)
        row.bind(object.lastModified)
        row.bind(object.isDeleteMarker)
        row.bind(object.versionID)
        row.bind(object.ordinal)
        row.bind(object.isLatest)
        try row.execute()
        return database.changesCount == 1
    }

    /// Refuses to go on when an object is stored again whose first bytes are shared with another one by a hard link:
    /// programs that write over files while they extract (Python's `tarfile`) would change the other one too.
    static func checkIsUnshared(_ object: ListedObject, in database: Database) throws {
        let statement = try database.cachedStatement(
            sql: """
                SELECT 1 FROM journal.objects AS o JOIN journal.objects AS l ON l.position = o.position
                WHERE o.key = ?1 AND o.ordinal = ?2 AND o.size > 0 AND l.size > 0 AND l.key != o.key LIMIT 1
                """)
        guard try Int.fetchOne(statement, arguments: [Data(object.key), object.ordinal]) == nil else {
            throw CatalogError.superseded(rowName(object.key, object.ordinal))
        }
    }
}
