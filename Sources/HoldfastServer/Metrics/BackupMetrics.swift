// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Catalog
import Foundation
import Holdfast

/// What is known of the backups of each bucket. At most 1,000 buckets are told apart; the rest is counted in one metric.
struct BackupMetrics {
    private static let bucketLimit = 1000

    let backups: [BackupSummary]
    let unreachable: [CopyProblem]
    let copies: [String]
    let runs: [RunRecord]
    let current: Int
    let now: Date

    func write(to text: inout MetricsText) {
        var newest: [String: BackupSummary] = [:]
        var newestComplete: [String: BackupSummary] = [:]
        var counts: [String: Int] = [:]
        for backup in backups.sorted(by: { $0.time < $1.time }) {
            guard let bucket = backup.bucket else { continue }
            newest[bucket] = backup
            counts[bucket, default: 0] += 1
            if backup.complete == true, backup.problem == nil { newestComplete[bucket] = backup }
        }
        let names = counts.keys.sorted()
        let buckets = names.prefix(Self.bucketLimit)
        func each(_ value: (String) -> Double?) -> [MetricsText.Sample] {
            buckets.compactMap { bucket in value(bucket).map { .init($0, ("bucket", bucket)) } }
        }
        text.add(
            "holdfast_backup_last_success_timestamp_seconds", .gauge,
            "When the newest complete backup was begun.",
            each { newestComplete[$0]?.time.timeIntervalSince1970 })
        text.add(
            "holdfast_backup_age_seconds", .gauge, "How old the newest complete backup is.",
            each { newestComplete[$0].map { now.timeIntervalSince($0.time) } })
        text.add("holdfast_backups", .gauge, "Backups that there are.", each { counts[$0].map(Double.init) })
        text.add(
            "holdfast_backup_objects", .gauge, "Objects in the newest backup.",
            each { newest[$0]?.objectCount.map(Double.init) })
        text.add(
            "holdfast_backup_bytes", .gauge, "Bytes of these objects.",
            each { newest[$0]?.totalBytes.map(Double.init) })
        text.add(
            "holdfast_backup_stored_bytes", .gauge, "Bytes of the newest archive.",
            each { newest[$0].map { Double($0.archiveBytes) } })
        text.add(
            "holdfast_backup_exceptions", .gauge, "Objects that the newest backup lacks.",
            each { newest[$0]?.exceptionCount.map(Double.init) })
        text.add(
            "holdfast_backup_verified_timestamp_seconds", .gauge,
            "When the newest backup was last found to be what was written, in every copy.",
            each { newest[$0]?.proven(to: .frames)?.timeIntervalSince1970 })
        text.add(
            "holdfast_backup_degraded", .gauge, "Backups of the bucket that a copy lacks.",
            each { bucket in
                Double(backups.filter { $0.bucket == bucket && !$0.missingCopies.isEmpty }.count)
            })
        text.add(
            "holdfast_buckets_not_shown", .gauge, "Buckets beyond the \(Self.bucketLimit) that are told apart.",
            [.init(Double(names.count - buckets.count))])
        writeVault(to: &text)
        writeRuns(to: &text)
    }

    private func writeVault(to text: inout MetricsText) {
        var bytes: [String: Int64] = [:]
        for backup in backups {
            for copy in backup.copies { bytes[copy, default: 0] += backup.archiveBytes }
        }
        text.add(
            "holdfast_vault_bytes", .gauge,
            "Bytes of the archives of backups in each copy, those of deleted ones not counted.",
            copies.map { .init(Double(bytes[$0] ?? 0), ("copy", $0)) })
        text.add(
            "holdfast_vault_reachable", .gauge, "Whether the copy can be listed.",
            copies.map { label in
                .init(unreachable.contains { $0.label == label } ? 0 : 1, ("copy", label))
            })
    }

    private func writeRuns(to text: inout MetricsText) {
        text.add("holdfast_runs_going_on", .gauge, "Runs that have not ended.", [.init(Double(current))])
        // Only buckets that have backups, and plans: anybody may ask for a backup of any name.
        let known = Set(backups.compactMap(\.bucket))
        var last: [String: RunRecord] = [:]
        for run in runs.reversed() where run.ended != nil && (run.plan != nil || run.kind == RunKind.backup.rawValue) {
            guard run.plan != nil || known.contains(run.subject) else { continue }
            last["\(run.kind) \(run.plan ?? run.subject)"] = run
        }
        let sorted = last.sorted { $0.key < $1.key }.map(\.value).prefix(Self.bucketLimit)
        func each(_ value: (RunRecord) -> Double?) -> [MetricsText.Sample] {
            sorted.compactMap { run in
                value(run).map { .init($0, ("kind", run.kind), ("subject", run.plan ?? run.subject)) }
            }
        }
        text.add(
            "holdfast_run_duration_seconds", .gauge, "How long the last run took.",
            each { run in run.ended.map { $0.timeIntervalSince(run.begun) } })
        text.add(
            "holdfast_run_succeeded", .gauge, "Whether the last run did all that was asked for.",
            each { $0.state == .complete ? 1 : 0 })
    }
}
