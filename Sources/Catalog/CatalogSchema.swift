// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import GRDB

/// The tables of a catalog. `Documentation/format.md` describes them for readers without Holdfast.
enum CatalogSchema {
    /// `HFCT` in `PRAGMA application_id`: what tells a catalog from any other SQLite file.
    static let applicationID = 0x4846_4354
    /// Of a whole catalog: 1,000 times the major version, plus the minor. A reader takes any minor version of its major.
    static let version = 1_001
    /// The version of a delta, which no reader may take for a whole catalog.
    static let deltaVersion = 2_001

    /// Few levels to descend in a table of millions.
    static let pageSize = 16_384

    /// The columns of `objects` in the order in which they are bound and read.
    static let objectColumns = [
        "key", "ordinal", "version_id", "is_latest", "is_delete_marker", "size", "etag", "last_modified",
        "storage_class", "headers", "metadata", "tags", "acl", "retention", "legal_hold", "part_count", "part_size",
        "sha256", "member", "extents", "archive", "position", "chunks",
    ]

    /// What a reader asks for in the place of those columns: lists of chunks can be long, and are read one by one.
    static let readColumns = objectColumns.map { $0 == "chunks" ? "NULL" : $0 }

    /// What every catalog has; lists of chunks came later.
    static let columns: [String: [String]] = [
        "objects": objectColumns.filter { $0 != "chunks" },
        "exceptions": ["key", "ordinal", "version_id", "reason", "message"],
        "archives": ["id", "name"],
        "info": ["name", "value"],
    ]

    /// `archive` and `position` repeat the first extent, for the index. The index exists from the start: objects come
    /// in the order of the archive, so that both trees only grow at their ends and nothing is sorted at the end.
    static let creation = """
        PRAGMA application_id = \(applicationID);
        PRAGMA user_version = \(version);
        \(objectsTable(in: "main"));
        CREATE INDEX objects_by_position ON objects(archive, position, key, ordinal);
        CREATE INDEX objects_by_chunks ON objects(archive) WHERE chunks IS NOT NULL;
        CREATE TABLE exceptions(
            key BLOB NOT NULL,
            ordinal INTEGER NOT NULL,
            version_id TEXT,
            reason TEXT NOT NULL,
            message TEXT NOT NULL,
            PRIMARY KEY(key, ordinal)
        ) WITHOUT ROWID;
        CREATE TABLE archives(id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);
        CREATE TABLE info(name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
        """

    /// The statement that makes the table of objects.
    static func objectsTable(in schema: String) -> String {
        """
        CREATE TABLE \(schema).objects(
            key BLOB NOT NULL,
            ordinal INTEGER NOT NULL,
            version_id TEXT,
            is_latest INTEGER NOT NULL,
            is_delete_marker INTEGER NOT NULL,
            size INTEGER NOT NULL,
            etag TEXT NOT NULL,
            last_modified INTEGER NOT NULL,
            storage_class TEXT,
            headers TEXT,
            metadata TEXT,
            tags TEXT,
            acl TEXT,
            retention TEXT,
            legal_hold TEXT,
            part_count INTEGER,
            part_size INTEGER,
            sha256 BLOB,
            member BLOB,
            extents TEXT,
            archive INTEGER,
            position INTEGER,
            chunks BLOB,
            PRIMARY KEY(key, ordinal)
        ) WITHOUT ROWID
        """
    }

    /// Whether a catalog has lists of chunks. A generated column in their place would run its maker's expressions.
    static func hasChunks(_ schema: String, in database: Database) throws -> Bool {
        try Bool.fetchOne(
            database,
            sql: """
                SELECT EXISTS(SELECT 1 FROM pragma_table_xinfo('objects', ?) WHERE name = 'chunks' AND hidden = 0)
                """, arguments: [schema]) ?? false
    }

    /// The columns of a table of objects that may have no lists of chunks, in the order of ``objectColumns``.
    static func columns(of schema: String, in database: Database) throws -> [String] {
        try hasChunks(schema, in: database) ? objectColumns : readColumns
    }

    /// What a delta has beside the tables of a whole catalog: the rows of its base that are gone.
    static let deltaCreation = """
        PRAGMA user_version = \(deltaVersion);
        CREATE TABLE tombstones(
            key BLOB NOT NULL, ordinal INTEGER NOT NULL, PRIMARY KEY(key, ordinal)
        ) WITHOUT ROWID;
        """

    /// The rows of `info` that say what a catalog builds on.
    enum ChainName {
        /// Tells this catalog from any other one of the same name.
        static let id = CatalogDelta.idFact
        /// Of a delta: the archive that holds its base, and the ``id`` of that.
        static let base = "base.archive"
        static let baseID = "base.id"
        /// The archives that hold the catalogs it was put together from, from the whole one to its base, as JSON.
        static let archives = "chain.archives"
        /// Rows in all deltas since that whole one.
        static let rows = "chain.rows"
    }

    /// The rows of `info` that hold the totals.
    enum TotalName {
        static let listed = "total.listed"
        static let stored = "total.stored"
        static let exceptions = "total.exceptions"
        static let flawed = "total.flawed"
        static let listedBytes = "total.listed-bytes"
        static let storedBytes = "total.stored-bytes"
    }
}
