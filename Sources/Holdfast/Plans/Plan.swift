// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

package import Foundation

/// What to protect, when, for how long to keep it, and what it is measured by.
package struct Plan: Sendable {
    /// How often backups are read back, and how far.
    package struct Verification: Codable, Equatable, Sendable {
        package var depth: VerifyDepth
        /// Seconds from one verification to the next.
        package var period: TimeInterval

        package init(depth: VerifyDepth, period: TimeInterval) {
            self.depth = depth
            self.period = period
        }
    }

    /// What the operator promised, in seconds; `nil` where nothing was promised.
    package struct Objectives: Codable, Equatable, Sendable {
        /// How much work may be lost at most (RPO).
        package var recoveryPoint: TimeInterval?
        /// How long recovery may take at most (RTO).
        package var recoveryTime: TimeInterval?

        package init(recoveryPoint: TimeInterval? = nil, recoveryTime: TimeInterval? = nil) {
            self.recoveryPoint = recoveryPoint
            self.recoveryTime = recoveryTime
        }
    }

    package let name: String
    /// One backup of each, one after the other, in this order.
    package let buckets: [String]
    package let schedule: PlanSchedule
    /// What is kept of each bucket; `nil` keeps everything.
    package var retention: RetentionPolicy?
    package var verification: Verification?
    package var objectives = Objectives()
    /// How its backups are made.
    package var options = BackupRun.Options()
    /// What the names of its backups begin with.
    package let namePrefix: String
    /// Whether the variables of the older system made it.
    package var isOfEnvironment = false

    /// The name of the plan that the variables of the older system make; its backups are named so too.
    package static let environmentName = "scheduled"

    /// - Parameter namePrefix: the plan's own name when `nil`.
    /// - Throws: ``HoldfastError`` `.invalidConfiguration` when the name cannot be part of a backup's name, or there is
    ///   no bucket, or one twice.
    package init(_ name: String, buckets: [String], schedule: PlanSchedule, namePrefix: String? = nil) throws {
        func refuse(_ what: String) -> HoldfastError {
            HoldfastError(.invalidConfiguration, "The plan \(name.prefix(60)) \(what).")
        }
        guard (1...60).contains(name.utf8.count), (try? BackupName(name)) != nil else {
            throw HoldfastError(
                .invalidConfiguration, "“\(name.prefix(60))” is not a name for a plan.",
                hint: "Use 1 to 60 of the characters A-Z a-z 0-9 . _ - and begin with a letter, a digit or _.")
        }
        guard !buckets.isEmpty else { throw refuse("names no bucket") }
        for (index, bucket) in buckets.enumerated() where buckets[..<index].contains(bucket) {
            throw refuse("names the bucket \(bucket.prefix(63)) twice")
        }
        self.name = name
        self.buckets = buckets
        self.schedule = schedule
        self.namePrefix = namePrefix ?? name
        // Said now, and not at night.
        for bucket in buckets { _ = try backupName(of: bucket, at: Date(timeIntervalSince1970: 0)) }
    }

    /// `<prefix>_<bucket>_<YYYYMMDD_HHMMSS>`, UTC: one stamp for all buckets of a round.
    package func backupName(of bucket: String, at round: Date) throws -> BackupName {
        try BackupName.generated(prefix: namePrefix, bucket: bucket, at: round)
    }
}
