// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Holdfast

extension BackupSummary {
    /// The table of `holdfast backups`.
    static func table(of backups: [BackupSummary]) -> [String] {
        var table = Table([
            ("NAME", .left), ("BUCKET", .left), ("TIME (UTC)", .left), ("OBJECTS", .right), ("BYTES", .right),
            ("ARCHIVE", .right), ("COPIES", .right), ("PROVEN", .left), ("STATE", .left),
        ])
        for backup in backups {
            table.add([
                backup.name, backup.bucket ?? "?", AmountText.time(backup.time),
                backup.objectCount.map { AmountText.count($0) } ?? "?",
                backup.totalBytes.map { AmountText.bytes($0) } ?? "?", AmountText.bytes(backup.archiveBytes),
                "\(backup.copies.count)/\(backup.copies.count + backup.missingCopies.count)", provenText(backup),
                backup.state,
            ])
        }
        return table.lines
    }

    /// The furthest stage that the weakest of the copies has reached, and the day.
    private static func provenText(_ backup: BackupSummary) -> String {
        if let unsound = backup.proofs.compactMap(\.unsound).max() { return "NOT SOUND \(AmountText.day(unsound))" }
        let reached = backup.proofs.compactMap { proofs in
            proofs.strongest.flatMap { stage in proofs[stage].map { (stage: stage, date: $0) } }
        }
        // Of a copy that another host wrote, nothing is known here.
        guard reached.count == backup.copies.count,
            let weakest = reached.min(by: { ($0.stage, $0.date) < ($1.stage, $1.date) })
        else { return "not known" }
        return "\(weakest.stage.words) \(AmountText.day(weakest.date))"
    }

    /// What is to be known of it, the worst first.
    private var state: String {
        var parts: [String] = []
        if let problem { parts.append("PROBLEM: \(problem)") }
        switch complete {
        case true: if parts.isEmpty { parts.append("complete") }
        case false:
            parts.append("NOT COMPLETE" + (exceptionCount.map { ": \(AmountText.count($0, "exception"))" } ?? ""))
        default: if parts.isEmpty { parts.append(sealed ? "no identity given" : "does not say") }
        }
        if !selection.isEverything { parts.append("part of the bucket: \(selection.words)") }
        if let locked = retention.summary { parts.append(locked) }
        if sealed { parts.append("sealed") }
        if !tags.isEmpty { parts.append("tagged \(tags.joined(separator: ", "))") }
        if !missingCopies.isEmpty { parts.append("missing in \(missingCopies.joined(separator: " and "))") }
        return parts.joined(separator: "; ")
    }
}
