// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

package import Foundation

/// What is kept of a bucket's backups.
///
/// Each rule keeps some; a backup goes when no rule keeps it. See ``decide(_:now:)`` for what is never removed, whatever the
/// policy says.
package struct RetentionPolicy: Equatable, Sendable {
    /// The numbers of backups and of periods that are kept; 0 switches a rule off.
    package struct Counts: Equatable, Sendable {
        /// The newest ones, where a burst within one hour counts as one.
        package var last = 0
        /// Hours, days, weeks (ISO 8601), months and years that have a backup: the newest of each is kept.
        package var hourly = 0
        package var daily = 0
        package var weekly = 0
        package var monthly = 0
        package var yearly = 0

        package init() {}

        subscript(period: RetentionPeriod) -> Int {
            switch period {
            case .hourly: hourly
            case .daily: daily
            case .weekly: weekly
            case .monthly: monthly
            case .yearly: yearly
            }
        }

        fileprivate var all: [Int] { [last] + RetentionPeriod.allCases.map { self[$0] } }
    }

    package let counts: Counts
    /// Keeps all that are at most so much older than the newest good one.
    package let within: RetentionSpan?
    /// Keeps all that are younger, which push nothing out either.
    package let minimumAge: RetentionSpan?
    /// Keeps all that bear one of these tags.
    package let tags: [String]
    /// Where days begin.
    package let timeZone: TimeZone

    /// - Parameter timeZone: a name of the IANA database, `Europe/Berlin`; UTC when `nil`.
    /// - Throws: ``HoldfastError`` `.invalidConfiguration` for a policy that keeps nothing, a negative number, and a time
    ///   zone that does not exist.
    package init(
        _ counts: Counts, within: RetentionSpan? = nil, minimumAge: RetentionSpan? = nil, tags: [String] = [],
        timeZone: String? = nil
    ) throws {
        guard counts.all.allSatisfy({ $0 >= 0 }) else {
            throw HoldfastError(
                .invalidConfiguration, "A retention policy cannot keep a negative number of backups.",
                hint: "0 switches a rule off.")
        }
        guard within != nil || counts.all.contains(where: { $0 > 0 }) else {
            throw HoldfastError(
                .invalidConfiguration,
                "The retention policy keeps nothing: it would remove every backup but the newest.",
                hint:
                    "Say how many to keep, by --keep-daily 7 --keep-weekly 4 for instance, or for how long, by --keep-within 30d. A minimum age and tags alone are not enough."
            )
        }
        self.counts = counts
        self.within = within
        self.minimumAge = minimumAge
        self.tags = tags
        self.timeZone = try TimeZone.named(timeZone ?? "UTC")
    }
}

/// The policies of all buckets.
package struct RetentionPolicies: Sendable {
    /// Of buckets that have none of their own; `nil` leaves them alone.
    package var general: RetentionPolicy?
    package var byBucket: [String: RetentionPolicy]

    package init(general: RetentionPolicy? = nil, byBucket: [String: RetentionPolicy] = [:]) {
        self.general = general
        self.byBucket = byBucket
    }

    /// What is kept of a bucket; `nil` when nobody said.
    package subscript(bucket: String) -> RetentionPolicy? { byBucket[bucket] ?? general }

    package var isEmpty: Bool { general == nil && byBucket.isEmpty }
}
