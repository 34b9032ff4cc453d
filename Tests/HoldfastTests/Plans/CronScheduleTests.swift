// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Holdfast
import Testing

@Suite struct CronScheduleTests {
    struct Golden: Sendable, CustomTestStringConvertible {
        let text: String
        let zone: String
        let after: String
        let moments: [String]
        let why: String

        var testDescription: String { "\(text) \(zone): \(why)" }
    }

    /// Worked out by hand from the dates on which clocks were set: Berlin 2026-03-29 and 2026-10-25 at 01:00Z, New York
    /// 2026-03-08 at 07:00Z and 2026-11-01 at 06:00Z, Apia without 2011-12-30.
    static let golden = [
        Golden(
            text: "30 2 * * *", zone: "Europe/Berlin", after: "2026-03-28T00:00:00Z",
            moments: ["2026-03-28T01:30:00Z", "2026-03-29T01:00:00Z", "2026-03-30T00:30:00Z"],
            why: "a time that is left out is the moment after the gap"),
        Golden(
            text: "30 2 * * *", zone: "Europe/Berlin", after: "2026-10-24T12:00:00Z",
            moments: ["2026-10-25T00:30:00Z", "2026-10-26T01:30:00Z"], why: "a time that comes twice counts once"),
        Golden(
            text: "30 2 * * *", zone: "America/New_York", after: "2026-03-07T12:00:00Z",
            moments: ["2026-03-08T07:00:00Z", "2026-03-09T06:30:00Z"], why: "the gap, west of Greenwich"),
        Golden(
            text: "30 1 * * *", zone: "America/New_York", after: "2026-10-31T12:00:00Z",
            moments: ["2026-11-01T05:30:00Z", "2026-11-02T06:30:00Z"], why: "twice, west of Greenwich"),
        Golden(
            text: "0 2,3 * * *", zone: "Europe/Berlin", after: "2026-03-28T12:00:00Z",
            moments: ["2026-03-29T01:00:00Z", "2026-03-30T00:00:00Z", "2026-03-30T01:00:00Z"],
            why: "the moment after the gap is one moment"),
        Golden(
            text: "0 * * * *", zone: "Europe/Berlin", after: "2026-10-24T22:30:00Z",
            moments: ["2026-10-24T23:00:00Z", "2026-10-25T00:00:00Z", "2026-10-25T01:00:00Z", "2026-10-25T02:00:00Z"],
            why: "every hour is every hour"),
        Golden(
            text: "0 * * * *", zone: "Europe/Berlin", after: "2026-03-28T23:30:00Z",
            moments: ["2026-03-29T00:00:00Z", "2026-03-29T01:00:00Z", "2026-03-29T02:00:00Z"],
            why: "no hour is missing"),
        Golden(
            text: "*/15 * * * *", zone: "America/New_York", after: "2026-03-08T06:40:00Z",
            moments: ["2026-03-08T06:45:00Z", "2026-03-08T07:00:00Z", "2026-03-08T07:15:00Z"],
            why: "quarters of an hour go on"),
        Golden(
            text: "*/30 * * * *", zone: "America/New_York", after: "2026-11-01T05:10:00Z",
            moments: [
                "2026-11-01T05:30:00Z", "2026-11-01T06:00:00Z", "2026-11-01T06:30:00Z", "2026-11-01T07:00:00Z",
            ], why: "and go on"),
        Golden(
            text: "0 12 30 12 *", zone: "Pacific/Apia", after: "2011-12-29T00:00:00Z",
            moments: ["2011-12-30T10:00:00Z", "2012-12-29T22:00:00Z"], why: "a whole day is left out"),
        Golden(
            text: "0 0 13 * 5", zone: "UTC", after: "2026-02-01T00:00:00Z",
            moments: ["2026-02-06T00:00:00Z", "2026-02-13T00:00:00Z", "2026-02-20T00:00:00Z"],
            why: "either of two restricted days will do"),
        Golden(
            text: "0 0 */2 * mon", zone: "UTC", after: "2026-11-01T12:00:00Z",
            moments: ["2026-11-09T00:00:00Z", "2026-11-23T00:00:00Z"], why: "a field that begins with * restricts both"),
        Golden(
            text: "0 0 29 2 *", zone: "UTC", after: "2096-03-01T00:00:00Z", moments: ["2104-02-29T00:00:00Z"],
            why: "1900 and 2100 are no leap years"),
        Golden(
            text: "5 4 * * 7", zone: "UTC", after: "2026-11-23T00:00:00Z", moments: ["2026-11-29T04:05:00Z"],
            why: "7 is Sunday"),
        Golden(
            text: "15 10-18/4 1 JAN,jul *", zone: "UTC", after: "2026-11-23T00:00:00Z",
            moments: ["2027-01-01T10:15:00Z", "2027-01-01T14:15:00Z", "2027-01-01T18:15:00Z", "2027-07-01T10:15:00Z"],
            why: "steps and names"),
        Golden(
            text: "30 2 * * *", zone: "UTC", after: "2026-11-23T02:30:00Z", moments: ["2026-11-24T02:30:00Z"],
            why: "after is after"),
        Golden(
            text: "30 2 * * *", zone: "UTC", after: "1969-12-30T02:31:00Z", moments: ["1969-12-31T02:30:00Z"],
            why: "before the epoch"),
    ]

    @Test(arguments: golden)
    func moments(_ golden: Golden) throws {
        let schedule = try CronSchedule(golden.text, in: TimeZone.named(golden.zone))
        var date = try Date(golden.after, strategy: .iso8601)
        var found: [String] = []
        for _ in golden.moments {
            date = try #require(schedule.next(after: date))
            found.append(TimeText.iso(date))
        }
        #expect(found == golden.moments)
    }

    /// Every minute of a year, looked at by Foundation's calendar instead.
    @Test(arguments: [("7 2 * * *", 2, 7), ("59 23 * * *", 23, 59), ("0 0 * * *", 0, 0), ("30 1 * * *", 1, 30)])
    func agreesWithTheCalendar(_ text: String, _ hour: Int, _ minute: Int) throws {
        for name in ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu"] {
            let zone = try TimeZone.named(name)
            let schedule = try CronSchedule(text, in: zone)
            var calendar = Calendar(identifier: .gregorian)
            calendar.timeZone = zone
            var date = try Date("2026-01-01T00:00:00Z", strategy: .iso8601)
            var days: Set<DateComponents> = []
            for _ in 0..<365 {
                let next = try #require(schedule.next(after: date))
                #expect(next > date)
                let parts = calendar.dateComponents([.hour, .minute], from: next)
                let isSkipped =
                    calendar.nextDate(
                        after: next.addingTimeInterval(-7200), matching: DateComponents(hour: hour, minute: minute),
                        matchingPolicy: .strict
                    ).map { $0 > next.addingTimeInterval(7200) } ?? true
                #expect((parts.hour == hour && parts.minute == minute) || isSkipped, "\(name) \(TimeText.iso(next))")
                #expect(days.insert(calendar.dateComponents([.year, .month, .day], from: next)).inserted)
                date = next
            }
            // Each day once, and none left out.
            #expect(days.count == 365)
            #expect(TimeText.iso(date).hasPrefix("2026-12-31") || TimeText.iso(date).hasPrefix("2027-01-01"))
        }
    }

    @Test(arguments: [
        "", "* * * *", "* * * * * *", "60 * * * *", "* 24 * * *", "* * 0 * *", "* * 32 * *", "* * * 13 *", "* * * * 8",
        "5-1 * * * *", "*/0 * * * *", "1,,2 * * * *", "a * * * *", "* * * mon *", "-1 * * * *", "1-2-3 * * * *",
        "*/-1 * * * *", "٣ * * * *", "0 0 30 2 *", "99999999999999999999 * * * *", "@daily", "1/2/3 * * * *",
    ])
    func refused(_ text: String) throws {
        let error = #expect(throws: HoldfastError.self) { try CronSchedule(text, in: .gmt) }
        #expect(error?.code == .invalidConfiguration)
    }
}
