// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

package import FoundationEssentials
import GRDB

/// One change that somebody made or tried to make.
package struct AuditRecord: Codable, Equatable, Sendable {
    /// 1 for the first.
    package var sequence: Int64
    /// UTC.
    package var time: Date
    /// The name of a token, `scheduler`, `command` or `anonymous`.
    package var actor: String
    package var action: String
    package var subject: String
    package var outcome: String
    package var correlationID: String
    /// Hash of this record and of the one before it, 32 bytes.
    package var hash: Data

    package init(
        sequence: Int64, time: Date, actor: String, action: String, subject: String, outcome: String,
        correlationID: String, hash: Data
    ) {
        self.sequence = sequence
        self.time = time
        self.actor = actor
        self.action = action
        self.subject = subject
        self.outcome = outcome
        self.correlationID = correlationID
        self.hash = hash
    }
}

extension StateDatabase {
    /// Adds a record to the end of the log.
    ///
    /// - Parameter make: the record behind the last one; called in the transaction, so that no two get the same place.
    package func appendAudit(_ make: @escaping @Sendable (_ last: AuditRecord?) -> AuditRecord) async throws {
        try await write { database in
            let last = try Row.fetchOne(database, sql: "SELECT * FROM audit ORDER BY sequence DESC LIMIT 1")
            let record = make(last.map(AuditRecord.init))
            try database.execute(
                sql: """
                    INSERT INTO audit(sequence, time, actor, action, subject, outcome, correlation_id, hash)
                    VALUES(?, ?, ?, ?, ?, ?, ?, ?)
                    """,
                arguments: [
                    record.sequence, record.time.databaseTime, record.actor, record.action, record.subject,
                    record.outcome, record.correlationID, record.hash,
                ])
        }
    }

    /// Records in their order.
    ///
    /// - Parameter limit: at most so many, 1...10,000.
    package func audit(after sequence: Int64, limit: Int) async throws -> [AuditRecord] {
        try await read { database in
            try Row.fetchAll(
                database, sql: "SELECT * FROM audit WHERE sequence > ? ORDER BY sequence LIMIT ?",
                arguments: [sequence, limit]
            ).map(AuditRecord.init)
        }
    }
}

extension AuditRecord {
    fileprivate init(_ row: Row) {
        self.init(
            sequence: row["sequence"], time: Date(databaseTime: row["time"]), actor: row["actor"],
            action: row["action"], subject: row["subject"], outcome: row["outcome"],
            correlationID: row["correlation_id"], hash: row["hash"])
    }
}
