// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Catalog
import Holdfast

extension PlanStatus {
    /// The table of `holdfast plan list`.
    static func table(of plans: [PlanStatus]) -> [String] {
        guard !plans.isEmpty else {
            return ["There is no plan. Write plans: into holdfast.yaml, or set MINIO_BACKUP_BUCKETS."]
        }
        var table = Table([
            ("NAME", .left), ("BUCKETS", .left), ("WHEN", .left), ("NEXT (UTC)", .left), ("LAST SUCCESS (UTC)", .left),
            ("STATE", .left),
        ])
        for plan in plans {
            table.add([
                plan.name, plan.buckets.joined(separator: ","), plan.schedule, plan.nextText,
                plan.lastSuccess.map(AmountText.time) ?? "never", plan.stateText,
            ])
        }
        return table.lines
    }

    private var nextText: String {
        if paused { return "paused" }
        if running { return "now" }
        guard let due else { return "at once" }
        return AmountText.time(min(due, retry ?? due))
    }

    private var stateText: String {
        guard let lastState else { return running ? "running" : "not run yet" }
        return running ? "running, last \(lastState.rawValue)" : lastState.rawValue
    }

    /// What `holdfast plan show` says.
    var lines: [String] {
        var lines = [
            "Plan          \(name)", "Buckets       \(buckets.joined(separator: ", "))", "When          \(schedule)",
            "Next          \(nextText)", "Last begun    \(lastBegun.map(AmountText.time) ?? "never")",
            "Last success  \(lastSuccess.map(AmountText.time) ?? "never")", "State         \(stateText)",
        ]
        if let lastMessage { lines.append("Why           \(lastMessage)") }
        if !remaining.isEmpty { lines.append("Without       \(remaining.joined(separator: ", "))") }
        lines.append("Retention     \(keepsEverything ? "keeps everything" : "by the plan's rules")")
        if let verification {
            let last = lastVerified.map { "last sound \(AmountText.time($0))" } ?? "not verified yet"
            lines.append(
                "Verification  \(verification.depth.rawValue) every \(IntervalText.words(verification.period)), \(last)"
            )
        }
        if let limit = objectives.recoveryPoint {
            let met = recoveryPointMet == true ? "met" : "NOT MET"
            lines.append("RPO           \(IntervalText.words(limit)), \(met)")
        }
        if let limit = objectives.recoveryTime { lines.append("RTO           \(IntervalText.words(limit))") }
        return lines
    }
}

extension PlanReport {
    /// A line for each thing that was done, and when it goes on.
    var lines: [String] {
        var lines = steps.map { step in
            let what = step.backup.map { "\(step.subject) as \($0)" } ?? step.subject
            let why = step.message.map { ": \($0)" } ?? ""
            return "\(step.kind.rawValue) of \(what): \(step.state.rawValue)\(why)"
        }
        if !remaining.isEmpty {
            let again = retry.map { ", tried again at \(AmountText.time($0)) UTC by the service" } ?? ""
            lines.append("WITHOUT A BACKUP of this round: \(remaining.joined(separator: ", "))\(again).")
        }
        if let due { lines.append("The next round is due at \(AmountText.time(due)) UTC.") }
        return lines
    }

    var status: ExitStatus {
        switch state {
        case .complete: .complete
        case .exceptions: .exceptions
        case .running, .failed: .failed
        case .cancelled, .interrupted: .interrupted
        }
    }
}
