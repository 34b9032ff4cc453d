// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

package import Foundation

/// Which rate holds at which time of the week, in the local time of a zone. A pure value.
///
/// Where clocks are set forward, what begins in the hour that is left out begins at its end; where they are set back, the
/// hour that comes twice counts twice.
package struct RateTimetable: Hashable, Sendable {
    /// A rate on some days, between two times.
    package struct Entry: Hashable, Sendable {
        /// 0 for Monday to 6 for Sunday.
        package var days: Set<Int>
        /// Minutes of the day, the first below 1,440. What goes on past midnight belongs to the day on which it begins.
        package var minutes: Range<Int>
        /// Units a second, above 0; `nil` for no limit.
        package var rate: Int?

        package init(days: Set<Int>, minutes: Range<Int>, rate: Int?) {
            self.days = days
            self.minutes = minutes
            self.rate = rate
        }
    }

    /// From a minute of the week on, Monday's first being 0, until the next one begins.
    private struct Span: Hashable {
        let start: Int
        let rate: Int?
    }

    private static let day = 1440
    private static let week = 7 * day

    private let zone: TimeZone
    /// Ascending, the first at 0; neighbours differ.
    private let spans: [Span]

    /// - Parameter entries: the first that fits a time counts; where none does there is no limit.
    package init(_ entries: [Entry], in zone: TimeZone) {
        var minutes: [Int?] = Array(repeating: nil, count: Self.week)
        for entry in entries.reversed() {
            for day in entry.days {
                for minute in entry.minutes { minutes[(day * Self.day + minute) % Self.week] = entry.rate }
            }
        }
        var spans: [Span] = []
        for (minute, rate) in minutes.enumerated() where spans.last.map({ $0.rate != rate }) ?? true {
            spans.append(Span(start: minute, rate: rate))
        }
        self.spans = spans
        self.zone = zone
    }

    /// One rate for ever.
    package init(constant rate: Int) {
        self.init([Entry(days: Set(0..<7), minutes: 0..<Self.day, rate: rate)], in: .gmt)
    }

    /// The rate, if it is the same at all times.
    package var constant: Int? { spans.count == 1 ? spans.first?.rate : nil }

    /// Units a second at a moment; `nil` for no limit.
    package func rate(at date: Date) -> Int? { spans[index(at: minute(at: date))].rate }

    /// The next moment at which another rate may hold; `nil` when none ever does.
    package func change(after date: Date) -> Date? {
        guard spans.count > 1 else { return nil }
        let minute = minute(at: date)
        let next = index(at: minute) + 1
        let start = next < spans.count ? spans[next].start : Self.week
        let boundary = Double(start - minute) * 60 - Self.secondsIntoMinute(date)
        let change = date.addingTimeInterval(boundary)
        // By another offset the time of day is another one.
        guard let shift = zone.nextDaylightSavingTimeTransition(after: date), shift > date else { return change }
        return min(change, shift)
    }

    /// How long so many units take from a moment on, over all changes of the rate on the way.
    package func seconds(toPass count: Int64, from date: Date) -> TimeInterval {
        var left = Double(count)
        var elapsed: TimeInterval = 0
        // By then the slowest rate has passed more than any body has; a bound, and no more.
        for _ in 0..<100_000 {
            let now = date.addingTimeInterval(elapsed)
            guard let rate = rate(at: now) else { break }
            let needed = left / Double(rate)
            guard let change = change(after: now), change.timeIntervalSince(now) < needed else {
                elapsed += needed
                break
            }
            left -= change.timeIntervalSince(now) * Double(rate)
            elapsed = change.timeIntervalSince(date)
        }
        return elapsed
    }

    /// The minute of the week in the zone.
    private func minute(at date: Date) -> Int {
        let local = Int((date.timeIntervalSince1970).rounded(.down)) + zone.secondsFromGMT(for: date)
        // 1970 began on a Thursday.
        let minute = Int((Double(local) / 60).rounded(.down)) + 3 * Self.day
        return (minute % Self.week + Self.week) % Self.week
    }

    /// Offsets of zones are whole minutes, so that these are the same in all of them.
    private static func secondsIntoMinute(_ date: Date) -> TimeInterval {
        let seconds = date.timeIntervalSince1970.truncatingRemainder(dividingBy: 60)
        return seconds < 0 ? seconds + 60 : seconds
    }

    private func index(at minute: Int) -> Int {
        (spans.firstIndex { $0.start > minute } ?? spans.count) - 1
    }
}
