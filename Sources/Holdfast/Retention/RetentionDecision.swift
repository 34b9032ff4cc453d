// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

package import Foundation

/// What retention needs to know of a backup.
package struct RetentionCandidate: Equatable, Sendable {
    /// What the backup is good for.
    package enum State: Equatable, Sendable {
        /// Complete, as far as it says and can be read.
        case good
        /// It says itself that something is missing.
        case incomplete
        /// Nobody knows, and why: it stays, and counts for nothing.
        case unknown(String)
    }

    /// The archive's file name, which no other backup has.
    package var file: String
    package var name: String
    /// The moment it shows, UTC.
    package var time: Date
    package var state: State
    /// Copies of the vault that have it.
    package var copies: [String]
    package var tags: [String]
    /// Objects that the bucket listed; `nil` when nobody knows.
    package var listedCount: Int?
    /// Whether it was made of an earlier backup, to take its place.
    package var isSynthetic = false

    package init(
        file: String, name: String, time: Date, state: State = .good, copies: [String] = [], tags: [String] = [],
        listedCount: Int? = nil
    ) {
        self.file = file
        self.name = name
        self.time = time
        self.state = state
        self.copies = copies
        self.tags = tags
        self.listedCount = listedCount
    }

    init(_ summary: BackupSummary) {
        let state: State =
            if let problem = summary.problem {
                .unknown(problem)
            } else {
                switch summary.complete {
                case true: .good
                case false: .incomplete
                default: .unknown("it does not say whether it is complete")
                }
            }
        self.init(
            file: summary.file, name: summary.name, time: summary.time, state: state, copies: summary.copies,
            tags: summary.tags, listedCount: summary.listedCount)
        isSynthetic = summary.syntheticOf != nil
    }
}

/// Whether a backup stays, and why.
package struct RetentionDecision: Codable, Equatable, Sendable {
    package var name: String
    package var file: String
    /// The moment it shows, UTC.
    package var time: Date
    package var kept: Bool
    /// Why it stays, or why it goes, each in a few words.
    package var reasons: [String]
}
