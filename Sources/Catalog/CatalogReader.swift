// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import FoundationEssentials
import GRDB
package import SystemPackage

/// Reads a finished catalog, which may come from anybody.
///
/// Every value is checked as it is read: a row that no ``CatalogWriter`` writes is ``CatalogError/corrupt(_:_:)``. Memory
/// is what the answer holds, so ask for pages of a few thousand rows.
package final class CatalogReader: Sendable {
    private let queue: DatabaseQueue
    private let path: FilePath

    private init(queue: DatabaseQueue, path: FilePath) {
        self.queue = queue
        self.path = path
    }

    /// Opens the file read-only and checks that it is a catalog that this program understands.
    ///
    /// - Throws: ``CatalogError/notACatalog(_:_:)``, ``CatalogError/tooNew(_:version:)``,
    ///   ``CatalogError/corrupt(_:_:)``, ``CatalogError/storage(_:_:)``.
    package static func open(at path: FilePath) async throws -> CatalogReader {
        try await open(at: path, version: CatalogSchema.version)
    }

    /// - Parameter version: that of a delta, to look at its small tables.
    static func open(at path: FilePath, version: Int) async throws -> CatalogReader {
        do {
            return try await blocking {
                CatalogReader(queue: try CatalogFile.open(at: path, version: version), path: path)
            }
        } catch {
            throw CatalogError.translating(error, at: path)
        }
    }

    /// The account as the writer closed it.
    package func totals() async throws -> CatalogTotals {
        try await read { try Self.totals($0) }
    }

    /// Object versions whose key begins with `prefix`, by key in byte order and then by ordinal.
    ///
    /// - Parameters:
    ///   - after: the last row of the page before.
    ///   - limit: the most rows to answer; fewer mean that there are no more.
    package func objects(
        prefix: [UInt8] = [], after: (key: [UInt8], ordinal: Int)? = nil, limit: Int
    ) async throws -> [CatalogObject] {
        var conditions: [String] = []
        var arguments = StatementArguments()
        // Without a lower bound where none is needed: in a foreign file a key of another type than BLOB sorts before
        // all others, and must be found and not passed over.
        if let after, !after.key.lexicographicallyPrecedes(prefix) {
            conditions.append("(key, ordinal) > (?, ?)")
            arguments += [Data(after.key), after.ordinal]
        } else if !prefix.isEmpty {
            conditions.append("key >= ?")
            arguments += [Data(prefix)]
        }
        if let end = Self.successor(ofPrefix: prefix) {
            conditions.append("key < ?")
            arguments += [Data(end)]
        }
        arguments += [max(limit, 0)]
        let condition = conditions.isEmpty ? "true" : conditions.joined(separator: " AND ")
        return try await objects(
            where: condition + " ORDER BY key, ordinal LIMIT ?", arguments,
            after: after.map { CatalogPosition(offset: 0, key: $0.key, ordinal: $0.ordinal) }
        ) { object in
            guard object.key.starts(with: prefix) else { return nil }
            return CatalogPosition(offset: 0, key: object.key, ordinal: object.ordinal)
        }
    }

    /// Object versions whose first byte lies in `archive`, in the order in which it lies there: the order of a restore.
    ///
    /// Empty objects are among them, as extents of length 0; rows without extents are not.
    /// - Parameters:
    ///   - archive: 0 for the archive that holds the catalog, else a row of ``archives()``.
    ///   - after: ``CatalogObject/position`` of the last row of the page before.
    ///   - limit: the most rows to answer; fewer mean that there are no more.
    package func objectsByPosition(
        archive: Int = 0, after: CatalogPosition? = nil, limit: Int
    ) async throws -> [CatalogObject] {
        let after = after ?? CatalogPosition(offset: -1, key: [0], ordinal: 0)
        return try await objects(
            where: "archive = ?1 AND (position, key, ordinal) > (?2, ?3, ?4) ORDER BY position, key, ordinal LIMIT ?5",
            [archive, after.offset, Data(after.key), after.ordinal, max(limit, 0)], after: after
        ) { $0.position }
    }

    /// The version of `key` that is the latest; `nil` when there is none or it is a delete marker.
    package func object(key: [UInt8]) async throws -> CatalogObject? {
        let latest = try await objects(
            where: "key = ? AND is_latest ORDER BY ordinal LIMIT 1", [Data(key)], after: nil
        ) { $0.key == key ? CatalogPosition(offset: 0, key: key, ordinal: $0.ordinal) : nil }.first
        return latest.flatMap { $0.listed.isDeleteMarker ? nil : $0 }
    }

    /// How many objects a read without a version id would get, and the sum of their sizes. Reads every row.
    package func current() async throws -> (count: Int, bytes: Int64) {
        try await read { database in
            // The sum as a floating point number: that of sizes that lie may be more than an integer holds.
            let row = try Row.fetchOne(
                database,
                sql: "SELECT count(*), total(size) FROM objects WHERE is_latest AND NOT is_delete_marker")
            guard let row, let count = Int.fromDatabaseValue(row[0]), let bytes = Double.fromDatabaseValue(row[1])
            else { throw RowFault(what: "it cannot be counted") }
            return (count, Int64(exactly: bytes.rounded()) ?? .max)
        }
    }

    /// How many objects were under a retention or a legal hold, and how many of them in compliance mode. Reads every row.
    package func locks() async throws -> (count: Int, compliant: Int) {
        try await read { database in
            let row = try Row.fetchOne(
                database,
                sql: """
                    SELECT count(*), count(CASE WHEN instr(retention, '"COMPLIANCE"') THEN 1 END) FROM objects
                    WHERE retention IS NOT NULL OR legal_hold IS NOT NULL
                    """)
            guard let row, let count = Int.fromDatabaseValue(row[0]), let compliant = Int.fromDatabaseValue(row[1])
            else { throw RowFault(what: "it cannot be counted") }
            return (count, compliant)
        }
    }

    /// Whether a version is among them that has no id of its own, made before versioning or while it was suspended.
    package func hasNullVersions() async throws -> Bool {
        try await read { database in
            try Bool.fetchOne(database, sql: "SELECT EXISTS(SELECT 1 FROM objects WHERE version_id = 'null')") ?? false
        }
    }

    /// What is not in the backup, by key and ordinal.
    package func exceptions(limit: Int = .max) async throws -> [CatalogException] {
        let columns = CatalogSchema.columns["exceptions", default: []]
        return try await read { database in
            let rows = try Row.fetchCursor(
                database,
                sql: "SELECT \(columns.joined(separator: ", ")) FROM exceptions ORDER BY key, ordinal LIMIT ?",
                arguments: [max(limit, 0)])
            return try Array(
                rows.map { row in
                    var decoder = RowDecoder(row, columns)
                    return try decoder.exception()
                })
        }
    }

    /// The facts about the backup, by name; at most 10,000 are read.
    package func info() async throws -> [String: String] {
        try await read { database in
            let rows = try Row.fetchCursor(database, sql: "SELECT name, value FROM info LIMIT 10000")
            var facts: [String: String] = [:]
            while let row = try rows.next() {
                var decoder = RowDecoder(row, ["name", "value"])
                let name = try decoder.text(limit: CatalogLimits.wordBytes)
                facts[name] = try decoder.text(limit: CatalogLimits.textBytes)
            }
            return facts
        }
    }

    /// The earlier archives that extents refer to, by number; at most 100,000 are read.
    package func archives() async throws -> [(id: Int, name: String)] {
        try await read { database in
            let rows = try Row.fetchCursor(database, sql: "SELECT id, name FROM archives ORDER BY id LIMIT 100000")
            return try Array(
                rows.map { row in
                    var decoder = RowDecoder(row, ["id", "name"])
                    let id = Int(try decoder.integer())
                    return (id: id, name: try decoder.text(limit: CatalogLimits.wordBytes))
                })
        }
    }

    /// Reads the whole file: its pages must be well-formed, the tables as long as the totals say, and every archive
    /// that is referred to named.
    ///
    /// - Throws: ``CatalogError/corrupt(_:_:)``.
    package func check() async throws {
        try await checkPages()
        try await read { database in
            try Self.checkCounts(database)
            let unknown = try Int.fetchOne(
                database,
                sql:
                    "SELECT archive FROM objects WHERE archive <> 0 AND archive NOT IN (SELECT id FROM archives) LIMIT 1"
            )
            if let unknown { throw RowFault(what: "archive \(unknown) is referred to and not named") }
            try Self.checkChunks(database)
        }
    }

    /// - Throws: ``CatalogError/corrupt(_:_:)`` where the file is no well-formed database.
    func checkPages() async throws {
        try await read { database in
            let verdict = try String.fetchOne(database, sql: "PRAGMA quick_check(1)") ?? "no answer"
            guard verdict == "ok" else { throw RowFault(what: verdict) }
        }
    }

    /// Counts the rows: the tables must be as long as the totals say.
    ///
    /// - Throws: ``CatalogError/corrupt(_:_:)``.
    func checkCounts() async throws {
        try await read { try Self.checkCounts($0) }
    }

    private static func checkCounts(_ database: Database) throws {
        let totals = try totals(database)
        for (table, expected) in [("objects", totals.stored), ("exceptions", totals.exceptions)] {
            let count = try Int.fetchOne(database, sql: "SELECT count(*) FROM \(table) NOT INDEXED")
            guard count == expected else {
                throw RowFault(what: "\(count ?? 0) rows in \(table) where its totals say \(expected)")
            }
        }
    }

    /// - Parameters:
    ///   - after: the place that all rows must lie behind.
    ///   - place: where a row lies in the order that was asked for; `nil` when it does not belong there. In a damaged or
    ///     deceitful tree rows may come in any order, and then the page after the last row could be any page: rows would
    ///     come twice.
    private func objects(
        where condition: String, _ arguments: StatementArguments, after: CatalogPosition?,
        place: @escaping @Sendable (CatalogObject) -> CatalogPosition?
    ) async throws -> [CatalogObject] {
        try await read { database in
            let statement = try database.cachedStatement(
                sql: "SELECT \(CatalogSchema.readColumns.joined(separator: ", ")) FROM objects WHERE \(condition)")
            var last = after
            return try Array(
                Row.fetchCursor(statement, arguments: arguments).map { row in
                    var decoder = RowDecoder(row, CatalogSchema.objectColumns)
                    let object = try decoder.object()
                    guard let next = place(object), last.map({ $0 < next }) ?? true else {
                        throw RowFault(what: "object \(rowName(object.key, object.ordinal)) is out of its order")
                    }
                    last = next
                    return object
                })
        }
    }

    private static func totals(_ database: Database) throws -> CatalogTotals {
        func number<Value: FixedWidthInteger>(_ name: String) throws -> Value {
            let row = try Row.fetchOne(database, sql: "SELECT value FROM info WHERE name = ?", arguments: [name])
            guard let row else { throw RowFault(what: "it has no \(name)") }
            var decoder = RowDecoder(row, ["value"])
            guard let value = Value(try decoder.text(limit: 20)), value >= 0 else {
                throw RowFault(what: "its \(name) is not a number")
            }
            return value
        }
        typealias Name = CatalogSchema.TotalName
        return CatalogTotals(
            listed: try number(Name.listed), stored: try number(Name.stored), exceptions: try number(Name.exceptions),
            flawed: try number(Name.flawed), listedBytes: try number(Name.listedBytes),
            storedBytes: try number(Name.storedBytes))
    }

    /// The first byte string after all that begin with `prefix`; `nil` when there is none.
    private static func successor(ofPrefix prefix: [UInt8]) -> [UInt8]? {
        guard let last = prefix.lastIndex(where: { $0 < 0xFF }) else { return nil }
        return prefix[..<last] + [prefix[last] + 1]
    }

    func read<Value: Sendable>(_ body: @escaping @Sendable (Database) throws -> Value) async throws -> Value {
        do {
            return try await queue.read(body)
        } catch {
            throw CatalogError.translating(error, at: path)
        }
    }
}
