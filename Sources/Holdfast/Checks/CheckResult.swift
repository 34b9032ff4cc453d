// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

/// One line of `holdfast check`.
package struct CheckResult: Codable, Sendable {
    package enum Verdict: String, Codable, Sendable {
        case good
        /// Works, and something should be known about it.
        case warning
        case bad
        /// Could not be tried because something before it is bad.
        case untried
    }

    /// What was tried, in a few words.
    package let subject: String
    package let verdict: Verdict
    /// What was seen.
    package let finding: String
    /// What to do; `nil` when there is nothing to do.
    package let fix: String?

    package init(_ subject: String, _ verdict: Verdict, _ finding: String, fix: String? = nil) {
        self.subject = subject
        self.verdict = verdict
        self.finding = finding
        self.fix = fix
    }
}
