// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Catalog
import Holdfast

extension BucketBackupRoutes {
    /// The older API's answer to a restore, and beside it what it did not tell.
    struct Restored: Encodable {
        /// Only when nothing failed; objects that were there already and stayed are counted as skipped.
        let success: Bool
        let restore: Restore

        struct Restore: Encodable {
            let backupName: String
            let targetBucket: String
            let uploadedCount: Int
            let totalSizeBytes: Int64
            let totalSizeMb: Double
            let timestamp: String
            let success: Bool

            /// Whether each object of the backup is in the bucket now as the backup has it.
            let complete: Bool
            let objectCount: Int
            let skippedCount: Int
            /// The first 100 keys.
            let skipped: [String]
            let failedCount: Int
            let exceptions: [ExceptionReport]
            let missingFromBackup: Int
            let warnings: [String]
            let runId: String
        }
    }

    func restore(_ call: ContractOperation.Call) async throws -> Restored {
        let name = try call.parameters.required("backup_name")
        let target = try call.parameters.text("target_bucket")
        let overwrites = try call.parameters.flag("overwrite", default: false)
        let engine = backend.engine
        _ = try await engine.vault.find(name)
        if call.requester.buckets != nil {
            let source = try await engine.open(name, progress: ProgressMeter()).metadata?.bucketName
            try call.requester.demand(source)
            if let target { try call.requester.demand(target) }
        }
        let run = try await backend.runs.begin(
            RunRequest(.restore, of: name, requester: call.requester.name, correlationID: call.correlationID)
        ) { progress in
            try await engine.restore(
                name, into: target, at: nil, options: RestoreRun.Options(overwrite: overwrites ? .always : .never),
                progress: progress)
        }
        let report = try await run.report
        return Restored(
            success: report.complete,
            restore: Restored.Restore(
                backupName: report.name, targetBucket: report.bucket, uploadedCount: report.restoredCount,
                totalSizeBytes: report.restoredBytes, totalSizeMb: ContractTime.mebibytes(report.restoredBytes),
                timestamp: ContractTime.utc(backend.services.now()), success: report.complete,
                complete: report.complete && report.skippedCount == 0, objectCount: report.selectedCount,
                skippedCount: report.skippedCount, skipped: report.skipped, failedCount: report.exceptionCount,
                exceptions: report.exceptions, missingFromBackup: report.missingFromBackup,
                warnings: report.warnings, runId: run.record.id))
    }
}
