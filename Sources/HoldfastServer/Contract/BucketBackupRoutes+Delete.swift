// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Catalog
import Holdfast

extension BucketBackupRoutes {
    /// The older API's answer to a deletion, and beside it what it did not tell.
    struct Deleted: Encodable {
        let success: Bool
        let backupName: String
        let results: Results
        /// Copies that still have it, and why.
        let failed: [CopyProblem]
        /// Backups that need its bytes: those stay, hidden, until these are deleted too.
        let neededBy: [String]
        let waiting: String?

        struct Results: Encodable {
            let minioDeleted: Bool
            let localDeleted: Bool
        }
    }

    func delete(_ call: ContractOperation.Call) async throws -> Deleted {
        let keepsDirectories = try !call.parameters.flag("delete_local", default: true)
        let engine = backend.engine
        let name = call.name
        // A name that there is not makes no run that somebody could wonder about.
        _ = try await engine.vault.find(name)
        if call.requester.buckets != nil {
            try call.requester.demand(try await engine.open(name, progress: ProgressMeter()).metadata?.bucketName)
        }
        let run = try await backend.runs.begin(
            RunRequest(.delete, of: name, requester: call.requester.name, correlationID: call.correlationID)
        ) { _ in
            try await engine.delete(name, keepsDirectories: keepsDirectories)
        }
        let report = try await run.report
        let directories = Set(
            (ArchiveFile(fileName: report.file).map(engine.vault.places) ?? []).filter { $0.path != nil }.map(\.label))
        return Deleted(
            success: report.failed.isEmpty, backupName: report.name,
            results: Deleted.Results(
                minioDeleted: report.deleted.contains { !directories.contains($0) },
                localDeleted: report.deleted.contains(where: directories.contains)),
            failed: report.failed, neededBy: report.neededBy, waiting: report.waiting)
    }
}
