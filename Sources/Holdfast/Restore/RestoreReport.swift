// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

package import Foundation

/// What a restore did, or would do.
package struct RestoreReport: Codable, Sendable {
    package var name: String
    package var target: String
    package var bucket: String
    package var dryRun: Bool
    package var bucketCreated = false
    /// Whether it was made with Object Lock, so that its versioning cannot be suspended.
    package var createdWithLock = false
    /// Whether older versions and delete markers were wanted too; then each counts as an object here.
    package var allVersions = false
    package var started: Date
    package var seconds: Double = 0
    /// Objects of the backup that were wanted.
    package var selectedCount = 0
    /// Objects written (in a dry run: that would be written), and their bytes.
    package var restoredCount = 0
    package var restoredBytes: Int64 = 0
    /// Of these, how many replaced an object of the target.
    package var overwrittenCount = 0
    /// Objects written that were under a retention or a legal hold.
    package var lockedCount = 0
    /// Objects that were encrypted with a customer's key (SSE-C) and are written without, since no key fits them.
    package var withoutKeyCount = 0
    /// What was done with these.
    package var locks = LockPolicy.drop
    /// What became of the bucket's own settings; empty when they were not asked for.
    package var configuration: [ConfigurationOutcome] = []
    /// Objects left as they were because of the overwrite policy; the first 100 by key.
    package var skippedCount = 0
    package var skipped: [String] = []
    /// Objects that could not be restored, or not be held by the target; the first 100.
    package var exceptionCount = 0
    package var exceptions: [ExceptionReport] = []
    /// Objects that the backup itself lacks: its own exceptions.
    package var missingFromBackup = 0
    /// Whether the archive held more than could be read of it; the warnings say what is wrong.
    package var archiveIsBroken = false
    package var warnings: [String] = []

    /// Whether every wanted object is in the target now, as it was or as it is allowed to stay.
    package var complete: Bool {
        exceptionCount == 0 && missingFromBackup == 0 && !archiveIsBroken
            && configuration.allSatisfy { $0.state == .restored || $0.state == .same }
    }

    mutating func skip(_ key: String) {
        skippedCount += 1
        if skipped.count < 100 { skipped.append(key) }
    }

    mutating func except(_ exception: ExceptionReport) {
        exceptionCount += 1
        if exceptions.count < 100 { exceptions.append(exception) }
    }
}
