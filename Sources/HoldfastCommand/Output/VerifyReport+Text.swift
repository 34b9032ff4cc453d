// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Holdfast

extension VerifyReport {
    /// What was found, a paragraph for each copy.
    var lines: [String] {
        var lines: [String] = []
        for copy in copies {
            lines.append("\(file) in \(copy.copy): \(copy.verdict); \(copy.seen)")
            if let reason = copy.unopened { lines.append("  What is inside was not looked at: \(reason)") }
            lines += copy.problems.prefix(10).map { "  \($0)" }
            let left = copy.problemCount - min(10, copy.problems.count)
            if left > 0 { lines.append("  … and \(AmountText.count(left, "problem")) more") }
            if let proofs = copy.proofs { lines.append("  Known of this copy: \(proofs.words)") }
            if let retention = copy.retention { lines.append("  This copy is \(retention.words)") }
            if copy.objectsWithoutChecksum > 0 {
                lines.append(
                    "  \(AmountText.count(copy.objectsWithoutChecksum, "object")) came without a checksum: they can be read, and nothing tells whether they are what they were."
                )
            }
        }
        lines += missing.map { "\(file) MISSING in \($0.label): \($0.problem)" }
        if let sample {
            lines.append("  The objects were drawn at random; --seed \(sample.seed) draws the same ones again.")
        }
        if copies.isEmpty { lines.append("\(file) could be read in no copy.") }
        return lines
    }

    /// 6 when a copy is damaged or missing, 7 when one could not be opened.
    var status: ExitStatus { isSound ? (isUnopened ? .wrongKey : .complete) : .corrupt }

    /// The report with its verdict, for programs.
    var document: ReportDocument<VerifyReport> { ReportDocument(report: self, facts: ["sound": isSound]) }
}

extension CopyVerification {
    fileprivate var verdict: String {
        guard isSound else { return "NOT SOUND" }
        if objectsInBackup != nil { return "nothing wrong in what was read" }
        return unopened == nil ? "sound" : "NOT OPENED, nothing wrong from outside"
    }

    /// The part of the contents that was read, in numbers.
    private func share(_ objects: Int, _ bytes: Int64) -> String {
        func part(_ part: Int64, _ whole: Int64) -> String {
            AmountText.percent(part, of: whole).map { " (\($0))" } ?? ""
        }
        return "index, catalog and metadata, and \(AmountText.count(objectsRead)) of "
            + AmountText.count(objects, "object") + part(Int64(objectsRead), Int64(objects))
            + ", \(AmountText.bytes(bytesRead)) of \(AmountText.bytes(bytes))" + part(bytesRead, bytes)
    }

    /// What was looked at; only what was counted, and nothing of what was found.
    fileprivate var seen: String {
        if depth == .seal {
            return bytesRead > 0
                ? "\(AmountText.bytes(bytesRead)) of sealed bytes were read" : "its header and length were looked at"
        }
        if let objectsInBackup, let bytesInBackup { return share(objectsInBackup, bytesInBackup) }
        guard bytesRead > 0 || framesRead > 0 || objectsRead > 0 else {
            return "its index, catalog and metadata were looked at and no contents"
        }
        let read = AmountText.bytes(bytesRead)
        let frames = AmountText.count(framesRead, "frame")
        let objects = AmountText.count(objectsRead, "object")
        if framesRead == 0 { return "\(objects) (\(read)) were read from end to end, without an index" }
        if depth < .contents { return "\(frames) (\(read)) were read" }
        let others =
            objectsReadBefore == 0
            ? "" : "; \(AmountText.count(objectsReadBefore, "object")) of earlier archives had been read just before"
        let parts =
            objectsReadInPart == 0
            ? "" : "; of \(AmountText.count(objectsReadInPart, "object")) some chunks had been read just before"
        return "\(frames), and then \(objects) out of them, were read (\(read) in all)\(others)\(parts)"
    }
}
