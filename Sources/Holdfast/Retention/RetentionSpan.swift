// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Foundation

/// A length of time as people write it: `30d`, `2w`, `1y6m`; `h` hours, `d` days, `w` weeks, `m` months, `y` years.
package struct RetentionSpan: Equatable, Sendable, CustomStringConvertible {
    /// As it was written.
    package let description: String
    private let components: DateComponents

    /// The largest number before a unit: dates stay within what a calendar can tell.
    private static let largest = 10_000

    /// - Throws: ``HoldfastError`` `.invalidConfiguration` when the text is no such length.
    package init(_ text: String) throws {
        var components = DateComponents()
        var digits = ""
        var isSomething = false
        var seen: Set<Character> = []
        for character in text {
            if character.isASCII, character.isNumber {
                digits.append(character)
                continue
            }
            guard let number = Int(digits), number <= Self.largest, seen.insert(character).inserted else {
                throw Self.refuse(text)
            }
            switch character {
            case "h": components.hour = -number
            case "d": components.day = -number
            case "w": components.weekOfYear = -number
            case "m": components.month = -number
            case "y": components.year = -number
            default: throw Self.refuse(text)
            }
            isSomething = isSomething || number > 0
            digits = ""
        }
        guard digits.isEmpty, isSomething else { throw Self.refuse(text) }
        self.components = components
        description = text
    }

    private static func refuse(_ text: String) -> HoldfastError {
        HoldfastError(
            .invalidConfiguration, "“\(text.prefix(40))” is no length of time.",
            hint: "Write it like 12h, 30d, 2w, 6m, 1y or 1y6m: hours, days, weeks, months (m) and years.")
    }

    /// The moment so long before `date`. Months and years are those of the calendar, days those of the time zone: a day
    /// before is the same time on the clock.
    func before(_ date: Date, in timeZone: TimeZone) -> Date {
        // Nothing is before a moment that no calendar can tell: everything is kept then.
        Calendar.retention(timeZone).date(byAdding: components, to: date) ?? .distantPast
    }
}

extension Calendar {
    /// The calendar in which periods are counted: Gregorian, weeks as in ISO 8601.
    static func retention(_ timeZone: TimeZone) -> Calendar {
        var calendar = Calendar(identifier: .gregorian)
        calendar.timeZone = timeZone
        calendar.firstWeekday = 2
        calendar.minimumDaysInFirstWeek = 4
        return calendar
    }
}
