// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

/// What a prune did, or would do.
package struct PruneReport: Codable, Sendable {
    /// The backups of one bucket.
    package struct Bucket: Codable, Sendable {
        package var bucket: String
        /// The server; `nil` when the backups do not say.
        package var source: String?
        /// The globs of the keys that they were to hold, and of those that they were not; absent for the whole bucket.
        package var include: [String]?
        package var exclude: [String]?
        /// What they were to hold of these keys; absent when all of it.
        package var filter: ObjectFilter?
        /// Oldest first.
        package var decisions: [RetentionDecision]
        /// Why nothing of this bucket went, or what was accepted.
        package var loss: SourceLoss?
        package var lossAccepted = false

        /// Which keys of the bucket they are backups of.
        package var selection: KeySelection {
            KeySelection(includes: include ?? [], excludes: exclude ?? [], filter: filter ?? ObjectFilter()).canonical
        }
    }

    /// Whether nothing was to be changed.
    package var isDryRun: Bool
    package var buckets: [Bucket] = []
    /// Backups that are left alone, and why: of no known bucket, or of one without a policy.
    package var leftAlone: [WaitingArchive] = []
    /// Archives that are gone.
    package var removed: [RemovedArchive] = []
    /// Archives of removed backups that stay for now.
    package var waiting: [WaitingArchive] = []
    /// What became free in each copy.
    package var freed: [FreedSpace] = []
    /// Copies in which something could not be done.
    package var failed: [CopyProblem] = []
    /// Partial files and uploads of dead runs that were removed, by copy and name.
    package var leftovers: [String] = []

    /// Whether expiry was stopped anywhere because a source looks lost.
    package var hasLoss: Bool { buckets.contains { $0.loss != nil && !$0.lossAccepted } }

    /// Whether everything was done that the policies want.
    package var complete: Bool { failed.isEmpty && !hasLoss }
}
