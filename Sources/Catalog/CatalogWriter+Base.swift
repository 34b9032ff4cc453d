// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import GRDB

/// What is taken over from an earlier catalog, attached as `earlier`.
extension CatalogWriter {
    /// Names the earlier catalog's archives in this one, under numbers of its own. What lies in a folded one is not taken
    /// over, because it gets no number.
    ///
    /// - Returns: the file names of the folded ones.
    static func adopt(_ base: CatalogBase, in database: Database) throws -> [String] {
        try database.execute(
            sql: "CREATE TABLE listing.archive_numbers(earlier INTEGER PRIMARY KEY, now INTEGER NOT NULL)")
        try database.execute(sql: "INSERT INTO archives(name) VALUES (?)", arguments: [base.archive])
        try database.execute(
            sql: """
                INSERT OR IGNORE INTO archives(name) SELECT name FROM earlier.archives ORDER BY id;
                INSERT INTO listing.archive_numbers(earlier, now)
                SELECT e.id, a.id FROM earlier.archives AS e JOIN main.archives AS a ON a.name = e.name;
                INSERT INTO listing.archive_numbers(earlier, now) SELECT 0, id FROM main.archives WHERE name = ?
                """, arguments: [base.archive])
        let shares = try Folding.shares(of: base, in: database)
        let folded = Folding.folded(shares)
        for share in shares {
            if folded.contains(share.name) {
                try database.execute(
                    sql: """
                        DELETE FROM listing.archive_numbers WHERE now = (SELECT id FROM main.archives WHERE name = ?)
                        """, arguments: [share.name])
            } else if let content = share.content {
                try database.execute(
                    sql: "INSERT INTO main.info(name, value) VALUES (?, ?)",
                    arguments: [Folding.contentFact(share.name), String(content)])
            }
        }
        ExtentNumbers.install(try ExtentNumbers.read(from: "listing.archive_numbers", in: database), in: database)
        return folded.sorted()
    }

    /// Shows the rows of an earlier catalog with every column, also where it has no lists of chunks yet.
    static func createEarlierView(in database: Database) throws {
        let columns = zip(
            try CatalogSchema.columns(of: "earlier", in: database), CatalogSchema.objectColumns
        ).map { "\($0) AS \($1)" }
        try database.execute(
            sql: "CREATE TEMP VIEW earlier_objects AS SELECT \(columns.joined(separator: ", ")) FROM earlier.objects")
    }

    /// Copies the rows of those object versions of `listing.page` whose size, ETag and time are the same, with their bytes
    /// where they lie, to their places among the versions of their keys by now.
    ///
    /// A version is known by its id; what was there before versions has the id `null`. Where the listing tells no ids it
    /// is the current object. One with an exception is read again: it may have become readable. So is one without a
    /// checksum, and one of which any piece lies in a folded archive.
    static let takeOver: String = {
        let columns = CatalogSchema.objectColumns.map { column in
            switch column {
            case "extents":
                """
                CASE WHEN \(ExtentNumbers.areSeveral("o.extents")) THEN renumbered(o.extents)
                    ELSE '[[' || n.now || substr(o.extents, instr(o.extents, ',')) END
                """
            case "archive": "n.now"
            case "ordinal", "is_latest": "p.\(column)"
            case "version_id": "coalesce(p.version_id, o.version_id)"
            default: "o.\(column)"
            }
        }
        // With OR IGNORE no page is copied for the case that the statement fails half-way. What is passed over, because the
        // earlier catalog has it twice, is read again.
        return """
            INSERT OR IGNORE INTO main.objects(\(CatalogSchema.objectColumns.joined(separator: ", ")))
            SELECT \(columns.joined(separator: ", ")) FROM listing.page AS p
            CROSS JOIN temp.earlier_objects AS o ON o.key = p.key
            JOIN listing.archive_numbers AS n ON n.earlier = o.archive
            WHERE o.size = p.size AND o.etag = p.etag AND o.last_modified = p.last_modified
                AND o.is_delete_marker = p.is_delete_marker
                AND CASE WHEN p.version_id IS NULL THEN o.is_latest
                    ELSE coalesce(o.version_id, 'null') = p.version_id END
                AND o.sha256 IS NOT NULL AND o.extents IS NOT NULL AND (NOT \(ExtentNumbers.areSeveral("o.extents"))
                    OR o.chunks IS NOT NULL AND renumbered(o.extents) IS NOT NULL)
                AND NOT EXISTS (SELECT 1 FROM earlier.exceptions AS e WHERE e.key = o.key AND e.ordinal = o.ordinal)
            """
    }()

    /// The earlier archives in which bytes of this backup lie, by file name; the others are forgotten.
    ///
    /// To be called when every row is stored.
    package func referredArchives() async throws -> [String] {
        try await write { database in
            var numbers = Set(try Int.fetchAll(database, sql: "SELECT id FROM archives"))
            for number in numbers {
                let isUsed = try Bool.fetchOne(
                    database, sql: "SELECT EXISTS(SELECT 1 FROM objects WHERE archive = ?)", arguments: [number])
                if isUsed == true { numbers.remove(number) }
            }
            try ExtentNumbers.eachOfSeveral(in: "main", database) { extents, _ in
                for extent in extents ?? [] { numbers.remove(extent.archive) }
            }
            for number in numbers {
                try database.execute(sql: "DELETE FROM archives WHERE id = ?", arguments: [number])
            }
            try database.execute(
                sql: """
                    DELETE FROM info WHERE name LIKE 'content.%'
                        AND substr(name, 9) NOT IN (SELECT archives.name FROM archives)
                    """)
            return try String.fetchAll(database, sql: "SELECT name FROM archives ORDER BY name")
        }
    }
}
