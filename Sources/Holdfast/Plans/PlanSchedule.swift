// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

package import Foundation

/// When the rounds of a plan are due.
package enum PlanSchedule: Equatable, Sendable {
    /// So many seconds apart, at least 60.
    case interval(TimeInterval)
    case cron(CronSchedule)

    /// Rounds so many seconds apart.
    ///
    /// - Throws: ``HoldfastError`` `.invalidConfiguration` for less than a minute (backups would follow one another
    ///   without a pause) and for more than ten years.
    package static func every(seconds: TimeInterval) throws -> PlanSchedule {
        guard seconds >= 60, seconds <= 10 * 366 * 86_400 else {
            throw HoldfastError(
                .invalidConfiguration, "An interval of \(IntervalText.words(seconds)) makes no plan.",
                hint: "At least one minute and at most ten years lie between two backups.")
        }
        return .interval(seconds)
    }

    /// When the round after the one that was due at `due` is due, seen from `now`, of a plan of this name.
    ///
    /// What was missed is missed: this is always later than `now`. Intervals keep their grid, so that they do not drift;
    /// only from the first round to the second it is a little less, so that plans that were begun together part.
    ///
    /// - Parameter due: `nil` for the first round, which begins at once.
    package func next(after due: Date?, now: Date, name: String) -> Date {
        switch self {
        case .cron(let schedule): return schedule.next(after: now) ?? .distantFuture
        case .interval(let seconds):
            guard let due else { return now.addingTimeInterval(seconds - jitter(of: name)) }
            let passed = max(0, (now.timeIntervalSince(due) / seconds).rounded(.down))
            return due.addingTimeInterval((passed + 1) * seconds)
        }
    }

    /// The latest moment at which a round can be due, seen from `now`: what is remembered to be due later was written
    /// by a clock that was ahead, or under another schedule.
    package func latest(from now: Date) -> Date {
        switch self {
        case .interval(let seconds): now.addingTimeInterval(seconds)
        case .cron(let schedule): schedule.next(after: now) ?? .distantFuture
        }
    }

    /// Seconds, always the same for a name: at most a tenth of the interval and at most five minutes. A time that
    /// somebody named is kept to the minute.
    package func jitter(of name: String) -> TimeInterval {
        guard case .interval(let seconds) = self else { return 0 }
        // FNV-1a, since Swift's own hashes differ from process to process.
        var hash = name.utf8.reduce(0xcbf2_9ce4_8422_2325 as UInt64) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
        // Its upper bits hardly feel the last letters, in which names differ: mixed as SplitMix64 does.
        hash = (hash ^ (hash >> 30)) &* 0xBF58_476D_1CE4_E5B9
        hash = (hash ^ (hash >> 27)) &* 0x94D0_49BB_1331_11EB
        return (min(seconds / 10, 300) * Double(hash >> 11) / 0x1p53).rounded(.down)
    }

    /// For people: `every 5m`, `30 2 * * * (Europe/Berlin)`.
    package var words: String {
        switch self {
        case .interval(let seconds): "every \(IntervalText.words(seconds))"
        case .cron(let schedule): "\(schedule) (\(schedule.timeZone.identifier))"
        }
    }
}

/// Lengths of time as plans are written: `5m`, `24h`, `7d`.
package enum IntervalText {
    /// In the largest unit that leaves no rest; seconds, rounded, when none does.
    package static func words(_ seconds: TimeInterval) -> String {
        let units: [(String, TimeInterval)] = [("d", 86_400), ("h", 3600), ("m", 60)]
        for (name, length) in units where seconds >= length {
            let count = seconds / length
            if count == count.rounded(), count < 0x1p53 { return "\(Int64(count))\(name)" }
        }
        return abs(seconds) < 0x1p53 ? "\(Int64(seconds.rounded()))s" : "?"
    }
}
