// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Holdfast

extension PruneReport {
    /// A table for each bucket, then what was done.
    var lines: [String] {
        var lines: [String] = []
        for bucket in buckets {
            lines += bucket.lines(isDryRun: isDryRun)
            lines.append("")
        }
        if buckets.isEmpty { lines.append("There is no backup that a policy is for.") }
        for archive in leftAlone { lines.append("Left alone: \(archive.file): \(archive.reason ?? "")") }
        if isDryRun {
            lines.append("Nothing was changed: this was a dry run.")
        } else {
            lines += freed.map { space in
                "Freed \(AmountText.bytes(space.bytes)) in \(space.copy): \(AmountText.count(space.archives, "archive"))."
            }
        }
        for archive in waiting {
            let needed = archive.neededBy.prefix(3).joined(separator: ", ")
            let more = archive.neededBy.count > 3 ? " and \(archive.neededBy.count - 3) more" : ""
            let why = archive.reason ?? "\(needed)\(more) \(archive.neededBy.count == 1 ? "needs" : "need") its bytes"
            lines.append("Hidden, and stays for now: \(archive.file): \(why).")
        }
        lines += leftovers.map { "Removed what a dead run left: \($0)." }
        lines += failed.map { "NOT DONE in \($0.label): \($0.problem)" }
        return lines
    }

    /// 3 when a source looks lost, or a copy did not do its part.
    var status: ExitStatus { complete ? .complete : .exceptions }

    /// The report with its verdict, for programs.
    var document: ReportDocument<PruneReport> { ReportDocument(report: self, facts: ["complete": complete]) }
}

extension PruneReport.Bucket {
    fileprivate func lines(isDryRun: Bool) -> [String] {
        let part = selection.isEverything ? "" : ", \(selection.words)"
        let place = (source.map { " at \($0)" } ?? "") + part
        let goes = decisions.count { !$0.kept }
        let verb = isDryRun ? "would be removed" : "removed"
        var table = Table([("NAME", .left), ("CREATED (UTC)", .left), ("STATE", .left), ("WHY", .left)])
        for decision in decisions {
            table.add([
                decision.name, AmountText.time(decision.time), decision.kept ? "kept" : verb,
                decision.reasons.joined(separator: "; "),
            ])
        }
        var lines = [
            "\(bucket)\(place): \(AmountText.count(decisions.count, "backup")), \(decisions.count - goes) kept, \(goes) \(verb)."
        ]
        lines += table.lines
        guard let loss else { return lines }
        let fall =
            "It listed \(AmountText.count(loss.beforeCount, "object")) in \(loss.before) and \(AmountText.count(loss.newestCount)) in \(loss.newest)."
        if lossAccepted {
            lines.append("The loss was accepted: \(fall)")
        } else {
            lines.append("THE SOURCE LOOKS LOST, so nothing of it goes. \(fall)")
            lines.append("  → Look at the bucket. If it is meant to be like that, say --accept-loss once.")
        }
        return lines
    }
}
