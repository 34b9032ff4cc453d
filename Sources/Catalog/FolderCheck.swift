// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import FoundationEssentials
import GRDB

/// Finds keys that cannot both be files: one is a folder of the other.
///
/// A folder found free stays free for the keys after it: should its own name be listed later, that later key is the one
/// that collides.
struct FolderCheck {
    private let database: Database
    /// The folder of the last key, with its `/`; no key has the name of it or of a folder above it.
    private var free: [UInt8] = []
    /// The last key in byte order. Whatever lies below a key comes after it, so a key that comes after all others, as
    /// nearly every key of a sorted listing does, needs no look below it.
    private var greatest: [UInt8]

    /// The tables of keys that are in the archive or will be.
    private let tables: [String]

    /// - Parameter isContinuing: whether what an interrupted run stored is in the archive too.
    init(_ database: Database, isContinuing: Bool) throws {
        self.database = database
        tables = isContinuing ? ["listing.rows", "journal.objects"] : ["listing.rows"]
        greatest = []
        for table in tables {
            let last = try Data.fetchOne(database, sql: "SELECT key FROM \(table) ORDER BY key DESC LIMIT 1")
            if let last, greatest.lexicographicallyPrecedes(last) { greatest = [UInt8](last) }
        }
    }

    /// Takes note of a key that is listed and not looked at.
    mutating func pass(_ key: [UInt8]) {
        if greatest.lexicographicallyPrecedes(key) { greatest = key }
    }

    mutating func collides(_ key: [UInt8]) throws -> Bool {
        let isGreatest = greatest.lexicographicallyPrecedes(key)
        if isGreatest { greatest = key }
        let slash = UInt8(ascii: "/")
        let same = zip(free, key).prefix { $0 == $1 }.count
        for index in key.indices where key[index] == slash && index > 0 && index >= same {
            if try isListed(Array(key[..<index])) { return true }
        }
        if let last = key.lastIndex(of: slash) { free = Array(key[...last]) }
        return try !isGreatest && hasListedBelow(key)
    }

    private func isListed(_ key: [UInt8]) throws -> Bool {
        try tables.contains { table in
            let statement = try database.cachedStatement(sql: "SELECT 1 FROM \(table) WHERE key = ? LIMIT 1")
            return try Int.fetchOne(statement, arguments: [Data(key)]) != nil
        }
    }

    private func hasListedBelow(_ key: [UInt8]) throws -> Bool {
        let first = Data(key + [UInt8(ascii: "/")])
        let end = Data(key + [UInt8(ascii: "/") + 1])
        return try tables.contains { table in
            let statement = try database.cachedStatement(
                sql: "SELECT 1 FROM \(table) WHERE key > ? AND key < ? LIMIT 1")
            return try Int.fetchOne(statement, arguments: [first, end]) != nil
        }
    }
}
