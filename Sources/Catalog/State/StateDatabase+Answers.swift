// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

package import FoundationEssentials
import GRDB

/// The answer that a request with an idempotency key was given.
package struct KeptAnswer: Equatable, Sendable {
    package var status: Int
    /// The content type.
    package var type: String
    package var body: Data

    package init(status: Int, type: String, body: Data) {
        self.status = status
        self.type = type
        self.body = body
    }
}

extension StateDatabase {
    /// The answer kept under a key, unless it is older than `oldest`.
    package func answer(to key: Data, notBefore oldest: Date) async throws -> KeptAnswer? {
        try await read { database in
            try Row.fetchOne(
                database, sql: "SELECT status, type, body FROM answers WHERE key = ? AND created >= ?",
                arguments: [key, oldest.databaseTime]
            ).map { KeptAnswer(status: $0["status"], type: $0["type"], body: $0["body"]) }
        }
    }

    /// Keeps an answer, and forgets those that are older than `oldest`.
    package func keep(_ answer: KeptAnswer, to key: Data, at now: Date, forgettingBefore oldest: Date) async throws {
        try await write { database in
            try database.execute(sql: "DELETE FROM answers WHERE created < ?", arguments: [oldest.databaseTime])
            try database.execute(
                sql: "INSERT OR REPLACE INTO answers(key, created, status, type, body) VALUES(?, ?, ?, ?, ?)",
                arguments: [key, now.databaseTime, answer.status, answer.type, answer.body])
        }
    }
}
