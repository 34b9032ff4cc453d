// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import FoundationEssentials
import GRDB

/// Where the numbers of archives in lists of extents are changed: those of one catalog into those of another.
enum ExtentNumbers {
    /// A condition of SQL: whether the text names more than one extent, however it is spaced.
    static func areSeveral(_ column: String) -> String { "instr(substr(\(column), 3), '[') > 0" }

    /// Gives SQL the function `renumbered(extents)`, which answers NULL for what is no list of extents or names an archive
    /// that has no number.
    static func install(_ numbers: [Int: Int], in database: Database) {
        database.add(
            function: DatabaseFunction("renumbered", argumentCount: 1, pure: true) { values in
                String.fromDatabaseValue(values[0]).flatMap { renumbered($0, numbers) }
            })
    }

    static func renumbered(_ text: String, _ numbers: [Int: Int]) -> String? {
        guard let extents = ExtentText.decode(text) else { return nil }
        var result: [Extent] = []
        for extent in extents {
            guard let now = numbers[extent.archive] else { return nil }
            result.append(Extent(archive: now, offset: extent.offset, length: extent.length))
        }
        return ExtentText.encode(result)
    }

    /// Reads numbers that are a table's, `earlier` and `now`.
    static func read(from table: String, in database: Database) throws -> [Int: Int] {
        let rows = try Row.fetchAll(database, sql: "SELECT earlier, now FROM \(table)")
        return Dictionary(
            rows.compactMap { row in
                guard let earlier = Int.fromDatabaseValue(row[0]), let now = Int.fromDatabaseValue(row[1]) else {
                    return nil
                }
                return (earlier, now)
            }
        ) { first, _ in first }
    }

    /// Calls `body` with the extents of each row of a schema that has several, `nil` where they cannot be read, and with the
    /// row's size.
    ///
    /// Only rows that have a list of chunks have several extents; there is an index of those.
    static func eachOfSeveral(
        in schema: String, _ database: Database, _ body: ([Extent]?, Int64) throws -> Void
    ) throws {
        guard try CatalogSchema.hasChunks(schema, in: database) else { return }
        let rows = try Row.fetchCursor(
            database,
            sql: """
                SELECT extents, size FROM \(schema).objects
                WHERE chunks IS NOT NULL AND \(areSeveral("extents"))
                """)
        while let row = try rows.next() {
            let extents = String.fromDatabaseValue(row[0]).flatMap { ExtentText.decode($0) }
            try body(extents, Int64.fromDatabaseValue(row[1]) ?? 0)
        }
    }
}

extension [Extent] {
    /// Adds an extent; one that goes on where the last one ends becomes part of it.
    package mutating func join(_ extent: Extent) {
        if let last, last.archive == extent.archive, last.offset + last.length == extent.offset {
            self[count - 1].length += extent.length
        } else {
            append(extent)
        }
    }
}
