// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

package import FoundationEssentials
import GRDB

/// What is kept of an access token: never the token itself.
package struct TokenRecord: Equatable, Sendable {
    package var id: String
    /// What people call it.
    package var name: String
    /// SHA-256 of its secret part, 32 bytes.
    package var hash: Data
    package var role: String
    /// The buckets that it is for; `nil` for all.
    package var buckets: [String]?
    /// UTC.
    package var created: Date
    package var expires: Date?
    package var lastUsed: Date?
    package var revoked: Date?

    package init(
        id: String, name: String, hash: Data, role: String, buckets: [String]?, created: Date, expires: Date?
    ) {
        self.id = id
        self.name = name
        self.hash = hash
        self.role = role
        self.buckets = buckets
        self.created = created
        self.expires = expires
    }
}

extension StateDatabase {
    /// Keeps a new token.
    ///
    /// - Returns: whether it was kept: not when its name or id is taken, by a revoked one too.
    package func add(_ token: TokenRecord) async throws -> Bool {
        let buckets = try token.buckets.map { String(decoding: try JSONEncoder().encode($0), as: UTF8.self) }
        return try await write { database in
            try database.execute(
                sql: """
                    INSERT OR IGNORE INTO tokens(id, name, hash, role, buckets, created, expires)
                    VALUES(?, ?, ?, ?, ?, ?, ?)
                    """,
                arguments: [
                    token.id, token.name, token.hash, token.role, buckets, token.created.databaseTime,
                    token.expires?.databaseTime,
                ])
            return database.changesCount == 1
        }
    }

    /// The token with this id.
    package func token(_ id: String) async throws -> TokenRecord? {
        try await read { database in
            try Row.fetchOne(database, sql: "SELECT * FROM tokens WHERE id = ?", arguments: [id]).map(TokenRecord.init)
        }
    }

    /// Every token, revoked ones too, oldest first.
    package func tokens() async throws -> [TokenRecord] {
        try await read { database in
            try Row.fetchAll(database, sql: "SELECT * FROM tokens ORDER BY created, id").map(TokenRecord.init)
        }
    }

    /// Makes a token useless from now on, by its name.
    ///
    /// - Returns: whether there is one that was not revoked yet.
    package func revokeToken(named name: String, at now: Date) async throws -> Bool {
        try await write { database in
            try database.execute(
                sql: "UPDATE tokens SET revoked = ? WHERE name = ? AND revoked IS NULL",
                arguments: [now.databaseTime, name])
            return database.changesCount == 1
        }
    }

    /// Notes that a token was used.
    package func useToken(_ id: String, at now: Date) async throws {
        try await write { database in
            try database.execute(
                sql: "UPDATE tokens SET last_used = ? WHERE id = ?", arguments: [now.databaseTime, id])
        }
    }
}

extension TokenRecord {
    fileprivate init(_ row: Row) throws {
        let buckets = try (row["buckets"] as String?).map { text in
            guard let names = try? JSONDecoder().decode([String].self, from: Data(text.utf8)) else {
                throw RowFault(what: "the buckets of a token are no list")
            }
            return names
        }
        self.init(
            id: row["id"], name: row["name"], hash: row["hash"], role: row["role"], buckets: buckets,
            created: Date(databaseTime: row["created"]),
            expires: (row["expires"] as Int64?).map(Date.init(databaseTime:)))
        lastUsed = (row["last_used"] as Int64?).map(Date.init(databaseTime:))
        revoked = (row["revoked"] as Int64?).map(Date.init(databaseTime:))
    }
}
