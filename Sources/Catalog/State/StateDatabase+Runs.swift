// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

package import FoundationEssentials
import GRDB

extension StateDatabase {
    /// Keeps a run that begins, or what became of it. Killed in between, it stays `running` until
    /// ``interruptRuns(at:isGone:)``.
    ///
    /// - Parameter process: the id of the process that runs it.
    package func save(_ run: RunRecord, process: Int32) async throws {
        try await write { database in
            try database.execute(
                sql: """
                    INSERT INTO runs(id, kind, subject, plan, requester, correlation_id, state, begun, ended, process,
                        message, report)
                    VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
                    ON CONFLICT(id) DO UPDATE SET state = excluded.state, ended = excluded.ended,
                        message = excluded.message, report = excluded.report
                    """,
                arguments: [
                    run.id, run.kind, run.subject, run.plan, run.requester, run.correlationID, run.state.rawValue,
                    run.begun.databaseTime, run.ended?.databaseTime, process, run.message, run.report,
                ])
        }
    }

    /// The run with this id.
    package func run(_ id: String) async throws -> RunRecord? {
        try await read { database in
            try Row.fetchOne(database, sql: "SELECT * FROM runs WHERE id = ?", arguments: [id]).map(RunRecord.init)
        }
    }

    /// Runs, newest first.
    ///
    /// - Parameters:
    ///   - before: only runs that are listed after this one.
    ///   - limit: 1...1000.
    package func runs(before: RunRecord? = nil, plan: String? = nil, kind: String? = nil, limit: Int) async throws
        -> [RunRecord]
    {
        try await read { database in
            try Row.fetchAll(
                database,
                sql: """
                    SELECT * FROM runs
                    WHERE (begun, id) < (?, ?) AND (?3 IS NULL OR plan = ?3) AND (?4 IS NULL OR kind = ?4)
                    ORDER BY begun DESC, id DESC LIMIT ?
                    """,
                arguments: [before?.begun.databaseTime ?? .max, before?.id ?? "", plan, kind, limit]
            ).map(RunRecord.init)
        }
    }

    /// Marks the runs of processes that are gone.
    ///
    /// - Parameter isGone: told the id of a process and when it was at work.
    /// - Returns: those runs, as they were.
    package func interruptRuns(at now: Date, isGone: @escaping @Sendable (Int32, Date) -> Bool) async throws
        -> [RunRecord]
    {
        try await write { database in
            let rows = try Row.fetchAll(database, sql: "SELECT * FROM runs WHERE state = 'running'")
            let gone = rows.filter { isGone($0["process"], Date(databaseTime: $0["begun"])) }
            for row in gone {
                try database.execute(
                    sql: """
                        UPDATE runs SET state = 'interrupted', ended = ?, message = 'its process ended before it did'
                        WHERE id = ?
                        """, arguments: [now.databaseTime, row["id"] as String])
            }
            return try gone.map(RunRecord.init)
        }
    }

    /// Forgets runs that ended before a moment, at most 10,000 at once.
    package func forgetRuns(before moment: Date) async throws {
        try await write { database in
            try database.execute(
                sql: """
                    DELETE FROM runs WHERE id IN (
                        SELECT id FROM runs WHERE begun < ? AND state != 'running' ORDER BY begun LIMIT 10000)
                    """, arguments: [moment.databaseTime])
        }
    }
}

extension RunRecord {
    init(_ row: Row) throws {
        guard let state = RunState(rawValue: row["state"]) else {
            throw RowFault(what: "a run has the state \(row["state"] as String)")
        }
        self.init(
            id: row["id"], kind: row["kind"], subject: row["subject"], plan: row["plan"], requester: row["requester"],
            correlationID: row["correlation_id"], state: state, begun: Date(databaseTime: row["begun"]))
        ended = (row["ended"] as Int64?).map(Date.init(databaseTime:))
        message = row["message"]
        report = row["report"]
    }
}
