// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Holdfast

extension BucketBackupRoutes {
    /// The older API's list, and beside each name what it did not tell.
    struct Listed: Encodable {
        let success: Bool
        let count: Int
        let backups: [Entry]
        /// Copies of the vault that could not be listed: what only they hold is not here.
        let unreachable: [CopyProblem]

        struct Entry: Encodable {
            let backupName: String
            /// Where it lies in a bucket; absent for those that lie in directories only.
            let key: String?
            /// Where it lies on this host; absent for those that lie in a bucket.
            let path: String?
            let sizeBytes: Int64
            let sizeMb: Double
            let modified: String
            let localOnly: Bool?

            let bucketName: String?
            let createdAt: String
            let objectCount: Int?
            let totalSizeBytes: Int64?
            let complete: Bool?
            let exceptionCount: Int?
            let kind: String?
            let copies: [String]
            let missingCopies: [String]
            let verifiedAt: String?
            let problem: String?
        }
    }

    func list(_ call: ContractOperation.Call) async throws -> Listed {
        let found = try await backend.engine.backups()
        let entries = found.backups.filter { call.requester.mayTouch($0.bucket) }.compactMap(entry)
        // As it was: what is in a bucket first.
        let sorted = entries.filter { $0.key != nil } + entries.filter { $0.key == nil }
        return Listed(
            success: found.unreachable.isEmpty, count: sorted.count, backups: sorted, unreachable: found.unreachable)
    }

    private func entry(_ backup: BackupSummary) -> Listed.Entry? {
        guard let file = ArchiveFile(fileName: backup.file) else { return nil }
        let held = backend.engine.vault.places(of: file).filter { backup.copies.contains($0.label) }
        let key = held.first { $0.path == nil }?.key
        return Listed.Entry(
            backupName: backup.name, key: key, path: key == nil ? held.first?.path : nil,
            sizeBytes: backup.archiveBytes, sizeMb: ContractTime.mebibytes(backup.archiveBytes),
            modified: ContractTime.listed(backup.time), localOnly: key == nil ? true : nil,
            bucketName: backup.bucket, createdAt: ContractTime.listed(backup.time), objectCount: backup.objectCount,
            totalSizeBytes: backup.totalBytes, complete: backup.complete, exceptionCount: backup.exceptionCount,
            kind: backup.dependsOn.map { $0.isEmpty ? "full" : "incremental" }, copies: backup.copies,
            missingCopies: backup.missingCopies,
            verifiedAt: backup.proven(to: .frames).map(ContractTime.listed), problem: backup.problem)
    }
}
