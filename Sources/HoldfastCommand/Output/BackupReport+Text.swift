// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Holdfast

extension BackupReport {
    /// What the backup did, in plain words.
    var lines: [String] {
        var lines = [
            syntheticOf.map { "Made \(name) of \($0), a backup of \(bucket) at \(source), which was not asked." }
                ?? "Backed up \(bucket) at \(source) as \(name)."
        ]
        let (one, many) = includesVersions ? ("version or marker", "versions and markers") : ("object", "objects")
        let counted =
            storedCount == listedCount
            ? AmountText.count(storedCount, one, many)
            : "\(AmountText.count(storedCount)) of \(AmountText.count(listedCount, one, many))"
        lines.append("  objects  \(counted), \(AmountText.bytes(totalBytes))")
        if !selection.isEverything { lines.append("  keys     part of the bucket: \(selection.words)") }
        if includesVersions {
            let older = AmountText.count(olderVersionCount, "older version")
            lines.append("           \(older) and \(AmountText.count(deleteMarkerCount, "delete marker")) among them")
        }
        if let resumed {
            let count = AmountText.count(resumed.objectCount, "object")
            lines.append(
                "  resumed  begun \(AmountText.time(resumed.begun)) UTC and interrupted; \(count) of it, \(AmountText.bytes(resumed.bytes)), not fetched again"
            )
        }
        if let cut { lines.append("  cut      \(AmountText.time(cut)) UTC") }
        if !dependsOn.isEmpty {
            let places = AmountText.count(dependsOn.count, "earlier archive")
            let unchanged = "  of these \(AmountText.count(unchangedCount)) are unchanged"
            // Of a delta some may be needed for their catalogs alone.
            lines.append(
                deltaRows == nil ? "\(unchanged) and lie in \(places)" : "\(unchanged); the backup needs \(places)")
        }
        if sharedCount > 0 {
            let bytes = AmountText.bytes(sharedBytes)
            lines.append(
                "  of these \(AmountText.count(sharedCount)) share \(bytes) with others or with earlier backups, stored once"
            )
        }
        if !folded.isEmpty {
            lines.append("  folded   \(AmountText.count(folded.count, "earlier archive")), of which little was in use")
        }
        let share = AmountText.percent(archiveBytes, of: totalBytes).map { " (\($0) of the objects' bytes)" } ?? ""
        lines.append("  archive  \(file), \(AmountText.bytes(archiveBytes))\(share)")
        // The pace of this run, which an interrupted one had made a part of.
        let (count, bytes) = (storedCount - (resumed?.objectCount ?? 0), totalBytes - (resumed?.bytes ?? 0))
        lines.append("  time     \(AmountText.pace(count, bytes, seconds: seconds))")
        for (index, copy) in copies.enumerated() { lines.append("  \(index == 0 ? "copies " : "       ")  \(copy)") }
        lines += retention.map { "  locked   in \($0.copy): \($0.words)" }
        if !archiveSHA256.isEmpty { lines.append("  sha256   \(archiveSHA256)") }
        if let sealedTo { lines.append("  sealed   to \(sealedTo.joined(separator: ", "))") }
        if changedCount > 0 {
            lines.append("  \(AmountText.count(changedCount, "object")) changed meanwhile and were read again.")
        }
        lines += verdict
        for copy in degraded { lines.append("DEGRADED: \(copy.label) does not have it: \(copy.problem)") }
        lines += warnings.map { "Warning: \($0)" }
        return lines
    }

    private var verdict: [String] {
        guard !complete else {
            return [
                selection.isEverything
                    ? "Complete: every object that the bucket listed is in it."
                    : "Complete for part of the bucket: every object that the bucket listed and that was asked for is in it."
            ]
        }
        let lines =
            [
                "NOT COMPLETE: \(AmountText.count(exceptionCount, "object is", "objects are")) not in it as they are."
            ] + deferred
        return lines
            + ExceptionText.lines(
                exceptions, count: exceptionCount, rest: "holdfast show \(name) --exceptions lists all.")
    }

    private var deferred: [String] {
        guard deferredCount > 0 else { return [] }
        let those = deferredCount == exceptionCount ? "All of them" : AmountText.count(deferredCount) + " of them"
        return ["\(those) deferred: in an archive tier. Restored there, they are in the next backup."]
    }

    /// 3 when an object or a copy is missing.
    var status: ExitStatus { complete && degraded.isEmpty ? .complete : .exceptions }
}

/// Objects that something went wrong with, the first of them by name.
enum ExceptionText {
    /// As many as fit a screen beside the rest of a report.
    private static let shown = 10

    /// The first lines of a list, and how to see the rest.
    static func lines(_ exceptions: [ExceptionReport], count: Int, rest: String?) -> [String] {
        var lines = exceptions.prefix(shown).map { exception in
            "  \(exception.key)\(exception.version.map { " version \($0)" } ?? ""): \(exception.message) (\(exception.reason))"
        }
        let left = count - lines.count
        if left > 0 {
            lines.append("  … and \(AmountText.count(left)) more." + (rest.map { " \($0)" } ?? ""))
        }
        return lines
    }
}
