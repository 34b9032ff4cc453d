// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

package import Foundation

extension RetentionPolicy {
    /// Why the newest good backup stays.
    static let newestReason = "the newest good one"

    /// Says for each backup of one bucket whether it stays, and why, oldest first.
    ///
    /// Never removed, whatever the policy says: the newest good backup, in the vault and in each copy of it; an incomplete
    /// one when nothing newer is good; what is dated in the future; what nobody knows the state of. Backups of the future,
    /// of an unknown state and younger than the minimum age do not count either: they push nothing out. Incomplete ones
    /// never push out a good one.
    package func decide(_ candidates: [RetentionCandidate], now: Date) -> [RetentionDecision] {
        var ballot = RetentionBallot(policy: self, candidates: candidates, now: now)
        ballot.keepWhatIsNeverRemoved()
        ballot.keepLast()
        for period in RetentionPeriod.allCases { ballot.keep(period) }
        ballot.keepWithin()
        ballot.keepTagged()
        return ballot.decisions
    }
}

/// The reasons for and against each backup while they are collected.
private struct RetentionBallot {
    private let policy: RetentionPolicy
    private let calendar: Calendar
    private let now: Date
    /// Newest first.
    private let backups: [RetentionCandidate]
    private var staying: [[String]]
    private var going: [[String]]
    /// Those that the rules count, newest first, good and incomplete.
    private var counted: [Int] = []

    init(policy: RetentionPolicy, candidates: [RetentionCandidate], now: Date) {
        self.policy = policy
        self.now = now
        calendar = .retention(policy.timeZone)
        // Of two that show one moment, the one that was made of the other counts as the newer: it is there to relieve it.
        backups = candidates.sorted {
            ($0.time, $0.isSynthetic ? 1 : 0, $0.file) > ($1.time, $1.isSynthetic ? 1 : 0, $1.file)
        }
        staying = Array(repeating: [], count: backups.count)
        going = staying
    }

    var decisions: [RetentionDecision] {
        backups.indices.reversed().map { index in
            let isKept = !staying[index].isEmpty
            return RetentionDecision(
                name: backups[index].name, file: backups[index].file, time: backups[index].time, kept: isKept,
                reasons: isKept ? staying[index] : going[index])
        }
    }

    private func isFuture(_ index: Int) -> Bool { backups[index].time > now }
    private func isGood(_ index: Int) -> Bool { backups[index].state == .good }

    mutating func keepWhatIsNeverRemoved() {
        let youngest = policy.minimumAge.map { ($0, $0.before(now, in: policy.timeZone)) }
        for index in backups.indices {
            if case .unknown(let why) = backups[index].state {
                staying[index].append("its state is not known: \(why)")
            } else if isFuture(index) {
                staying[index].append("its date lies in the future")
            } else if let (age, moment) = youngest, backups[index].time > moment {
                staying[index].append("younger than its minimum age, \(age)")
            } else {
                counted.append(index)
            }
        }
        let past = backups.indices.filter { !isFuture($0) }
        let newest = past.first(where: isGood)
        if let newest { staying[newest].append(RetentionPolicy.newestReason) }
        for copy in Set(backups.flatMap(\.copies)).sorted() {
            // A copy that missed the newer ones must not be left without any.
            let newestThere = past.first { isGood($0) && backups[$0].copies.contains(copy) }
            if let newestThere, newestThere != newest {
                staying[newestThere].append("the newest good one in \(copy)")
            }
        }
        if let incomplete = past.first(where: { backups[$0].state == .incomplete }), incomplete < newest ?? Int.max {
            staying[incomplete].append("incomplete, and nothing newer is good")
        }
        for index in counted where !isGood(index) { going[index].append("incomplete") }
    }

    /// The newest ones; and, as far as they are a burst within an hour, as many hours.
    mutating func keepLast() {
        let count = policy.counts.last
        guard count > 0 else { return }
        let good = counted.filter(isGood)
        for index in good.prefix(count) { staying[index].append("last \(count)") }
        var hours: Set<String> = []
        for index in good {
            guard hours.insert(RetentionPeriod.hourly.label(of: backups[index].time, in: calendar)).inserted else {
                continue
            }
            guard hours.count <= count else { break }
            if !good.prefix(count).contains(index) {
                staying[index].append("last \(count), where a burst within an hour counts once")
            }
        }
        for index in good where staying[index].isEmpty { going[index].append("older than the last \(count)") }
        let newer = counted.prefix { !isGood($0) }
        for index in newer.prefix(count) { staying[index].append("last \(count), though incomplete") }
    }

    /// The newest of each period, for as many periods as the policy says; an incomplete one only where its period has no
    /// good one, and in a place of its own.
    mutating func keep(_ period: RetentionPeriod) {
        let count = policy.counts[period]
        guard count > 0 else { return }
        let labels = Dictionary(
            uniqueKeysWithValues: counted.map { ($0, period.label(of: backups[$0].time, in: calendar)) })
        let withGood = Set(counted.filter(isGood).compactMap { labels[$0] })
        var kept: [String: Int] = [:]
        var goodPlaces = count
        var otherPlaces = count
        for index in counted {
            guard let label = labels[index] else { continue }
            if let newer = kept[label] {
                if isGood(index) { going[index].append("\(period.rawValue) \(label) has \(backups[newer].name)") }
                continue
            }
            if isGood(index) {
                guard goodPlaces > 0 else {
                    going[index].append("\(period.rawValue) \(label) is beyond the \(count) kept")
                    continue
                }
                goodPlaces -= 1
                kept[label] = index
                staying[index].append("\(period.rawValue) \(label)")
            } else if !withGood.contains(label), goodPlaces > 0, otherPlaces > 0 {
                otherPlaces -= 1
                kept[label] = index
                staying[index].append("\(period.rawValue) \(label), though incomplete")
            }
        }
    }

    mutating func keepWithin() {
        guard let within = policy.within else { return }
        let past = backups.indices.filter { index in
            if case .unknown = backups[index].state { return false }
            return !isFuture(index)
        }
        // Counted from the newest good one and not from now: where no backups are made any more, none goes.
        guard let newest = past.first(where: isGood) ?? past.first else { return }
        let moment = within.before(backups[newest].time, in: policy.timeZone)
        for index in past {
            if backups[index].time >= moment {
                staying[index].append("within \(within) of the newest")
            } else {
                going[index].append("older than \(within) before the newest")
            }
        }
    }

    mutating func keepTagged() {
        for index in backups.indices {
            for tag in policy.tags where backups[index].tags.contains(tag) { staying[index].append("tag \(tag)") }
        }
    }
}
