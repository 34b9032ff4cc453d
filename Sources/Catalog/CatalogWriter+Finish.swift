// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import FoundationEssentials
import GRDB
import Synchronization

extension CatalogWriter {
    /// Records a fact about the backup in the table `info`, in place of an earlier value of that name.
    ///
    /// Names that begin with `total.` are the catalog's own.
    package func set(_ name: String, _ value: String) async throws {
        try await write { database in
            guard !name.hasPrefix("total."), !name.utf8.contains(0), !value.utf8.contains(0),
                name.utf8.count <= CatalogLimits.wordBytes, value.utf8.count <= CatalogLimits.textBytes
            else { throw RowFault(what: "the fact '\(name.prefix(100))' of \(value.utf8.count) bytes") }
            try Self.set(name, value, in: database)
        }
    }

    /// The number by which extents name the archive called `name`, an earlier one than this catalog's own. Asked twice
    /// for one name it answers the same.
    package func archive(_ name: String) async throws -> Int {
        try await write { database in
            guard !name.isEmpty, name.utf8.count <= CatalogLimits.wordBytes, !name.utf8.contains(0) else {
                throw RowFault(what: "an archive name of \(name.utf8.count) bytes")
            }
            try database.execute(sql: "INSERT OR IGNORE INTO archives(name) VALUES (?)", arguments: [name])
            return try Int.fetchOne(database, sql: "SELECT id FROM archives WHERE name = ?", arguments: [name]) ?? 0
        }
    }

    /// Proves the account, writes it down and closes the file, whose bytes can then be read.
    ///
    /// - Throws: ``CatalogError/incomplete(pending:example:)`` when a listed row is neither stored nor excepted; the
    ///   writer can then still be used.
    package func finish() async throws -> CatalogTotals {
        let totals = running.withLock { $0 }
        try await write { database in
            try Self.prove(totals, in: database)
            typealias Name = CatalogSchema.TotalName
            try Self.set(Name.listed, String(totals.listed), in: database)
            try Self.set(Name.stored, String(totals.stored), in: database)
            try Self.set(Name.exceptions, String(totals.exceptions), in: database)
            try Self.set(Name.flawed, String(totals.flawed), in: database)
            try Self.set(Name.listedBytes, String(totals.listedBytes), in: database)
            try Self.set(Name.storedBytes, String(totals.storedBytes), in: database)
        }
        do {
            try await blocking { [queue] in try queue.close() }
        } catch {
            throw CatalogError.translating(error, at: path)
        }
        return totals
    }

    /// Counts what the file holds rather than trusting the running account.
    ///
    /// Keys and ordinals are unique in each table and a row changes its state once, so equal numbers mean that each
    /// listed row is in exactly one of `objects` and `exceptions`, those aside that ``note(_:)`` put into both.
    private static func prove(_ totals: CatalogTotals, in database: Database) throws {
        let first = try Row.fetchOne(
            database, sql: "SELECT key, ordinal FROM listing.rows WHERE state = \(State.pending) LIMIT 1")
        if let first {
            let pending = try Int.fetchOne(
                database, sql: "SELECT count(*) FROM listing.rows WHERE state = \(State.pending)")
            throw CatalogError.incomplete(
                pending: pending ?? totals.pending, example: rowName([UInt8](first[0] as Data), first[1]))
        }
        for (table, expected) in [
            ("listing.rows", totals.listed), ("objects", totals.stored), ("exceptions", totals.exceptions),
        ] {
            let count = try Int.fetchOne(database, sql: "SELECT count(*) FROM \(table)")
            guard count == expected else {
                throw RowFault(what: "\(count ?? 0) rows in \(table) where \(expected) were written")
            }
        }
    }

    private static func set(_ name: String, _ value: String, in database: Database) throws {
        try database.execute(
            sql: "INSERT OR REPLACE INTO info(name, value) VALUES (?, ?)", arguments: [name, value])
    }
}
