// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Holdfast

/// The differences of two states of a bucket on standard output, as they are found.
struct DifferenceList {
    private let isQuiet: Bool
    private var page: OutputPage
    private var document: JSONListDocument?
    private var counts: [Difference.Kind: Int] = [:]

    init(_ session: Session) async throws {
        isQuiet = session.display.quiet
        page = session.output.page()
        if session.isJSON { document = try await JSONListDocument(session.output, list: "differences") }
    }

    /// Waits on its thread while nobody reads; the comparison, which is all that goes on, waits with it.
    mutating func add(_ difference: Difference) throws {
        counts[difference.kind, default: 0] += 1
        if document != nil {
            try document?.addBlocking(difference)
        } else {
            try page.addBlocking(Self.line(difference))
        }
    }

    /// Ends the list with its sums, and says what the command ends with.
    mutating func finish(same: Int) async throws -> ExitStatus {
        let numbers = [
            "added_count": counts[.added, default: 0], "removed_count": counts[.removed, default: 0],
            "changed_count": counts[.changed, default: 0], "same_count": same,
        ]
        if document != nil {
            try await document?.finish(numbers)
        } else {
            if !isQuiet { try await page.add(summary(same: same)) }
            try await page.flush()
        }
        return counts.isEmpty ? .complete : .different
    }

    private func summary(same: Int) -> String {
        guard !counts.isEmpty else { return "No differences in \(AmountText.count(same, "object"))." }
        func count(_ kind: Difference.Kind) -> String { AmountText.count(counts[kind, default: 0]) }
        return
            "\(count(.added)) added, \(count(.removed)) removed, \(count(.changed)) changed, \(AmountText.count(same)) the same."
    }

    static func line(_ difference: Difference) -> String {
        func size(_ bytes: Int64?) -> String { bytes.map { AmountText.bytes($0) } ?? "?" }
        switch difference.kind {
        case .added: return "+ \(difference.key)  \(size(difference.sizeAfter))"
        case .removed: return "- \(difference.key)  \(size(difference.sizeBefore))"
        case .changed:
            let sizes =
                difference.sizeBefore == difference.sizeAfter
                ? size(difference.sizeAfter) : "\(size(difference.sizeBefore)) → \(size(difference.sizeAfter))"
            let parts = difference.parts.map { $0 == "etag" ? "perhaps content (uploaded in other parts)" : $0 }
            return "~ \(difference.key)  \(sizes), \(parts.joined(separator: " and "))"
        }
    }
}
