// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

package import Catalog
package import Foundation

/// What one attempt at a round of a plan did.
package struct PlanReport: Codable, Sendable {
    /// One operation of it.
    package struct Step: Codable, Equatable, Sendable {
        package var kind: RunKind
        /// The bucket, or the backup that was verified.
        package var subject: String
        /// The name of the backup that was made.
        package var backup: String?
        package var state: RunState
        /// Why it is not complete.
        package var message: String?
    }

    package var plan: String
    /// When the round was begun, UTC: its backups are named after it.
    package var round: Date
    package var steps: [Step] = []
    /// Buckets that have no backup of this round yet.
    package var remaining: [String]
    /// Whether retention was applied.
    package var isPruned = false
    /// Whether all of its backups were read back and found sound.
    package var isVerified = false
    package var state = RunState.running
    /// When the remaining ones are tried again, UTC.
    package var retry: Date?
    /// When the next round is due, UTC.
    package var due: Date?

    package init(plan: String, round: Date, remaining: [String]) {
        self.plan = plan
        self.round = round
        self.remaining = remaining
    }

    /// Why it is not complete; `nil` when it is.
    package var message: String? {
        let texts = steps.compactMap { step in step.message.map { "\(step.kind) of \(step.subject): \($0)" } }
        return texts.isEmpty ? nil : texts.joined(separator: "; ")
    }

    /// What the steps come to. A plan has done its work when each bucket has its backup: what then failed is an
    /// exception, and is done again with the next round.
    mutating func conclude() {
        let states = Set(steps.map(\.state))
        if states.contains(.interrupted) {
            state = .interrupted
        } else if states.contains(.cancelled) {
            state = .cancelled
        } else if !remaining.isEmpty {
            state = .failed
        } else {
            state = states.isSubset(of: [.complete]) ? .complete : .exceptions
        }
    }
}
