// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Holdfast

/// The steps of a rollback on standard output, as they are taken or planned.
struct RollbackList {
    private let isQuiet: Bool
    private var page: OutputPage
    private var document: JSONListDocument?

    init(_ session: Session) async throws {
        isQuiet = session.display.quiet
        page = session.output.page()
        if session.isJSON { document = try await JSONListDocument(session.output, list: "steps") }
    }

    /// Waits on its thread while nobody reads; the rollback waits with it.
    mutating func add(_ step: RollbackStep) throws {
        if document != nil {
            try document?.addBlocking(step)
        } else if !isQuiet {
            try page.addBlocking(Self.line(step))
        }
    }

    /// Ends the list with its sums, and says what the command ends with.
    mutating func finish(_ report: RollbackReport) async throws -> ExitStatus {
        if document != nil {
            try await document?.finish([
                "brought_back_count": report.broughtBackCount, "removed_count": report.removedCount,
                "unchanged_count": report.unchangedCount, "exception_count": report.exceptionCount,
            ])
        } else {
            if !isQuiet || !report.complete { for line in Self.lines(report) { try await page.add(line) } }
            try await page.flush()
        }
        return report.complete ? .complete : .exceptions
    }

    static func line(_ step: RollbackStep) -> String {
        switch step.kind {
        case .removed: return "- \(step.key)"
        case .broughtBack:
            let time = step.modified.map { " of \(AmountText.time($0))" } ?? ""
            return "< \(step.key)  \(AmountText.bytes(step.size ?? 0)), version \(step.version ?? "null")\(time)"
        }
    }

    static func lines(_ report: RollbackReport) -> [String] {
        let place = "\(report.bucket) at \(report.source)"
        let time = "\(AmountText.time(report.moment)) UTC"
        var lines = [
            report.planOnly
                ? "To roll \(place) back to \(time); nothing was written (--yes carries it out):"
                : "Rolled \(place) back to \(time):"
        ]
        let written = AmountText.count(report.broughtBackCount, "older version")
        lines.append("  \(written) on top, \(AmountText.bytes(report.broughtBackBytes))")
        lines.append("  \(AmountText.count(report.removedCount, "delete marker"))")
        lines.append("  \(AmountText.count(report.unchangedCount, "key")) as they were")
        if report.exceptionCount > 0 {
            lines.append(
                "NOT COMPLETE: \(AmountText.count(report.exceptionCount, "key is", "keys are")) not as they were.")
            lines += ExceptionText.lines(report.exceptions, count: report.exceptionCount, rest: nil)
        }
        return lines
    }
}
