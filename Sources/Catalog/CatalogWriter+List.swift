// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import GRDB
import Synchronization

/// Recording what a listing shows, and taking over what an earlier catalog has of it.
extension CatalogWriter {
    /// What the catalog knew of a row when it was listed.
    package struct ListOutcome: Hashable, Sendable {
        /// `false` means that the same key and ordinal were listed before, as servers do that repeat entries.
        package let isNew: Bool
        /// Whether a key listed before is a folder of this one, or this one of it (`a` beside `a/b`), so that both
        /// cannot be files of one file system. Not looked for when the row is stored already, under the name that it has.
        package fileprivate(set) var collides = false
        /// What of the row is beyond the limits of a catalog, and the limit: such a row cannot be stored and must be
        /// excepted. `nil` for every other.
        package let fault: String?
        /// Whether it is as the earlier catalog has it: the row is stored, and the bytes lie where they lay.
        package fileprivate(set) var isUnchanged = false
        /// Whether an interrupted run stored it in this archive, as it is now: the row is stored again.
        package fileprivate(set) var isDurable = false

        fileprivate init(isNew: Bool, fault: String?) {
            self.isNew = isNew
            self.fault = fault
        }
    }

    /// Records what a page of a listing shows, in one transaction. What a server says of one object never keeps the
    /// others out.
    package func list(_ objects: [ListedObject]) async throws -> [ListOutcome] {
        let (outcomes, bytes) = try await write { [hasBase, isContinuing] database in
            var folders = try FolderCheck(database, isContinuing: isContinuing)
            var outcomes = try Self.enter(objects, as: hasBase || isContinuing ? State.stored : State.pending, database)
            if isContinuing { try Self.takeBack(objects, &outcomes, database) }
            if hasBase { try Self.takeOver(objects, &outcomes, database) }
            let reopen =
                hasBase || isContinuing
                ? try Self.settling(from: State.stored, as: State.pending, in: database) : nil
            var bytes: Int64 = 0
            for (index, object) in objects.enumerated() where outcomes[index].isNew {
                bytes = bytes.addingUpToMax(max(0, object.size))
                let key = CatalogLimits.fittedKey(object.key)
                if outcomes[index].isDurable || outcomes[index].isUnchanged {
                    // It has a name in an archive.
                    folders.pass(key)
                } else {
                    outcomes[index].collides = try folders.collides(key)
                    if let reopen { try Self.settle(key, object.ordinal, reopen, database) }
                }
            }
            return (outcomes, bytes)
        }
        running.withLock {
            $0.listed += outcomes.count { $0.isNew }
            $0.listedBytes = $0.listedBytes.addingUpToMax(bytes)
            for (object, outcome) in zip(objects, outcomes) where outcome.isUnchanged || outcome.isDurable {
                $0.stored += 1
                $0.storedBytes = $0.storedBytes.addingUpToMax(object.size)
            }
        }
        return outcomes
    }

    /// Enters the rows of a page into the list of what is to be done.
    ///
    /// - Parameter state: what most of them will be in the end. Nearly every row of a bucket that was backed up before
    ///   is taken over, and then written once.
    private static func enter(
        _ objects: [ListedObject], as state: Int, _ database: Database
    ) throws -> [ListOutcome] {
        let statement = try database.cachedStatement(
            sql: "INSERT OR IGNORE INTO listing.rows(key, ordinal, state) VALUES (?, ?, \(state))")
        return try objects.map { object in
            try CatalogLimits.checkOrdinal(object.key, object.ordinal)
            var row = RowBinder(statement)
            row.bind(CatalogLimits.fittedKey(object.key))
            row.bind(object.ordinal)
            try row.execute()
            return ListOutcome(isNew: database.changesCount == 1, fault: CatalogLimits.fault(of: object))
        }
    }

    /// Takes over what an interrupted run stored in this archive.
    private static func takeBack(
        _ objects: [ListedObject], _ outcomes: inout [ListOutcome], _ database: Database
    ) throws {
        let statement = try database.cachedStatement(sql: takeBack)
        for (index, object) in objects.enumerated() where outcomes[index].mayBeKnown {
            outcomes[index].isDurable = try copy(object, statement, database)
            if !outcomes[index].isDurable { try checkIsUnshared(object, in: database) }
        }
    }

    /// Takes over what is as the earlier catalog has it: the whole page by one statement, which costs half of what one
    /// for each row does.
    private static func takeOver(
        _ objects: [ListedObject], _ outcomes: inout [ListOutcome], _ database: Database
    ) throws {
        let statement = try database.cachedStatement(
            sql: """
                INSERT INTO listing.page(number, key, ordinal, is_latest, is_delete_marker, size, etag, last_modified, version_id)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
                """)
        var asked: [Int] = []
        for (index, object) in objects.enumerated() where outcomes[index].mayBeKnown && object.tellsItsContent {
            var row = RowBinder(statement)
            row.bind(index)
            row.bind(object.key)
            row.bind(object.ordinal)
            row.bind(object.isLatest)
            row.bind(object.isDeleteMarker)
            row.bind(object.size)
            row.bind(object.etag)
            row.bind(object.lastModified)
            row.bind(object.versionID)
            try row.execute()
            asked.append(index)
        }
        guard !asked.isEmpty else { return }
        try RowBinder(try database.cachedStatement(sql: takeOver)).execute()
        if database.changesCount < asked.count {
            asked = try Int.fetchAll(
                database,
                sql: """
                    SELECT p.number FROM listing.page AS p
                    CROSS JOIN main.objects AS o ON o.key = p.key AND o.ordinal = p.ordinal
                    """)
        }
        for index in asked { outcomes[index].isUnchanged = true }
        try database.execute(sql: "DELETE FROM listing.page")
    }
}

extension CatalogWriter.ListOutcome {
    /// Whether another catalog may be asked for the row.
    fileprivate var mayBeKnown: Bool { isNew && fault == nil && !isDurable }
}

extension ListedObject {
    /// Whether anything tells its content from another one: without an ETag nothing does.
    var tellsItsContent: Bool { isDeleteMarker || !etag.isEmpty }
}
