// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Holdfast
import Hummingbird

/// `/api/admin/minio/…`: the older API's five routes for buckets.
struct BucketBackupRoutes: Sendable {
    let backend: Backend
    let answers: KeptAnswers

    func add(to router: Router<ServiceContext>) {
        let buckets = operation(nil, "Failed to list buckets", .viewer, .eachMinute(60))
        router.get("api/admin/minio/buckets") { request, context in
            try await buckets.answer(request, context) { try await self.buckets($0) }
        }
        let list = operation(nil, "Failed to list bucket backups", .viewer, .eachMinute(60))
        router.get("api/admin/minio/backup/list") { request, context in
            try await list.answer(request, context) { try await self.list($0) }
        }
        let create = operation("backup", "Bucket backup failed", .operator, .hourly(10))
        router.post("api/admin/minio/backup/create") { request, context in
            try await create.answer(request, context, subject: { try $0.parameters.required("bucket_name") }) {
                try await self.create($0)
            }
        }
        let restore = operation("restore", "Bucket restore failed", .operator, .hourly(5, countsEachSubject: true))
        router.post("api/admin/minio/backup/restore") { request, context in
            try await restore.answer(request, context, subject: { try $0.parameters.required("backup_name") }) {
                try await self.restore($0)
            }
        }
        let delete = operation("delete", "Failed to delete bucket backup", .admin, .eachMinute(30))
        router.delete("api/admin/minio/backup/:backup_name") { request, context in
            try await delete.answer(request, context, subject: \.name) { try await self.delete($0) }
        }
    }

    private func operation(_ action: String?, _ errorPrefix: String, _ role: Role, _ limit: CallLimit)
        -> ContractOperation
    {
        ContractOperation(
            action: action, errorPrefix: errorPrefix, role: role, limit: limit, backend: backend, answers: answers)
    }

    private struct Buckets: Encodable {
        let success = true
        let count: Int
        let buckets: [String]
    }

    private func buckets(_ call: ContractOperation.Call) async throws -> Buckets {
        let names = try await backend.engine.buckets().filter { call.requester.mayTouch($0) }
        return Buckets(count: names.count, buckets: names)
    }
}
