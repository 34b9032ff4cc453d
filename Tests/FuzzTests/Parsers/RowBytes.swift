// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import GRDB
import SystemPackage

@testable import Catalog

/// The values of a catalog's rows, whatever they are: a file is made of them that only its values can be wrong in.
///
/// Each value is a byte that chooses its type, a byte of length and so many bytes. 22 values are a row of `objects`.
enum RowBytes {
    private static let rowLimit = 8

    static func read(_ bytes: [UInt8]) async throws {
        var values = Self.values(bytes[...])
        let columns = CatalogSchema.objectColumns
        var rows: [[DatabaseValue]] = []
        while values.count >= columns.count, rows.count < rowLimit {
            rows.append(Array(values.prefix(columns.count)))
            values.removeFirst(columns.count)
        }
        let exception = values
        let made = rows
        try await CatalogBytes.withPath { path in
            try make(path, made, exception)
            guard let read = try await CatalogBytes.rows(of: path), !read.isEmpty else { return }
            try await writeAndRead(read, path.removingLastComponent().appending("again.db"))
        }
    }

    private static func values(_ bytes: ArraySlice<UInt8>) -> [DatabaseValue] {
        var rest = bytes
        var values: [DatabaseValue] = []
        while let type = rest.popFirst(), let length = rest.popFirst() {
            let content = rest.prefix(Int(length))
            rest = rest.dropFirst(Int(length))
            let number = content.prefix(8).reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
            switch type % 5 {
            case 0: values.append(.null)
            case 1: values.append(Int64(bitPattern: number).databaseValue)
            case 2: values.append(Double(bitPattern: number).databaseValue)
            case 3: values.append(String(decoding: content, as: UTF8.self).databaseValue)
            default: values.append(Data(content).databaseValue)
            }
        }
        return values
    }

    /// A catalog whose columns take any value.
    private static func make(_ path: FilePath, _ rows: [[DatabaseValue]], _ exception: [DatabaseValue]) throws {
        let queue = try DatabaseQueue(path: path.string)
        try queue.writeWithoutTransaction { database in
            try database.execute(sql: "PRAGMA synchronous = OFF; PRAGMA journal_mode = MEMORY; PRAGMA page_size = 1024")
            // Not the primary keys': those of a table without row ids are never missing, whoever makes it.
            try database.execute(sql: CatalogSchema.creation.replacing(" NOT NULL,", with: ","))
            let marks = CatalogSchema.objectColumns.map { _ in "?" }.joined(separator: ",")
            for row in rows {
                try database.execute(
                    sql: "INSERT OR IGNORE INTO objects VALUES (\(marks))", arguments: StatementArguments(row))
            }
            if exception.count >= 5 {
                try database.execute(
                    sql: "INSERT OR IGNORE INTO exceptions VALUES (?,?,?,?,?)",
                    arguments: StatementArguments(Array(exception.prefix(5))))
            }
            for (name, table) in [("listed", "objects"), ("stored", "objects"), ("exceptions", "exceptions")] {
                try database.execute(
                    sql: "INSERT INTO info SELECT ?, count(*) || '' FROM \(table)", arguments: ["total.\(name)"])
            }
            try database.execute(
                sql:
                    "INSERT INTO info VALUES ('total.flawed','0'),('total.listed-bytes','0'),('total.stored-bytes','0')"
            )
        }
        try queue.close()
    }

    /// What a reader accepts, a writer can write, and it is the same then.
    private static func writeAndRead(_ rows: [CatalogObject], _ path: FilePath) async throws {
        let writer = try await CatalogWriter.create(at: path)
        _ = try await writer.list(rows.map(\.listed))
        try await writer.store(rows)
        _ = try await writer.finish()
        let again = try await CatalogBytes.rows(of: path)
        try demand(again == rows, "rows are not what they were when they are written and read")
    }
}
