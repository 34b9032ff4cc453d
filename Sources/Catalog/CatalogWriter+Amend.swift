// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import FoundationEssentials
import GRDB
import Synchronization

extension CatalogWriter {
    /// Records what is missing of the description of stored rows, in one transaction; the rows stay. A second note on a
    /// row joins the first. What does not fit is cut.
    ///
    /// - Throws: ``CatalogError/notPending(_:)`` for a row that is not stored.
    package func note(_ exceptions: [CatalogException]) async throws {
        let count = try await write { database in
            let statement = try database.cachedStatement(
                sql: """
                    INSERT OR REPLACE INTO exceptions(key, ordinal, version_id, reason, message)
                    SELECT key, ordinal, ?, ?, ? FROM listing.rows WHERE key = ? AND ordinal = ? AND state = \(State.stored)
                    """)
            var count = 0
            for exception in exceptions {
                var exception = CatalogLimits.fitted(exception)
                if let earlier = try Self.exception(exception.key, exception.ordinal, in: database) {
                    exception = CatalogLimits.fitted(earlier.joined(with: exception))
                } else {
                    count += 1
                }
                var row = RowBinder(statement)
                row.bind(exception.versionID)
                row.bind(exception.reason)
                row.bind(exception.message)
                row.bind(exception.key)
                row.bind(exception.ordinal)
                try row.execute()
                guard database.changesCount == 1 else {
                    throw CatalogError.notPending(rowName(exception.key, exception.ordinal))
                }
            }
            return count
        }
        running.withLock {
            $0.exceptions += count
            $0.flawed += count
        }
    }

    private static func exception(
        _ key: [UInt8], _ ordinal: Int, in database: Database
    ) throws -> CatalogException? {
        let columns = CatalogSchema.columns["exceptions", default: []]
        let statement = try database.cachedStatement(
            sql: "SELECT \(columns.joined(separator: ", ")) FROM exceptions WHERE key = ? AND ordinal = ?")
        return try Row.fetchOne(statement, arguments: [Data(key), ordinal]).map { row in
            var decoder = RowDecoder(row, columns)
            return try decoder.exception()
        }
    }

    /// The row of a version that was stored; `nil` when there is none.
    package func stored(key: [UInt8], ordinal: Int) async throws -> CatalogObject? {
        try await write { database in
            let statement = try database.cachedStatement(
                sql: """
                    SELECT \(CatalogSchema.objectColumns.joined(separator: ", ")) FROM objects
                    WHERE key = ? AND ordinal = ?
                    """)
            return try Row.fetchOne(statement, arguments: [Data(key), ordinal]).map { row in
                var decoder = RowDecoder(row, CatalogSchema.objectColumns)
                return try decoder.object()
            }
        }
    }

    /// A stored row whose content begins at a place of this catalog's own archive, the first by key; `nil` when there is
    /// none.
    package func stored(at offset: Int64) async throws -> CatalogObject? {
        try await write { database in
            let statement = try database.cachedStatement(
                sql: """
                    SELECT \(CatalogSchema.objectColumns.joined(separator: ", ")) FROM objects
                    WHERE archive = 0 AND position = ? AND member = key ORDER BY key, ordinal LIMIT 1
                    """)
            return try Row.fetchOne(statement, arguments: [offset]).map { row in
                var decoder = RowDecoder(row, CatalogSchema.objectColumns)
                return try decoder.object()
            }
        }
    }

    /// Puts another row in the place of a stored one: in an archive of others, a later member of a name replaces an
    /// earlier one.
    ///
    /// - Throws: ``CatalogError/notPending(_:)`` when no such row is stored.
    package func replace(_ object: CatalogObject) async throws {
        let before = try await write { database in
            try CatalogLimits.check(object)
            let size = try Int64.fetchOne(
                database, sql: "SELECT size FROM objects WHERE key = ? AND ordinal = ?",
                arguments: [Data(object.key), object.ordinal])
            guard let size else { throw CatalogError.notPending(rowName(object.key, object.ordinal)) }
            try database.execute(
                sql: "DELETE FROM objects WHERE key = ? AND ordinal = ?", arguments: [Data(object.key), object.ordinal])
            var row = RowBinder(try database.cachedStatement(sql: Self.insertion))
            row.bind(object)
            try row.execute()
            return size
        }
        running.withLock { $0.storedBytes = ($0.storedBytes - before).addingUpToMax(object.size) }
    }
}
