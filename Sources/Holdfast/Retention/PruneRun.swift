// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Logging

/// Removes what the policies do not keep: first the backups, then the archives that nothing refers to any more.
///
/// One run at a time works on a vault. Killed at any moment, every backup that is listed can be restored, and the next
/// run goes on.
package struct PruneRun: Sendable {
    package let vault: Vault
    package let policies: RetentionPolicies
    package let options: Options
    package let environment: RunEnvironment

    /// What the operator chose.
    package struct Options: Sendable {
        /// The buckets to look at; all that have a policy when empty.
        package var buckets: [String]
        /// Only say what would be done.
        package var isDryRun: Bool
        /// Go on although a source looks lost, and do not ask about this loss again.
        package var acceptsLoss: Bool

        package init(buckets: [String] = [], isDryRun: Bool = false, acceptsLoss: Bool = false) {
            self.buckets = buckets
            self.isDryRun = isDryRun
            self.acceptsLoss = acceptsLoss
        }
    }

    package init(vault: Vault, policies: RetentionPolicies, options: Options, environment: RunEnvironment) {
        self.vault = vault
        self.policies = policies
        self.options = options
        self.environment = environment
    }

    /// - Throws: ``HoldfastError``: `.invalidConfiguration` when a bucket has no policy, `.notFound` when it has no backup,
    ///   `.conflict` while another run has the lock, `.unreachable` when a copy cannot be listed: nothing was removed then.
    package func run() async throws -> PruneReport {
        guard !policies.isEmpty else { throw Self.noPolicy("Nobody said what to keep") }
        for bucket in options.buckets where policies[bucket] == nil {
            throw Self.noPolicy("Nobody said what to keep of \(bucket)")
        }
        guard !options.isDryRun else { return try await plan() }
        return try await vault.withVaultLock("prune", services: environment.services) { lock in
            var report = try await plan()
            try await noteAcceptedLosses(report)
            let hidden = try await hideExpired(&report)
            let sweep = HiddenSweep(vault: vault, environment: environment, lock: lock)
            do {
                let outcome = try await sweep.run { try checkSomethingIsLeft(report, in: $0) }
                report.removed = outcome.removed
                report.waiting = outcome.waiting
                report.freed = outcome.freed
                report.failed += outcome.failed.map {
                    CopyProblem(label: $0.problem.label, problem: "\($0.file): \($0.problem.problem)")
                }
            } catch let error as NothingLeft {
                for file in hidden { try await vault.unhide(file) }
                throw error.error
            }
            try await tidy(&report)
            return report
        }
    }

    private static func noPolicy(_ what: String) -> HoldfastError {
        HoldfastError(
            .invalidConfiguration, "\(what), so nothing is removed.",
            hint:
                "Give a policy, --keep-daily 7 --keep-weekly 4 for instance, or write retention: into holdfast.yaml.")
    }

    /// What stays and what goes.
    private func plan() async throws -> PruneReport {
        let (backups, unreachable) = try await BackupList(vault: vault, environment: environment).read()
        if let copy = unreachable.first {
            throw HoldfastError(
                .unreachable, "\(copy.label) cannot be listed; nothing was removed. \(copy.problem)",
                hint: "What that copy holds may be needed. Bring it back, or take it out of the configuration.")
        }
        var report = PruneReport(isDryRun: options.isDryRun)
        let groups = Dictionary(grouping: backups) { summary in
            summary.bucket.map { BackupGroup(bucket: $0, source: summary.source, selection: summary.selection) }
        }
        for bucket in options.buckets where !groups.keys.contains(where: { $0?.bucket == bucket }) {
            throw HoldfastError(
                .notFound, "There is no backup of \(bucket).", hint: "holdfast backups lists those there are.")
        }
        let losses = try await AcceptedLosses.read(from: vault)
        for group in groups.keys.compactMap({ $0 }).sorted() {
            guard options.buckets.isEmpty || options.buckets.contains(group.bucket) else { continue }
            guard let policy = policies[group.bucket] else {
                report.leftAlone += (groups[group] ?? []).map {
                    WaitingArchive(file: $0.file, reason: "\(group.bucket) has no policy")
                }
                continue
            }
            report.buckets.append(decide(groups[group] ?? [], of: group, by: policy, losses))
        }
        guard options.buckets.isEmpty else { return report }
        report.leftAlone += (groups[nil] ?? []).map { summary in
            let unread =
                summary.sealed ? "it is sealed, and nothing at hand tells its bucket" : "its bucket is not known"
            return WaitingArchive(file: summary.file, reason: summary.problem ?? unread)
        }
        return report
    }

    private func decide(
        _ backups: [BackupSummary], of group: BackupGroup, by policy: RetentionPolicy, _ losses: AcceptedLosses
    ) -> PruneReport.Bucket {
        let now = environment.services.now()
        let candidates = backups.map { RetentionCandidate($0) }
        var bucket = PruneReport.Bucket(
            bucket: group.bucket, source: group.source, include: backups.first?.include,
            exclude: backups.first?.exclude, filter: backups.first?.filter,
            decisions: policy.decide(candidates, now: now))
        bucket.loss = SourceLoss.find(in: candidates, now: now, accepted: losses.accepted(group, now: now))
        bucket.lossAccepted = bucket.loss != nil && options.acceptsLoss
        if bucket.loss != nil, !options.acceptsLoss {
            for index in bucket.decisions.indices where !bucket.decisions[index].kept {
                bucket.decisions[index].kept = true
                bucket.decisions[index].reasons = ["the source looks lost"]
            }
        }
        return bucket
    }

    private func noteAcceptedLosses(_ report: PruneReport) async throws {
        let now = environment.services.now()
        var losses = try await AcceptedLosses.read(from: vault)
        let accepted = report.buckets.filter(\.lossAccepted)
        guard !accepted.isEmpty else { return }
        for bucket in accepted {
            guard let newest = bucket.decisions.last(where: { $0.time <= now }) else { continue }
            let group = BackupGroup(bucket: bucket.bucket, source: bucket.source, selection: bucket.selection)
            losses.accept(group, until: newest.time)
        }
        try await losses.write(to: vault)
    }

    /// Hides what goes, oldest first: from then on nobody builds on it.
    private func hideExpired(_ report: inout PruneReport) async throws -> [ArchiveFile] {
        var hidden: [ArchiveFile] = []
        for decision in report.buckets.flatMap(\.decisions) where !decision.kept {
            guard let file = ArchiveFile(fileName: decision.file) else { continue }
            let outcome = try await vault.hide(file, now: environment.services.now())
            if !outcome.marked.isEmpty { hidden.append(file) }
            report.failed += outcome.failed.map {
                CopyProblem(label: $0.label, problem: "\(file.fileName) could not be hidden: \($0.problem)")
            }
        }
        return hidden
    }

    /// Another prune that broke this one's lock, or a deletion meanwhile, may have hidden what this one kept.
    private func checkSomethingIsLeft(_ report: PruneReport, in backups: [BackupSummary]) throws {
        let left = Set(backups.filter { RetentionCandidate($0).state == .good }.map(\.file))
        for bucket in report.buckets where bucket.decisions.contains(where: { !$0.kept }) {
            let kept = bucket.decisions.filter(\.kept)
            guard kept.contains(where: { $0.reasons.contains(RetentionPolicy.newestReason) }) else { continue }
            guard kept.contains(where: { left.contains($0.file) }) else {
                throw NothingLeft(
                    error: HoldfastError(
                        .conflict,
                        "Somebody removed the backups of \(bucket.bucket) that were to stay; nothing was removed.",
                        hint: "Look at holdfast backups, and run it again."))
            }
        }
    }

    /// Removes what dead runs left. None of it is a backup, so that what fails here is only logged.
    private func tidy(_ report: inout PruneReport) async throws {
        let now = environment.services.now()
        let kept = await InterruptedBackup.files(environment)
        for copy in vault.copies {
            do {
                let removed = try await copy.removeLeftovers(keeping: kept) {
                    try await vault.isAlive($0, in: copy, now: now)
                }
                report.leftovers += removed.map { "\($0) in \(copy.label)" }
                _ = try await copy.removeTraces(now: now)
            } catch {
                try Task.checkCancellation()
                environment.logger.warning(
                    "leftovers not removed", metadata: ["vault.copy": "\(copy.label)", "error": "\(error)"])
            }
        }
        for (path, copy) in try await vault.locks(now: now).longDead { try await copy.removeFile(path) }
    }
}

/// What was to stay is gone: nothing must go.
private struct NothingLeft: Error {
    let error: HoldfastError
}
