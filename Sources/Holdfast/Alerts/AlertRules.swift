// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

package import Catalog
package import Foundation

/// What is wrong with plans, judged from what is remembered of them alone.
package enum AlertRules {
    /// What is wrong with one plan now.
    package static func findings(of plan: Plan, _ record: PlanRecord, now: Date) -> [AlertFinding] {
        let name = "plan \(plan.name)"
        var findings: [AlertFinding] = []
        func find(_ kind: AlertFinding.Kind, _ severity: Alert.Severity, _ message: String) {
            findings.append(AlertFinding(kind, of: plan.name, named: name, severity, message))
        }
        let why = record.lastMessage.map { ": \($0)" } ?? ""
        if !record.remaining.isEmpty, record.lastState == .failed {
            find(.backupFailed, .critical, "No backup of \(record.remaining.joined(separator: ", "))\(why)")
        }
        if record.lastState == .exceptions {
            find(.backupExceptions, .warning, "The last round was not complete\(why)")
        }
        if let late = late(plan, record, now: now) { find(.backupLate, .critical, late) }
        if let stale = stale(plan, record, now: now) { find(.verificationStale, .warning, stale) }
        return findings
    }

    /// A round may take five minutes, and be tried again, before its backups are late.
    private static let patience = PlanRecord.retryDelays.reduce(300, +)

    /// Why the newest backups are older than they may be.
    private static func late(_ plan: Plan, _ record: PlanRecord, now: Date) -> String? {
        // Of a plan that never made a backup, the failure says more; one that was never begun is not late yet.
        guard let last = record.lastSuccess, last <= now else { return nil }
        let age = IntervalText.words((now.timeIntervalSince(last) / 60).rounded(.down) * 60)
        if let limit = plan.objectives.recoveryPoint, now.timeIntervalSince(last) > limit {
            return "The newest backups are \(age) old, and the objective (RPO) is \(IntervalText.words(limit))"
        }
        // Somebody wants it so.
        guard !record.paused else { return nil }
        let next =
            switch plan.schedule {
            case .interval(let seconds): last.addingTimeInterval(seconds)
            case .cron(let schedule): schedule.next(after: last) ?? .distantFuture
            }
        guard now > next.addingTimeInterval(patience) else { return nil }
        return "The newest backups are \(age) old, and new ones were due at \(TimeText.iso(next))"
    }

    /// Why nobody knows any more whether the backups can be read.
    private static func stale(_ plan: Plan, _ record: PlanRecord, now: Date) -> String? {
        guard let verification = plan.verification, record.lastSuccess != nil else { return nil }
        let depth = verification.depth.rawValue
        guard let last = record.lastVerified else {
            // The first round verifies, after its backups.
            return record.process == nil ? "No backup was ever verified and found sound (\(depth))" : nil
        }
        // Only a round verifies: there may be one interval more.
        let spare = plan.schedule.latest(from: now).timeIntervalSince(now) + patience
        guard now.timeIntervalSince(last) > verification.period + spare else { return nil }
        let period = IntervalText.words(verification.period)
        return "Backups were last verified and found sound at \(TimeText.iso(last)), and should be every \(period)"
    }
}
