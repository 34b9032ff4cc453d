// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Holdfast

extension RestoreReport {
    /// What the restore did or would do, in plain words.
    func lines(_ policy: OverwritePolicy) -> [String] {
        let place = "\(bucket) at \(target)"
        var lines = [
            dryRun ? "Would restore \(name) into \(place). Nothing was written." : "Restored \(name) into \(place)."
        ]
        if bucketCreated { lines.append("  bucket   \(dryRun ? "would be made" : "was made")") }
        let replaced =
            overwrittenCount > 0 ? ", of which \(AmountText.count(overwrittenCount)) over an object that was there" : ""
        let (one, many) = allVersions ? ("version or marker", "versions and markers") : ("object", "objects")
        lines.append(
            "  \(dryRun ? "to write" : "written ") \(AmountText.count(restoredCount, one, many)), "
                + "\(AmountText.bytes(restoredBytes))\(replaced)")
        if allVersions { lines.append("           their ids and times are new: S3 gives both when it writes") }
        if !dryRun { lines.append("  time     \(AmountText.pace(restoredCount, restoredBytes, seconds: seconds))") }
        if lockedCount > 0 { lines.append("  locks    \(lockText)") }
        lines += configurationLines
        if skippedCount > 0 { lines += skippedLines(policy) }
        if exceptionCount > 0 {
            let verb = dryRun ? "could not be restored" : "not restored"
            lines.append("NOT COMPLETE: \(AmountText.count(exceptionCount, "object")) \(verb).")
            lines += ExceptionText.lines(
                exceptions, count: exceptionCount, rest: "--json names the first 100.")
        }
        if missingFromBackup > 0 {
            lines.append(
                "NOT COMPLETE: the backup itself lacks \(AmountText.count(missingFromBackup, "object")); "
                    + "holdfast show \(name) --exceptions lists them.")
        }
        if archiveIsBroken {
            lines.append("NOT COMPLETE: the archive is broken, and what could not be read of it was not restored.")
        }
        if complete, !dryRun { lines.append(verdict) }
        return lines + warnings.map { "Warning: \($0)" }
    }

    private var lockText: String {
        let objects = AmountText.count(lockedCount, "object was", "objects were")
        let what =
            switch locks {
            case .drop: "not brought back (--locks keep, shift or governance does)"
            case .keep: "\(dryRun ? "would come" : "came") back as it was, where its date is not over"
            case .shift: "\(dryRun ? "would come" : "came") back, as long from now as it was from the backup"
            case .governance: "\(dryRun ? "would come" : "came") back in governance mode, where its date is not over"
            }
        return "\(objects) under a retention or legal hold, which \(locks == .drop ? "was " : "")\(what)"
    }

    private var configurationLines: [String] {
        configuration.map { outcome in
            let state =
                switch outcome.state {
                case .restored: dryRun ? "would be set" : "set"
                case .same: "the same already"
                case .failed: "NOT SET"
                case .notInBackup: "NOT IN THE BACKUP"
                }
            return "  setting  \(outcome.document): \(state)\(outcome.message.map { " (\($0))" } ?? "")"
        }
    }

    private var verdict: String {
        if selectedCount == 0 { return "Nothing to do: no object of the backup is what was asked for, or it has none." }
        return skippedCount == 0
            ? "Complete: every object that was asked for is in the bucket."
            : "Complete: every object that was asked for was written, or left as it was."
    }

    private func skippedLines(_ policy: OverwritePolicy) -> [String] {
        var lines = [
            "  left     \(AmountText.count(skippedCount, "object")) as they were (--overwrite \(policy.rawValue)):"
        ]
        lines += skipped.prefix(5).map { "             \($0)" }
        let left = skippedCount - min(5, skipped.count)
        if left > 0 { lines.append("             … and \(AmountText.count(left)) more") }
        return lines
    }

    /// 3 when an object that was asked for is not there; 4 when nothing in the backup is what was asked for.
    func status(_ selection: KeySelection) -> ExitStatus {
        guard complete else { return .exceptions }
        let isSelective = !selection.prefix.isEmpty || !selection.includes.isEmpty || !selection.excludes.isEmpty
        return selectedCount == 0 && isSelective ? .notFound : .complete
    }
}
