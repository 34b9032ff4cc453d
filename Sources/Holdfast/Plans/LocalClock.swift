// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Foundation

/// One day on the clocks of a time zone, and the moments that its times are.
struct LocalClock {
    private let timeZone: TimeZone
    /// Local midnight, as if it were UTC, in seconds since 1970.
    private let start: Int
    /// Seconds east of Greenwich well before the day and well after it.
    private let before: Int
    private let after: Int

    /// More than the widest offset and the longest gap there has been (a whole day, Samoa in 2011).
    private static let margin = 26 * 3600

    /// - Parameter day: days since 1970-01-01 on the local calendar.
    init(_ timeZone: TimeZone, day: Int) {
        self.timeZone = timeZone
        start = day * 86_400
        before = timeZone.secondsFromGMT(for: Date(timeIntervalSince1970: Double(start - Self.margin)))
        after = timeZone.secondsFromGMT(for: Date(timeIntervalSince1970: Double(start + 86_400 + Self.margin)))
    }

    /// Whether no clock is set on it, nor nearby.
    var isPlain: Bool { before == after }

    /// The moments at which clocks show this time of the day, in seconds; the first moment after the gap when none do.
    ///
    /// - Parameter both: whether a time that comes twice is two moments, and not the first of them alone.
    func moments(at time: Int, both: Bool) -> [Date] {
        let local = start + time
        guard !isPlain else { return [Date(timeIntervalSince1970: Double(local - before))] }
        let found = [local - before, local - after].sorted().filter { offset(at: $0) == local - $0 }
        guard let first = found.first else { return [Date(timeIntervalSince1970: Double(change))] }
        return (both ? found : [first]).map { Date(timeIntervalSince1970: Double($0)) }
    }

    /// When the clocks are set.
    private var change: Int {
        var (low, high) = (start - Self.margin, start + 86_400 + Self.margin)
        while high - low > 1 {
            let middle = low + (high - low) / 2
            if offset(at: middle) == before { low = middle } else { high = middle }
        }
        return high
    }

    private func offset(at second: Int) -> Int {
        timeZone.secondsFromGMT(for: Date(timeIntervalSince1970: Double(second)))
    }
}

/// A day of the Gregorian calendar (Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms", civil_from_days).
struct CivilDay {
    /// 1...12
    let month: Int
    /// 1...31
    let day: Int
    /// 0 is Sunday.
    let weekday: Int

    /// - Parameter days: since 1970-01-01.
    init(_ days: Int) {
        let shifted = days + 719_468
        let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
        let dayOfEra = shifted - era * 146_097
        let year = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * year + year / 4 - year / 100)
        let marchMonth = (5 * dayOfYear + 2) / 153
        day = dayOfYear - (153 * marchMonth + 2) / 5 + 1
        month = marchMonth < 10 ? marchMonth + 3 : marchMonth - 9
        // 1970-01-01 was a Thursday.
        weekday = ((days % 7) + 7 + 4) % 7
    }
}
