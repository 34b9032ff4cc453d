// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

package import FoundationEssentials
import GRDB

extension StateDatabase {
    /// The alerts that are remembered, each as it was kept, in no order.
    package func alerts() async throws -> [Data] {
        try await read { try Data.fetchAll($0, sql: "SELECT body FROM alerts") }
    }

    /// Remembers these alerts, by their ids, and no others.
    package func keepAlerts(_ alerts: [String: Data]) async throws {
        try await write { database in
            try database.execute(sql: "DELETE FROM alerts")
            for (id, body) in alerts {
                try database.execute(sql: "INSERT INTO alerts(id, body) VALUES(?, ?)", arguments: [id, body])
            }
        }
    }
}
