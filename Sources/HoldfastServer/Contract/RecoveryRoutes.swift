// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Holdfast
import Hummingbird

/// `/api/admin/backup/…` and `/api/admin/dr/…`: the frame of the older API's routes for databases and recovery.
///
/// Databases are not backed up yet and drills are not made: these routes say so, and never that all is well.
struct RecoveryRoutes: Sendable {
    let backend: Backend
    let answers: KeptAnswers

    func add(to router: Router<ServiceContext>) {
        addDatabase(to: router)
        let status = operation(nil, "Failed to get DR status", .viewer, .eachMinute(60))
        router.get("api/admin/dr/status") { request, context in
            try await status.answer(request, context) { try await self.status($0) }
        }
        let simulate = operation("drill", "DR simulation failed", .operator, .hourly(10))
        router.post("api/admin/dr/simulate") { request, context in
            try await simulate.answer(
                request, context, subject: { try $0.parameters.text("scenario") ?? "complete_failure" }
            ) { try refuseDrill($0) }
        }
    }

    private func addDatabase(to router: Router<ServiceContext>) {
        let create = operation("database backup", "Backup failed", .operator, .hourly(10))
        router.post("api/admin/backup/create") { request, context in
            try await create.answer(request, context) { _ in try Self.refuse() }
        }
        let restore = operation("database restore", "Restore failed", .operator, .hourly(5))
        router.post("api/admin/backup/restore") { request, context in
            try await restore.answer(request, context) { _ in try Self.refuse() }
        }
        let list = operation(nil, "Failed to list backups", .viewer, .eachMinute(60))
        router.get("api/admin/backup/list") { request, context in
            try await list.answer(request, context) { _ in try Self.refuse() }
        }
        let delete = operation("database delete", "Failed to delete backup", .admin, .eachMinute(30))
        router.delete("api/admin/backup/:backup_name") { request, context in
            try await delete.answer(request, context, subject: \.name) { _ in try Self.refuse() }
        }
    }

    private func operation(_ action: String?, _ errorPrefix: String, _ role: Role, _ limit: CallLimit)
        -> ContractOperation
    {
        ContractOperation(
            action: action, errorPrefix: errorPrefix, role: role, limit: limit, backend: backend, answers: answers)
    }

    private struct Nothing: Encodable {}

    private static func refuse() throws -> Nothing {
        throw HoldfastError(.failed, "This version backs up buckets and no databases.")
    }

    private func refuseDrill(_ call: ContractOperation.Call) throws -> Nothing {
        let scenario = try call.parameters.text("scenario") ?? "complete_failure"
        let known = ["complete_failure", "database_corruption", "storage_loss"]
        guard known.contains(scenario) else { throw UnknownScenario(name: scenario, known: known) }
        throw HoldfastError(
            .failed, "This version makes no drills, and what was not restored is not called recovered.",
            hint: "POST /api/admin/minio/backup/restore with a target_bucket tries a backup.")
    }

    private struct Status: Encodable {
        let success = true
        let rtoTargetMinutes = 60
        let rpoTargetMinutes = 5
        let databaseBackups: Kind
        let minioBackups: Kind
        let lastDrTest = Unknown()
        let nextDrTest = Unknown()
    }

    private struct Kind: Encodable {
        let count: Int
        let latest: Unknown
        let status: String
        /// How old the newest complete backup is of the bucket for which it is oldest.
        let recoveryPointMinutes: Double?
        /// Whether that is within the target; absent when there is nothing to judge.
        let rpoMet: Bool?
    }

    /// A text, or null: clients of the older API look for the field.
    private struct Unknown: Encodable {
        var text: String?

        func encode(to encoder: any Encoder) throws {
            var container = encoder.singleValueContainer()
            if let text { try container.encode(text) } else { try container.encodeNil() }
        }
    }

    private func status(_ call: ContractOperation.Call) async throws -> Status {
        let backups = try await backend.engine.backups().backups.filter { call.requester.mayTouch($0.bucket) }
        var newest: [String: Date] = [:]
        for backup in backups where backup.complete == true && backup.problem == nil {
            guard let bucket = backup.bucket else { continue }
            newest[bucket] = max(newest[bucket] ?? backup.time, backup.time)
        }
        let ages = newest.values.map { backend.services.now().timeIntervalSince($0) / 60 }
        return Status(
            databaseBackups: Kind(
                count: 0, latest: Unknown(), status: "no_backups", recoveryPointMinutes: nil, rpoMet: nil),
            minioBackups: Kind(
                count: backups.count, latest: Unknown(text: newest.values.max().map(ContractTime.utc)),
                status: newest.isEmpty ? "no_backups" : "healthy",
                recoveryPointMinutes: ages.max().map { ($0 * 100).rounded() / 100 }, rpoMet: ages.max().map { $0 <= 5 })
        )
    }
}

/// A drill that nobody has thought out.
struct UnknownScenario: Error, CustomStringConvertible {
    let name: String
    let known: [String]

    var description: String {
        "There is no scenario “\(name.prefix(100))”. There are \(known.joined(separator: ", "))."
    }
}
