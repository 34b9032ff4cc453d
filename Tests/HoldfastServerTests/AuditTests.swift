// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Catalog
import Foundation
import GRDB
import HTTPTypes
import Holdfast
import SystemPackage
import Testing

@testable import HoldfastServer

@Suite("Audit log")
struct AuditTests {
    @Test("Every change that was asked for is in it, with who, what and how it ended")
    func records() async throws {
        try await ServiceScene.with { scene in
            let token = try await scene.token(.admin, name: "ops")
            _ = try await scene.ask(
                .delete, "/api/admin/minio/backup/none", token: token, headers: ["X-Correlation-ID": "id-1"])
            _ = try await scene.ask(.get, "/api/admin/minio/backup/list", token: token)
            let records = try await scene.backend.audit.records(after: 0, limit: 10)
            #expect(records.count == 1)
            let record = try #require(records.first)
            #expect(record.actor == "ops" && record.action == "delete" && record.subject == "none")
            #expect(record.correlationID == "id-1" && record.outcome.hasPrefix("failed: There is no backup named none"))
            #expect(try await scene.backend.audit.verify().count == 1)
        }
    }

    @Test(
        "A record that was altered, taken out or put in is found",
        arguments: [
            "UPDATE audit SET outcome = 'success' WHERE sequence = 2", "DELETE FROM audit WHERE sequence = 2",
            "UPDATE audit SET time = time + 1 WHERE sequence = 3",
            "UPDATE audit SET actor = 'a' || subject, subject = '' WHERE sequence = 1",
        ])
    func tampering(_ change: String) async throws {
        try await ServiceScene.with { scene in
            for number in 1...3 {
                try await scene.backend.audit.append(
                    "delete", "backup-\(number)", outcome: "failed", actor: "a", correlationID: "\(number)")
            }
            #expect(try await scene.backend.audit.verify().count == 3)
            let queue = try DatabaseQueue(path: scene.root.appending("state").appending("service.db").string)
            try await queue.write { try $0.execute(sql: change) }
            try queue.close()
            let error = await #expect(throws: HoldfastError.self) { try await scene.backend.audit.verify() }
            #expect(error?.code == .corrupt)
        }
    }
}
