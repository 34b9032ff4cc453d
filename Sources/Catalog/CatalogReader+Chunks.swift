// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import FoundationEssentials
import GRDB

extension CatalogReader {
    /// Into what the content of an object was cut; `nil` where it was not, or the catalog is older than chunks.
    ///
    /// - Throws: ``CatalogError/corrupt(_:_:)`` for a list that does not add up to the object's size.
    package func chunks(of object: CatalogObject) async throws -> ChunkList? {
        // What is smaller has none; it is not worth asking for each of a million objects.
        guard object.size >= ChunkList.smallestContent else { return nil }
        return try await read { database in
            guard try CatalogSchema.hasChunks("main", in: database) else { return nil }
            let row = try Row.fetchOne(
                database, sql: "SELECT chunks FROM objects WHERE key = ? AND ordinal = ?",
                arguments: [Data(object.key), object.ordinal])
            guard let row else { return nil }
            var decoder = RowDecoder(row, ["chunks"])
            return try decoder.chunks(size: object.size)
        }
    }

    /// Reads every list of chunks, and the archives that rows of several extents name.
    static func checkChunks(_ database: Database) throws {
        guard try CatalogSchema.hasChunks("main", in: database) else { return }
        let named = Set(try Int.fetchAll(database, sql: "SELECT id FROM archives") + [0])
        try ExtentNumbers.eachOfSeveral(in: "main", database) { extents, _ in
            guard let extents else { throw RowFault(what: "a row in several pieces does not say where they lie") }
            for extent in extents where !named.contains(extent.archive) {
                throw RowFault(what: "archive \(extent.archive) is referred to and not named")
            }
        }
        let columns = ["key", "ordinal", "size", "chunks"]
        let rows = try Row.fetchCursor(
            database,
            sql: "SELECT \(columns.joined(separator: ", ")) FROM objects WHERE chunks IS NOT NULL")
        while let row = try rows.next() {
            var decoder = RowDecoder(row, columns)
            _ = try decoder.bytes(limit: CatalogLimits.keyBytes)
            _ = try decoder.integer()
            let size = try decoder.integer()
            _ = try decoder.chunks(size: size)
        }
    }
}
