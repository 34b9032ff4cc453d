// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

package import FoundationEssentials

/// What is remembered of a plan from one round to the next. All times are UTC.
package struct PlanRecord: Codable, Equatable, Sendable {
    package let name: String
    /// Whether nothing of it is begun until somebody says otherwise.
    package var paused = false
    /// When its next round is to begin; `nil` before the first one.
    package var due: Date?
    /// When the rest of its last round is tried again.
    package var retry: Date?
    /// How often the last round has failed.
    package var attempts = 0
    /// When the last round was first begun: its backups are named after it.
    package var round: Date?
    /// Buckets of the last round that have no backup yet.
    package var remaining: [String] = []
    /// The id of the process that is at work on it.
    package var process: Int32?
    /// When somebody last began to work on it.
    package var lastBegun: Date?
    /// When the newest round was begun in which every bucket got its backup, be it with exceptions.
    package var lastSuccess: Date?
    /// When the last attempt was begun whose backups were all verified and found sound.
    package var lastVerified: Date?
    /// When the last attempt was begun after which retention was applied.
    package var lastPruned: Date?
    /// What became of the last round, or of its last attempt.
    package var lastState: RunState?
    /// Why it was not complete.
    package var lastMessage: String?

    package init(name: String) {
        self.name = name
    }
}
