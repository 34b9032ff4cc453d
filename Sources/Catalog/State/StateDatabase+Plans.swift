// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import FoundationEssentials
import GRDB

extension StateDatabase {
    /// What is remembered of every plan, also of those that nobody has any more.
    package func plans() async throws -> [PlanRecord] {
        try await read { database in
            try Row.fetchAll(database, sql: "SELECT * FROM plans ORDER BY name").map(PlanRecord.init)
        }
    }

    /// What is remembered of one plan: nothing yet when it was never seen.
    package func plan(_ name: String) async throws -> PlanRecord {
        try await read { try PlanRecord.fetch(name, $0) }
    }

    /// Changes what is remembered of a plan, in one transaction: of two processes that want the same, one comes second
    /// and sees what the first has done.
    ///
    /// - Returns: what `change` answers. What it throws undoes it.
    package func changePlan<Value: Sendable>(
        _ name: String, _ change: @escaping @Sendable (inout PlanRecord) throws -> Value
    ) async throws -> Value {
        try await write { database in
            var record = try PlanRecord.fetch(name, database)
            let answer = try change(&record)
            try record.save(database)
            return answer
        }
    }
}

extension PlanRecord {
    fileprivate static func fetch(_ name: String, _ database: Database) throws -> PlanRecord {
        try Row.fetchOne(database, sql: "SELECT * FROM plans WHERE name = ?", arguments: [name]).map(PlanRecord.init)
            ?? PlanRecord(name: name)
    }

    fileprivate init(_ row: Row) throws {
        func date(_ column: String) -> Date? { (row[column] as Int64?).map(Date.init(databaseTime:)) }
        self.init(name: row["name"])
        guard let names = try? JSONDecoder().decode([String].self, from: Data((row["remaining"] as String).utf8)) else {
            throw RowFault(what: "the plan \(name) does not say which buckets remain")
        }
        remaining = names
        paused = row["paused"]
        due = date("due")
        retry = date("retry")
        attempts = row["attempts"]
        round = date("round")
        process = row["process"]
        lastBegun = date("last_begun")
        lastSuccess = date("last_success")
        lastVerified = date("last_verified")
        lastPruned = date("last_pruned")
        if let text = row["last_state"] as String? {
            guard let state = RunState(rawValue: text) else { throw RowFault(what: "a plan has the state \(text)") }
            lastState = state
        }
        lastMessage = row["last_message"]
    }

    fileprivate func save(_ database: Database) throws {
        try database.execute(
            sql: """
                INSERT OR REPLACE INTO plans(name, paused, due, retry, attempts, round, remaining, process, last_begun,
                    last_success, last_verified, last_pruned, last_state, last_message)
                VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
                """,
            arguments: [
                name, paused, due?.databaseTime, retry?.databaseTime, attempts, round?.databaseTime,
                String(decoding: try JSONEncoder().encode(remaining), as: UTF8.self), process,
                lastBegun?.databaseTime, lastSuccess?.databaseTime, lastVerified?.databaseTime,
                lastPruned?.databaseTime, lastState?.rawValue, lastMessage,
            ])
    }
}
