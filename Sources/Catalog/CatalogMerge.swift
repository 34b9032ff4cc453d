// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import FoundationEssentials
import GRDB
package import SystemPackage

/// Puts a whole catalog together from one and the deltas that follow it.
///
/// All of them may come from anybody: they are only read, and what does not fit together is refused.
package enum CatalogMerge {
    /// - Parameters:
    ///   - chain: the whole catalog first, then each delta after its base.
    ///   - target: where the whole catalog is written; nothing is left there when this throws.
    /// - Throws: ``CatalogError``, ``CatalogError/corrupt(_:_:)`` naming the delta that does not fit.
    package static func merge(_ chain: [CatalogBase], to target: FilePath) async throws {
        do {
            try await blocking {
                let queue = try CatalogFile.createPlain(at: target, creation: CatalogSchema.creation)
                defer { try? queue.close() }
                for (index, part) in chain.enumerated() {
                    do {
                        let version = index == 0 ? CatalogSchema.version : CatalogSchema.deltaVersion
                        try CatalogFile.open(at: part.path, version: version).close()
                        try queue.writeWithoutTransaction { database in
                            try database.execute(sql: "ATTACH DATABASE ? AS part", arguments: [part.path.string])
                            try database.inTransaction {
                                try add(part: part, after: index == 0 ? nil : chain[index - 1].archive, in: database)
                                return .commit
                            }
                            try database.execute(sql: "DETACH DATABASE part")
                        }
                    } catch {
                        throw CatalogError.translating(error, at: part.path)
                    }
                }
            }
            try await CatalogReader.open(at: target).checkCounts()
        } catch {
            try? FileManager.default.removeItem(atPath: target.string)
            throw error
        }
    }

    /// - Parameter base: the archive of the catalog that is merged so far; `nil` for none.
    private static func add(part: CatalogBase, after base: String?, in database: Database) throws {
        if let base {
            try checkFits(base, in: database)
            try CatalogNumbers.map(from: "main", archive: base, to: "part", in: database)
            try database.execute(
                sql: """
                    DELETE FROM main.objects WHERE (key, ordinal) IN (SELECT key, ordinal FROM part.tombstones);
                    DELETE FROM main.objects WHERE (key, ordinal) IN (SELECT key, ordinal FROM part.objects);
                    """)
            try renumber(in: database)
        }
        let columns = CatalogSchema.objectColumns.joined(separator: ", ")
        let selected = try CatalogSchema.columns(of: "part", in: database).joined(separator: ", ")
        var copies = "INSERT INTO main.objects(\(columns)) SELECT \(selected) FROM part.objects ORDER BY key, ordinal;"
        for table in ["archives", "exceptions", "info"] {
            let columns = CatalogSchema.columns[table, default: []].joined(separator: ", ")
            copies +=
                "DELETE FROM main.\(table); INSERT INTO main.\(table)(\(columns)) SELECT \(columns) FROM part.\(table);"
        }
        try database.execute(sql: copies)
        try database.execute(
            sql: "DELETE FROM main.info WHERE name IN (?, ?)",
            arguments: [CatalogSchema.ChainName.base, CatalogSchema.ChainName.baseID])
    }

    private static func checkFits(_ base: String, in database: Database) throws {
        func fact(_ name: String, _ schema: String) throws -> String? {
            try String.fetchOne(database, sql: "SELECT value FROM \(schema).info WHERE name = ?", arguments: [name])
        }
        guard let id = try fact(CatalogSchema.ChainName.id, "main"),
            try fact(CatalogSchema.ChainName.base, "part") == base,
            try fact(CatalogSchema.ChainName.baseID, "part") == id
        else { throw RowFault(what: "it builds on another catalog than that of \(base)") }
    }

    /// Gives the rows that stay the numbers of the later catalog.
    private static func renumber(in database: Database) throws {
        let numbers = try Int.fetchAll(
            database, sql: "SELECT 0 UNION SELECT id FROM main.archives EXCEPT SELECT earlier FROM temp.numbers")
        for number in numbers {
            let left = try Int.fetchOne(
                database, sql: "SELECT 1 FROM main.objects WHERE archive = ? LIMIT 1", arguments: [number])
            guard left == nil else {
                throw RowFault(what: "it keeps rows of its base whose bytes lie in an archive that it does not name")
            }
        }
        ExtentNumbers.install(try ExtentNumbers.read(from: "temp.numbers", in: database), in: database)
        let several = ExtentNumbers.areSeveral("extents")
        let left = try Int.fetchOne(
            database, sql: "SELECT 1 FROM main.objects WHERE \(several) AND renumbered(extents) IS NULL LIMIT 1")
        guard left == nil else {
            throw RowFault(what: "it keeps rows of its base of which pieces lie in an archive that it does not name")
        }
        try database.execute(
            sql: """
                UPDATE main.objects SET archive = n.now,
                    extents = CASE WHEN \(several) THEN renumbered(extents)
                        ELSE '[[' || n.now || substr(extents, instr(extents, ',')) END
                FROM temp.numbers AS n WHERE n.earlier = objects.archive AND (n.now <> n.earlier OR \(several))
                """)
    }
}
