// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

package import Catalog
package import Foundation

/// One attempt to give buckets of a plan their backups.
package struct PlanRound: Equatable, Sendable {
    /// When its first attempt was begun: what its backups are named after.
    package var stamp: Date
    /// Those that have no backup of this round yet.
    package var buckets: [String]
    /// Whether an earlier attempt may have made some of these backups without living to say so.
    package var isContinued: Bool
    package var prunes: Bool
    package var verifies: Bool
}

/// What a plan's record becomes when something happens: no I/O, so that every clock and every crash can be tried.
extension PlanRecord {
    /// Seconds from a failed attempt to the next one of the same round. After the last, the next round is waited for.
    static let retryDelays: [TimeInterval] = [60, 300, 900]

    /// Archives are looked at one by one: a plan of every five minutes need not do that each time.
    private static let prunePeriod: TimeInterval = 3600

    /// When something is to be begun; `nil` while it is paused. What was never begun, or was left by a process that is
    /// gone, is wanted at once.
    package var wanted: Date? {
        if paused { return nil }
        guard process == nil, let due else { return .distantPast }
        return min(due, retry ?? due)
    }

    /// Makes up for a clock that was ahead, and for a schedule that is another one by now.
    package mutating func correct(for plan: Plan, now: Date) {
        due = due.map { min($0, plan.schedule.latest(from: now)) }
        retry = retry.map { min($0, now.addingTimeInterval(Self.retryDelays.max() ?? 0)) }
    }

    /// Begins a round, or goes on with one, if it is time.
    ///
    /// - Parameters:
    ///   - isAsked: somebody wants it now, paused or not.
    ///   - isGone: told the id of the process that is said to be at work, and since when.
    /// - Returns: `nil` when nothing is due: another process may have done it.
    /// - Throws: ``HoldfastError`` `.conflict` while somebody is at work on it.
    package mutating func begin(
        _ plan: Plan, now: Date, isAsked: Bool, process own: Int32, isGone: (Int32, Date) -> Bool
    ) throws -> PlanRound? {
        if let process, !isGone(process, lastBegun ?? .distantPast) {
            throw HoldfastError(
                .conflict, "The plan \(name) is at work already, in process \(process).",
                hint: "Wait until it has ended; holdfast plan show \(name) tells.")
        }
        correct(for: plan, now: now)
        let isInterrupted = (process != nil || lastState == .interrupted) && !remaining.isEmpty
        let isDue = due.map { $0 <= now } ?? true
        let isRetry = retry.map { $0 <= now } ?? false
        process = nil
        guard isAsked || (!paused && (isDue || isRetry || isInterrupted)) else { return nil }
        let left = plan.buckets.filter(remaining.contains)
        // What was interrupted is gone on with: begun anew each time, a long backup might never come to its end.
        let isContinued = !left.isEmpty && round != nil && (isInterrupted || (isRetry && !isDue && !isAsked))
        if !isContinued {
            round = stamp(now)
            remaining = plan.buckets
            attempts = 0
        }
        if isDue { due = plan.schedule.next(after: due, now: now, name: plan.name) }
        retry = nil
        process = own
        lastBegun = now
        return PlanRound(
            stamp: round ?? now, buckets: isContinued ? left : plan.buckets, isContinued: isContinued,
            prunes: plan.retention != nil && isOver(Self.prunePeriod, since: lastPruned, now),
            verifies: plan.verification.map { isOver($0.period, since: lastVerified, now) } ?? false)
    }

    /// What a new round's backups are named after: names have seconds, and two rounds that somebody asks for within one
    /// second must not get the same.
    private func stamp(_ now: Date) -> Date {
        func second(_ date: Date) -> Double { date.timeIntervalSince1970.rounded(.down) }
        // Not for a clock that was set back: that round's time may be far away.
        guard let round, (0..<60).contains(second(round) - second(now)) else { return now }
        return Date(timeIntervalSince1970: second(round) + 1)
    }

    private func isOver(_ period: TimeInterval, since date: Date?, _ now: Date) -> Bool {
        // A round may come a little before its time (jitter), and must not leave to the next one what is due by then.
        let least = period - min(period / 10, 300)
        // A clock that was set back must not put it off for long.
        return date.map { !(0..<least).contains(now.timeIntervalSince($0)) } ?? true
    }

    /// Keeps what became of an attempt, and says when the next one is.
    package mutating func end(_ plan: Plan, _ report: PlanReport, now: Date) {
        process = nil
        remaining = report.remaining
        lastState = report.state
        lastMessage = report.message
        if report.isPruned { lastPruned = lastBegun }
        if report.isVerified { lastVerified = lastBegun }
        switch report.state {
        case .interrupted:
            retry = now
            return
        case .failed where !remaining.isEmpty:
            attempts += 1
            retry =
                attempts <= Self.retryDelays.count ? now.addingTimeInterval(Self.retryDelays[attempts - 1]) : nil
        case .cancelled:
            remaining = []
        case .complete, .exceptions, .failed, .running:
            lastSuccess = round
            attempts = 0
        }
        // What came due while it ran is left out: backups would follow one another without a pause.
        if let due, due <= now { self.due = plan.schedule.next(after: due, now: now, name: plan.name) }
    }
}
