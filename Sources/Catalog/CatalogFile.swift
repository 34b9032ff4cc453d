// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import FoundationEssentials
import GRDB
import SystemPackage

/// How the two kinds of connection are opened.
enum CatalogFile {
    /// 8 MiB of pages for each of the two files: the bound on what a writer keeps in memory.
    private static let cacheKiB = 8 * 1_024

    /// A new catalog, with the list of what is still to be done attached as `listing`.
    ///
    /// The file is worth nothing until the backup that it belongs to is committed, and then its bytes are in the archive.
    /// So nothing is ever synced, and the journal, which lets a refused page of rows leave no trace, is in memory.
    ///
    /// - Parameters:
    ///   - base: an earlier catalog, attached as `earlier`; only read.
    ///   - continuing: the journal of an interrupted run, attached as `journal`.
    /// - Returns: and the file names of the earlier archives that are folded.
    static func create(
        at path: FilePath, base: CatalogBase?, continuing: (path: FilePath, end: Int64)?
    ) throws -> (queue: DatabaseQueue, folded: [String]) {
        try claim(path)
        let listing = FilePath(path.string + ".listing")
        try? FileManager.default.removeItem(atPath: listing.string)
        try claim(listing)
        // The name goes at once, so that a killed run leaves one file and not two; SQLite keeps the file itself open.
        defer { try? FileManager.default.removeItem(atPath: listing.string) }

        var configuration = Configuration()
        configuration.label = "catalog.writer"
        configuration.prepareDatabase { database in
            try database.execute(sql: "ATTACH DATABASE ? AS listing", arguments: [listing.string])
            if let base {
                // It may have come out of a foreign archive.
                try database.execute(sql: "PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON")
                try database.execute(sql: "ATTACH DATABASE ? AS earlier", arguments: [base.path.string])
            }
            if let continuing { try CatalogWriter.attach(continuing.path, to: database) }
            for schema in ["main", "listing"] {
                try database.execute(
                    sql: """
                        PRAGMA \(schema).page_size = \(CatalogSchema.pageSize);
                        PRAGMA \(schema).locking_mode = EXCLUSIVE;
                        PRAGMA \(schema).journal_mode = MEMORY;
                        PRAGMA \(schema).synchronous = OFF;
                        PRAGMA \(schema).cache_size = -\(cacheKiB);
                        """)
            }
        }
        let queue = try DatabaseQueue(path: path.string, configuration: configuration)
        let folded = try queue.write { database in
            try database.execute(sql: CatalogSchema.creation)
            try database.execute(
                sql: """
                    CREATE TABLE listing.rows(
                        key BLOB NOT NULL, ordinal INTEGER NOT NULL, state INTEGER NOT NULL, PRIMARY KEY(key, ordinal)
                    ) WITHOUT ROWID;
                    CREATE TABLE listing.page(
                        number INTEGER PRIMARY KEY, key BLOB, ordinal INTEGER, is_latest INTEGER,
                        is_delete_marker INTEGER, size INTEGER, etag TEXT, last_modified INTEGER, version_id TEXT
                    );
                    CREATE TABLE listing.late(key BLOB NOT NULL, ordinal INTEGER NOT NULL)
                    """)
            if base != nil { try CatalogWriter.createEarlierView(in: database) }
            if let continuing {
                try CatalogJournal.checkRows(of: "journal", upTo: continuing.end, in: database)
            }
            return if let base { try CatalogWriter.adopt(base, in: database) } else { [String]() }
        }
        return (queue, folded)
    }

    /// A new database that nobody reads before it is finished, and its connection.
    ///
    /// - Parameter creation: the statements that make its tables.
    static func createPlain(at path: FilePath, creation: String) throws -> DatabaseQueue {
        try claim(path)
        var configuration = Configuration()
        configuration.label = "catalog.merge"
        // Its rows come from foreign files.
        configuration.foreignKeysEnabled = false
        configuration.prepareDatabase { database in
            try database.execute(
                sql: """
                    PRAGMA trusted_schema = OFF;
                    PRAGMA cell_size_check = ON;
                    PRAGMA main.page_size = \(CatalogSchema.pageSize);
                    PRAGMA main.locking_mode = EXCLUSIVE;
                    PRAGMA main.journal_mode = MEMORY;
                    PRAGMA main.synchronous = OFF;
                    PRAGMA main.cache_size = -\(cacheKiB);
                    """)
        }
        let queue = try DatabaseQueue(path: path.string, configuration: configuration)
        try queue.writeWithoutTransaction { try $0.execute(sql: creation) }
        return queue
    }

    /// A catalog from anywhere, to be read only.
    ///
    /// - Parameter version: what it must have, but for minor versions: that of a whole catalog, or of a delta.
    static func open(at path: FilePath, version: Int = CatalogSchema.version) throws -> DatabaseQueue {
        var configuration = Configuration()
        configuration.label = "catalog.reader"
        configuration.readonly = true
        configuration.prepareDatabase { database in
            // SQLite's own advice for files from strangers: no function runs from a schema, no size is believed, and a
            // file that is changed meanwhile is an error and not a signal. Nor does the maker's CHECK run when the file
            // is checked, for whose cost there is no bound.
            try database.execute(
                sql: """
                    PRAGMA trusted_schema = OFF;
                    PRAGMA cell_size_check = ON;
                    PRAGMA mmap_size = 0;
                    PRAGMA ignore_check_constraints = ON;
                    """)
        }
        let queue = try DatabaseQueue(path: path.string, configuration: configuration)
        try queue.read { try checkSchema($0, at: path, version: version) }
        return queue
    }

    private static func claim(_ path: FilePath) throws {
        do {
            try FileDescriptor.open(
                path, .readWrite, options: [.create, .exclusiveCreate], permissions: .ownerReadWrite
            ).close()
        } catch Errno.fileExists {
            throw CatalogError.exists(path)
        } catch let error as Errno {
            throw CatalogError.storage(path, error.description)
        }
    }

    /// Whether a file is a delta and not a whole catalog: by its header, since it may be no database at all.
    ///
    /// SQLite's file format, section 1.3: the user version is the big-endian number at offset 60.
    static func isDelta(_ path: FilePath) throws -> Bool {
        let file = try FileDescriptor.open(path, .readOnly, options: .closeOnExec)
        return try file.closeAfter {
            var header = [UInt8](repeating: 0, count: 100)
            let count = try header.withUnsafeMutableBytes { try file.read(fromAbsoluteOffset: 0, into: $0) }
            guard count == header.count else { return false }
            let version = header[60..<64].reduce(0) { $0 << 8 | Int($1) }
            return version / 1_000 == CatalogSchema.deltaVersion / 1_000
        }
    }

    private static func checkSchema(_ database: Database, at path: FilePath, version wanted: Int) throws {
        guard try Int.fetchOne(database, sql: "PRAGMA application_id") == CatalogSchema.applicationID else {
            throw CatalogError.notACatalog(path, "it is some other SQLite file")
        }
        let version = try Int.fetchOne(database, sql: "PRAGMA user_version") ?? 0
        let isDelta = wanted / 1_000 == CatalogSchema.deltaVersion / 1_000
        guard version / 1_000 <= CatalogSchema.deltaVersion / 1_000 else {
            throw CatalogError.tooNew(path, version: version)
        }
        guard version / 1_000 == wanted / 1_000 else {
            throw CatalogError.notACatalog(path, "it has schema version \(version)")
        }
        var tables = CatalogSchema.columns
        if isDelta { tables["tombstones"] = ["key", "ordinal"] }
        for (table, columns) in tables {
            // A view or a virtual table would run code of the file's maker; it has no pages of its own.
            let root = try Int64.fetchOne(
                database, sql: "SELECT rootpage FROM sqlite_schema WHERE type = 'table' AND name = ?",
                arguments: [table])
            guard let root, root > 0 else { throw CatalogError.notACatalog(path, "it has no table \(table)") }
            // `hidden` is not 0 for generated columns, which would run the maker's expressions.
            let present = try Set(
                String.fetchAll(
                    database, sql: "SELECT name FROM pragma_table_xinfo(?) WHERE hidden = 0", arguments: [table]))
            for column in columns where !present.contains(column) {
                throw CatalogError.notACatalog(path, "its table \(table) has no column \(column)")
            }
        }
    }
}
