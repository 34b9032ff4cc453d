// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Catalog
import Holdfast

extension BucketBackupRoutes {
    /// The older API's answer to a backup, and beside it what it did not tell.
    struct Created: Encodable {
        /// Only when every object that was listed is in the backup.
        let success: Bool
        let backup: Backup

        struct Backup: Encodable {
            let backupName: String
            let bucketName: String
            let archivePath: String
            let archiveSizeBytes: Int64
            let archiveSizeMb: Double
            /// Objects that were listed.
            let objectCount: Int
            let totalSizeBytes: Int64
            let totalSizeMb: Double
            let timestamp: String
            let backupKey: String
            let success: Bool

            let complete: Bool
            let objectsSaved: Int
            let objectsFailed: Int
            let unchangedCount: Int
            let exceptions: [ExceptionReport]
            let sha256: String
            let copies: [String]
            let degraded: [CopyProblem]
            let warnings: [String]
            let runId: String
        }
    }

    func create(_ call: ContractOperation.Call) async throws -> Created {
        let bucket = try call.parameters.required("bucket_name")
        let wanted = try call.parameters.text("backup_name")
        var options = BackupRun.Options()
        options.allVersions = try call.parameters.flag("include_versions", default: false)
        try call.requester.demand(bucket)
        let name = try wanted.map { try BackupName(withoutExtension: $0) }
        let engine = backend.engine
        let run = try await backend.runs.begin(
            RunRequest(.backup, of: bucket, requester: call.requester.name, correlationID: call.correlationID)
        ) { [options] progress in
            try await engine.backUp(bucket: bucket, name: name, options: options, progress: progress)
        }
        let report = try await run.report
        let places = ArchiveFile(fileName: report.file).map(engine.vault.places) ?? []
        let isWhole = report.complete && report.degraded.isEmpty
        return Created(
            success: isWhole,
            backup: Created.Backup(
                backupName: report.name, bucketName: report.bucket,
                archivePath: places.lazy.compactMap(\.path).first ?? places.first?.label ?? "",
                archiveSizeBytes: report.archiveBytes, archiveSizeMb: ContractTime.mebibytes(report.archiveBytes),
                objectCount: report.listedCount, totalSizeBytes: report.totalBytes,
                totalSizeMb: ContractTime.mebibytes(report.totalBytes),
                timestamp: ContractTime.utc(report.finished), backupKey: places.first?.key ?? "", success: isWhole,
                complete: report.complete, objectsSaved: report.storedCount, objectsFailed: report.exceptionCount,
                unchangedCount: report.unchangedCount, exceptions: report.exceptions, sha256: report.archiveSHA256,
                copies: report.copies, degraded: report.degraded, warnings: report.warnings, runId: run.record.id))
    }
}
