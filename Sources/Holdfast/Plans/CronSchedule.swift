// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

package import Foundation

/// Times of day on certain days, as crontab(5) writes them in five fields, in a named time zone.
///
/// Where clocks are set forward, a time that is left out is the first moment after the gap. Where they are set back, a
/// time that comes twice counts the first time; only where every hour is meant (`*`), each of the two hours counts.
package struct CronSchedule: Equatable, Sendable, CustomStringConvertible {
    /// As it was written.
    package let description: String
    package let timeZone: TimeZone
    private let minutes: CronField
    private let hours: CronField
    private let daysOfMonth: CronField
    private let months: CronField
    private let daysOfWeek: CronField

    /// A leap day comes within eight years; a day of the week needs none.
    private static let horizon = 366 * 9

    /// - Throws: ``HoldfastError`` `.invalidConfiguration` when it is no such expression, or never comes.
    package init(_ text: String, in timeZone: TimeZone) throws {
        let fields = text.split(whereSeparator: \.isWhitespace)
        guard fields.count == 5 else {
            throw Self.refuse(text, "it has \(fields.count) fields and not five")
        }
        func field(_ index: Int, _ kind: CronField.Kind) throws -> CronField {
            guard let field = CronField(fields[index], kind) else {
                throw Self.refuse(text, "“\(fields[index].prefix(40))” is no \(kind.words)")
            }
            return field
        }
        minutes = try field(0, .minute)
        hours = try field(1, .hour)
        daysOfMonth = try field(2, .dayOfMonth)
        months = try field(3, .month)
        daysOfWeek = try field(4, .dayOfWeek)
        description = fields.joined(separator: " ")
        self.timeZone = timeZone
        guard next(after: Date(timeIntervalSince1970: 0)) != nil else {
            throw Self.refuse(text, "there is no such day")
        }
    }

    private static func refuse(_ text: String, _ why: String) -> HoldfastError {
        HoldfastError(
            .invalidConfiguration, "“\(text.prefix(100))” is no cron expression: \(why).",
            hint: "Write minute, hour, day of month, month and day of week: “30 2 * * *” is 2:30 each day.")
    }

    /// The first moment after `date` that it names; `nil` only for dates that no calendar can tell.
    package func next(after date: Date) -> Date? {
        guard abs(date.timeIntervalSince1970) < 1e11 else { return nil }
        let local = date.timeIntervalSince1970 + Double(timeZone.secondsFromGMT(for: date))
        // From the day before: a zone that leaves out a whole day moves its times into the next.
        let first = Int((local / 86_400).rounded(.down)) - 1
        for day in first..<first + Self.horizon where contains(CivilDay(day)) {
            if let moment = moments(on: day).first(where: { $0 > date }) { return moment }
        }
        return nil
    }

    private func contains(_ day: CivilDay) -> Bool {
        guard months[day.month] else { return false }
        // crontab(5): where both are restricted, either will do.
        if daysOfMonth.isOpen || daysOfWeek.isOpen { return daysOfMonth[day.day] && daysOfWeek[day.weekday] }
        return daysOfMonth[day.day] || daysOfWeek[day.weekday]
    }

    /// In order, without doubles.
    private func moments(on day: Int) -> [Date] {
        let clock = LocalClock(timeZone, day: day)
        var found: [Date] = []
        for hour in 0..<24 where hours[hour] {
            for minute in 0..<60 where minutes[minute] {
                found += clock.moments(at: hour * 3600 + minute * 60, both: hours.isEvery)
            }
        }
        // Two hours that are told apart by nothing but the offset come in turns.
        return clock.isPlain ? found : Set(found).sorted()
    }
}
