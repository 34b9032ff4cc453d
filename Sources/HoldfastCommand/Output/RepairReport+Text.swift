// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Holdfast

extension RepairReport {
    /// What was found and done, archive by archive, and what is lost.
    var lines: [String] {
        var lines: [String] = []
        var soundCount = 0
        for archive in archives {
            if archive.problem == nil, archive.copies.allSatisfy({ $0.found == .sound }) {
                soundCount += 1
                continue
            }
            lines += archive.copies.map { "\(archive.file) in \($0.copy): \($0.words(dryRun: dryRun))" }
            if let problem = archive.problem { lines.append("\(archive.file) NOT REPAIRED: \(problem)") }
        }
        if soundCount > 0 { lines.append("\(AmountText.count(soundCount, "archive")) sound in every copy.") }
        lines += unexamined.map { "LOST in \($0.label): \($0.problem)" }
        lines += lost.prefix(20).map { object in
            let version = object.version.map { " version \($0)" } ?? ""
            return "LOST in \(object.backup): \(object.key)\(version), whose bytes were in \(object.archive)"
        }
        if lostCount > min(lost.count, 20) {
            lines.append(
                "… and \(AmountText.count(lostCount - min(lost.count, 20), "lost object")) more (--json names the first 1,000)"
            )
        }
        return lines.isEmpty ? ["There are no backups to repair."] : lines
    }

    var status: ExitStatus {
        let copies = archives.flatMap(\.copies)
        if lostCount > 0 || !unexamined.isEmpty { return .corrupt }
        if archives.contains(where: { $0.problem != nil && !$0.isBusy && $0.isKnown }) { return .corrupt }
        if copies.contains(where: { $0.found == .unopened }) { return .wrongKey }
        if copies.contains(where: { $0.found == .unreadable || $0.outcome == .failed }) { return .exceptions }
        return archives.contains(where: \.isBusy) ? .conflict : .complete
    }
}

extension RepairReport.Archive {
    /// Whether its bytes were looked at: of what was not, nothing bad is known.
    fileprivate var isKnown: Bool { copies.contains { [.sound, .damaged, .missing].contains($0.found) } && !isClosed }

    private var isClosed: Bool { copies.contains { $0.found == .unopened } }
}

extension RepairReport.Copy {
    fileprivate func words(dryRun: Bool) -> String {
        let from = source.map { " from \($0)" } ?? ""
        let was = dryRun ? "would be" : "was"
        let deed: String? =
            switch outcome {
            case .untouched: nil
            case .filled: "\(was) filled\(from)"
            case .replaced: "\(was) replaced\(from)"
            case .rebuilt: "\(was) given its index and catalog again\(from)"
            case .improved: "\(was) given what is left\(from)"
            case .failed: "NOT REPAIRED"
            }
        let state: String =
            switch found {
            case .sound: "sound"
            case .missing: "missing"
            case .damaged: "damaged"
            case .unreadable: "NOT READABLE"
            case .unopened: "NOT OPENED"
            }
        let what =
            deed.map { "\(state), \($0)" }
            ?? (found == .damaged || found == .missing ? "\(state), NOT REPAIRED" : state)
        return what + (problem.map { " (\($0))" } ?? "")
    }
}
