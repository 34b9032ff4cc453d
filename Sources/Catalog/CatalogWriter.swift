// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import FoundationEssentials
import GRDB
import Synchronization
package import SystemPackage

/// Writes the catalog of one backup and keeps the account that proves the backup complete.
///
/// Every object version is listed first and then either stored or excepted, once. ``finish()`` refuses while one is
/// neither. What is listed is kept in a file of its own without a name, so that the catalog itself holds only what is in
/// the backup. Memory is bounded by SQLite's caches, 64 MiB, whatever the bucket's size, plus the rows of one call.
///
/// A call that throws leaves the catalog as it was before the call.
package final class CatalogWriter: Sendable {
    let queue: DatabaseQueue
    let path: FilePath
    let running = Mutex(CatalogTotals())
    /// Whether it builds on an earlier catalog.
    package let hasBase: Bool
    /// Whether rows of an interrupted run are attached.
    let isContinuing: Bool
    /// Whether a journal is attached.
    let isJournaling: Mutex<Bool>
    /// How far the tar stream is durable by the journal.
    let durableEnd: Mutex<Int64>
    let pieces = Mutex(KnownPieces())
    /// Earlier archives, by file name, of which so little is in use that nothing is taken over from them.
    package let foldedArchives: [String]

    private init(
        queue: DatabaseQueue, path: FilePath, hasBase: Bool, continuing end: Int64?, foldedArchives: [String]
    ) {
        self.queue = queue
        self.path = path
        self.hasBase = hasBase
        isContinuing = end != nil
        isJournaling = Mutex(end != nil)
        durableEnd = Mutex(end ?? 0)
        self.foldedArchives = foldedArchives
    }

    /// What a row of the listing is waiting for.
    enum State {
        static let pending = 0
        static let stored = 1
        static let excepted = 2
    }

    /// Makes a new catalog, readable by its owner alone.
    ///
    /// The file is not synced to disk and is worth nothing if the process dies before ``finish()``: remove it then.
    ///
    /// - Parameters:
    ///   - base: the catalog from which ``list(_:)`` takes over what is unchanged.
    ///   - journal: of an interrupted run, with how far the tar stream is durable by it: ``list(_:)`` takes over first
    ///     what lies in the archive already.
    /// - Throws: ``CatalogError/exists(_:)`` when there is a file already; ``CatalogError/storage(_:_:)``;
    ///   ``CatalogError/corrupt(_:_:)`` for a journal that is damaged or names bytes behind its end.
    package static func create(
        at path: FilePath, base: CatalogBase? = nil, continuing journal: (path: FilePath, end: Int64)? = nil
    ) async throws -> CatalogWriter {
        do {
            return try await blocking {
                let (queue, folded) = try CatalogFile.create(at: path, base: base, continuing: journal)
                return CatalogWriter(
                    queue: queue, path: path, hasBase: base != nil, continuing: journal?.end, foldedArchives: folded)
            }
        } catch {
            throw translated(error, at: path)
        }
    }

    /// Puts listed rows into the catalog, in one transaction.
    ///
    /// Size, ETag and the rest may differ from the listing: an object that changed is read again. Fastest when the
    /// objects come in the order in which the archive holds them.
    /// - Throws: ``CatalogError/notPending(_:)`` for a row that was not listed or is accounted for already;
    ///   ``CatalogError/unacceptable(_:)`` for a value beyond the limits of a catalog. Nothing is stored then.
    package func store(_ objects: [CatalogObject]) async throws {
        let durable = durableEnd.withLock { $0 }
        let bytes = try await write { database in
            let settle = try Self.settling(from: State.pending, as: State.stored, in: database)
            let statement = try database.cachedStatement(sql: Self.insertion)
            var bytes: Int64 = 0
            for object in objects {
                try CatalogLimits.check(object)
                try Self.settle(object.key, object.ordinal, settle, database)
                var row = RowBinder(statement)
                row.bind(object)
                try row.execute()
                // A link to what is durable already: the next checkpoint would not find it by its place.
                if durable > 0, let first = object.extents.first, first.archive == 0, first.offset < durable {
                    try database.execute(
                        sql: "INSERT INTO listing.late(key, ordinal) VALUES (?, ?)",
                        arguments: [Data(object.key), object.ordinal])
                }
                bytes = bytes.addingUpToMax(object.size)
            }
            return bytes
        }
        running.withLock {
            $0.stored += objects.count
            $0.storedBytes = $0.storedBytes.addingUpToMax(bytes)
        }
    }

    /// Records why listed rows are not in the backup, in one transaction. What does not fit is cut.
    ///
    /// - Throws: ``CatalogError/notPending(_:)`` as ``store(_:)`` does.
    package func except(_ exceptions: [CatalogException]) async throws {
        try await write { database in
            let settle = try Self.settling(from: State.pending, as: State.excepted, in: database)
            let statement = try database.cachedStatement(
                sql: "INSERT INTO exceptions(key, ordinal, version_id, reason, message) VALUES (?, ?, ?, ?, ?)")
            for exception in exceptions.map(CatalogLimits.fitted) {
                try CatalogLimits.checkOrdinal(exception.key, exception.ordinal)
                try Self.settle(exception.key, exception.ordinal, settle, database)
                var row = RowBinder(statement)
                row.bind(exception.key)
                row.bind(exception.ordinal)
                row.bind(exception.versionID)
                row.bind(exception.reason)
                row.bind(exception.message)
                try row.execute()
            }
        }
        running.withLock { $0.exceptions += exceptions.count }
    }

    /// Those of `keys` of which no version was listed, in the order given: what a second listing finds that the first
    /// one lost.
    package func missing(_ keys: [[UInt8]]) async throws -> [[UInt8]] {
        try await write { database in
            let statement = try database.cachedStatement(sql: "SELECT 1 FROM listing.rows WHERE key = ? LIMIT 1")
            return try keys.filter { try Int.fetchOne(statement, arguments: [Data($0)]) == nil }
        }
    }

    /// The account so far; costs nothing.
    package func totals() async throws -> CatalogTotals {
        running.withLock { $0 }
    }

    static let insertion = """
        INSERT OR FAIL INTO objects(\(CatalogSchema.objectColumns.joined(separator: ", ")))
        VALUES (\(CatalogSchema.objectColumns.map { _ in "?" }.joined(separator: ", ")))
        """

    static func settling(from before: Int, as state: Int, in database: Database) throws -> Statement {
        try database.cachedStatement(
            sql: "UPDATE listing.rows SET state = \(state) WHERE key = ? AND ordinal = ? AND state = \(before)")
    }

    static func settle(_ key: [UInt8], _ ordinal: Int, _ statement: Statement, _ database: Database) throws {
        var row = RowBinder(statement)
        row.bind(key)
        row.bind(ordinal)
        try row.execute()
        guard database.changesCount == 1 else { throw CatalogError.notPending(rowName(key, ordinal)) }
    }
}

extension CatalogWriter {
    /// One transaction on the catalog's own thread.
    func write<Value: Sendable>(_ body: @escaping @Sendable (Database) throws -> Value) async throws -> Value {
        do {
            return try await queue.write(body)
        } catch {
            throw Self.translated(error, at: path)
        }
    }

    /// What goes into a catalog is the caller's; what is wrong with it is no damage of the file.
    static func translated(_ error: any Error, at path: FilePath) -> any Error {
        if let fault = error as? RowFault { return CatalogError.unacceptable(fault.what) }
        return CatalogError.translating(error, at: path)
    }
}
