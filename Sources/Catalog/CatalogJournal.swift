// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import FoundationEssentials
import GRDB
package import SystemPackage

/// What is durable of an archive that is not whole yet: the rows of its objects, and what its writer notes beside them.
///
/// One SQLite file. ``CatalogWriter/checkpoint(in:upTo:facts:chunk:)`` writes it in one transaction, synced to disk:
/// killed or without power at any moment, it holds the last checkpoint whole, or the one before.
package struct CatalogJournal: Sendable {
    /// By name, what the writer noted last.
    package let facts: [String: [UInt8]]
    /// What the writer noted with each checkpoint, in their order.
    package let chunks: [[UInt8]]

    /// Reads what was noted, after undoing a checkpoint that was interrupted. The rows are not looked at: whoever goes on
    /// from them does that.
    ///
    /// - Throws: ``CatalogError`` when it is not a journal, is damaged or is just being written.
    package static func read(at path: FilePath) async throws -> CatalogJournal {
        do {
            return try await blocking {
                var configuration = Configuration()
                configuration.label = "catalog.journal"
                let queue = try DatabaseQueue(path: path.string, configuration: configuration)
                // In a transaction that could write: whoever else is at it is refused, and so is this.
                let journal = try queue.write { database in
                    try check(database, "main")
                    let facts = try Row.fetchAll(database, sql: "SELECT name, value FROM facts").map { row in
                        (try text(row), [UInt8](try data(row, 1)))
                    }
                    let chunks = try Row.fetchAll(database, sql: "SELECT id, bytes FROM chunks ORDER BY id").map {
                        row in
                        [UInt8](try data(row, 1))
                    }
                    return CatalogJournal(facts: Dictionary(facts) { _, last in last }, chunks: chunks)
                }
                try queue.close()
                return journal
            }
        } catch {
            throw CatalogError.translating(error, at: path)
        }
    }

    private static func text(_ row: Row) throws -> String {
        guard let text = String.fromDatabaseValue(row[0]) else { throw RowFault(what: "a fact has no name") }
        return text
    }

    private static func data(_ row: Row, _ column: Int) throws -> Data {
        guard let data = Data.fromDatabaseValue(row[column]) else { throw RowFault(what: "a note has no bytes") }
        return data
    }

    /// `HFCJ` in `PRAGMA application_id`.
    static let applicationID = 0x4846_434a
    /// Raised with each change: a journal of another version is not gone on from.
    static let version = 2

    /// Makes the tables in an attached file that is empty.
    static func create(_ schema: String, in database: Database) throws {
        try database.execute(
            sql: """
                PRAGMA \(schema).application_id = \(applicationID);
                PRAGMA \(schema).user_version = \(version);
                \(CatalogSchema.objectsTable(in: schema));
                CREATE INDEX \(schema).objects_by_position ON objects(position);
                CREATE TABLE \(schema).facts(name TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;
                CREATE TABLE \(schema).chunks(id INTEGER PRIMARY KEY, bytes BLOB NOT NULL);
                """)
    }

    static func check(_ database: Database, _ schema: String) throws {
        guard try Int.fetchOne(database, sql: "PRAGMA \(schema).application_id") == applicationID,
            try Int.fetchOne(database, sql: "PRAGMA \(schema).user_version") == version
        else { throw RowFault(what: "it is no journal of this version of Holdfast") }
    }

    /// Checks the whole file, and that each row's bytes lie before `end` in the tar stream.
    static func checkRows(of schema: String, upTo end: Int64, in database: Database) throws {
        try check(database, schema)
        guard try String.fetchOne(database, sql: "PRAGMA \(schema).quick_check(1)") == "ok" else {
            throw RowFault(what: "the journal does not pass SQLite's check")
        }
        let outside = try Int.fetchOne(
            database,
            sql: """
                SELECT 1 FROM \(schema).objects WHERE archive IS NOT 0 OR member IS NULL
                    OR typeof(position) != 'integer' OR typeof(size) != 'integer' OR position < 0 OR size < 0
                    OR position > ?1 - size OR typeof(sha256) != 'blob' OR length(sha256) != 32
                LIMIT 1
                """, arguments: [end])
        guard outside == nil else { throw RowFault(what: "the journal names bytes that are not in the archive") }
    }
}
