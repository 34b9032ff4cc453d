// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import SystemPackage

@testable import Catalog

/// A file that claims to be a catalog.
enum CatalogBytes {
    private static let pageLength = 7
    private static let rowLimit = 20_000

    static func read(_ bytes: [UInt8]) async throws {
        try await withPath { path in
            guard FileManager.default.createFile(atPath: path.string, contents: Data(bytes)) else {
                throw Contradiction(description: "no room for \(path)")
            }
            _ = try await rows(of: path)
        }
    }

    /// The rows of the file at `path` by key; `nil` when it is refused.
    static func rows(of path: FilePath) async throws -> [CatalogObject]? {
        let opened = try await accepted(unless: CatalogError.self) { try await CatalogReader.open(at: path) }
        guard let reader = opened else { return nil }
        let rows = try await accepted(unless: CatalogError.self) { try await byKey(reader) }
        let placed = try await accepted(unless: CatalogError.self) { try await byPosition(reader) }
        _ = try await accepted(unless: CatalogError.self) { try await reader.exceptions(limit: 1_000) }
        _ = try await accepted(unless: CatalogError.self) { try await reader.info() }
        _ = try await accepted(unless: CatalogError.self) { try await reader.archives() }
        let totals = try await accepted(unless: CatalogError.self) { try await reader.totals() }
        let isSound = try await accepted(unless: CatalogError.self) { try await reader.check() } != nil
        guard let rows else { return nil }
        if let first = rows.first { try await readSome(of: reader, first) }
        // Fewer may be found where the trees are out of order; restoring and verifying count them.
        if isSound, let totals {
            try demand(rows.count <= totals.stored, "\(rows.count) rows, and the check passed \(totals.stored)")
            try demand(placed?.count ?? 0 <= totals.stored, "more rows by position than there are")
        }
        return rows
    }

    private static func byKey(_ reader: CatalogReader) async throws -> [CatalogObject] {
        var rows: [CatalogObject] = []
        while true {
            let page = try await reader.objects(after: rows.last.map { ($0.key, $0.ordinal) }, limit: pageLength)
            for row in page {
                if let last = rows.last {
                    let ascends =
                        last.key.lexicographicallyPrecedes(row.key)
                        || (last.key == row.key && last.ordinal < row.ordinal)
                    try demand(ascends, "rows do not ascend by key")
                }
                rows.append(row)
            }
            try demand(rows.count <= rowLimit, "more rows than the file can hold")
            guard page.count == pageLength else { return rows }
        }
    }

    private static func byPosition(_ reader: CatalogReader) async throws -> [CatalogObject] {
        var rows: [CatalogObject] = []
        while true {
            let page = try await reader.objectsByPosition(after: rows.last?.position, limit: pageLength)
            for row in page {
                try demand(row.position != nil, "a row of the archive's order has no place there")
                if let last = rows.last?.position, let next = row.position {
                    let ascends =
                        last.offset < next.offset
                        || (last.offset == next.offset
                            && (last.key.lexicographicallyPrecedes(next.key)
                                || (last.key == next.key && last.ordinal < next.ordinal)))
                    try demand(ascends, "rows do not ascend by position")
                }
                rows.append(row)
            }
            try demand(rows.count <= rowLimit, "more rows than the file can hold")
            guard page.count == pageLength else { return rows }
        }
    }

    private static func readSome(of reader: CatalogReader, _ row: CatalogObject) async throws {
        let prefix = Array(row.key.prefix(1))
        let found = try await accepted(unless: CatalogError.self) {
            try await reader.objects(prefix: prefix, limit: pageLength)
        }
        try demand(found?.allSatisfy { $0.key.starts(with: prefix) } != false, "rows of another prefix")
        let object = try await accepted(unless: CatalogError.self) { try await reader.object(key: row.key) }
        if let object = object ?? nil {
            try demand(object.key == row.key && !object.listed.isDeleteMarker, "an object of another key")
        }
    }

    /// A path for one file, in memory where the machine has such a place: millions of files are made.
    static func withPath<Value>(_ body: (FilePath) async throws -> Value) async throws -> Value {
        let memory = "/dev/shm"
        let place = FileManager.default.isWritableFile(atPath: memory) ? memory : NSTemporaryDirectory()
        let folder = FilePath(place).appending("holdfast-fuzz-\(UUID().uuidString)")
        try FileManager.default.createDirectory(atPath: folder.string, withIntermediateDirectories: false)
        defer { try? FileManager.default.removeItem(atPath: folder.string) }
        return try await body(folder.appending("catalog.db"))
    }
}
