// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import NIOCore
import ObjectStorage
import TestSupport
import Testing

@Suite("Rates by days and times")
struct RateTimetableTests {
    private static let all = Set(0..<7)

    private static func timetable(_ entries: [RateTimetable.Entry], _ zone: String) throws -> RateTimetable {
        RateTimetable(entries, in: try #require(TimeZone(identifier: zone)))
    }

    private static func date(_ text: String) throws -> Date { try Date(text, strategy: .iso8601) }

    /// Weekdays 08:00 to 18:00; Saturday 22:00 to 02:00 of Sunday; else.
    private static let office = [
        RateTimetable.Entry(days: [0, 1, 2, 3, 4], minutes: 480..<1080, rate: 5),
        RateTimetable.Entry(days: [5], minutes: 1320..<1560, rate: 1),
        RateTimetable.Entry(days: all, minutes: 0..<1440, rate: 50),
    ]
    /// Sunday 02:30 to 04:00, and Sunday 02:00 to 03:00.
    private static let hole = [RateTimetable.Entry(days: [6], minutes: 150..<240, rate: 1)]
    private static let twice = [RateTimetable.Entry(days: [6], minutes: 120..<180, rate: 1)]

    struct Case: Sendable, CustomTestStringConvertible {
        let entries: [RateTimetable.Entry]
        let at: String
        let rate: Int?
        let change: String
        var zone = "Europe/Berlin"
        var testDescription: String { "\(at) \(zone)" }
    }

    @Test(
        "What holds when, and until when",
        arguments: [
            // A Monday in winter: 08:00 in Berlin is 07:00 UTC.
            Case(entries: office, at: "2026-11-23T06:59:59Z", rate: 50, change: "2026-11-23T07:00:00Z"),
            Case(entries: office, at: "2026-11-23T07:00:00Z", rate: 5, change: "2026-11-23T17:00:00Z"),
            Case(entries: office, at: "2026-11-23T16:59:59Z", rate: 5, change: "2026-11-23T17:00:00Z"),
            Case(entries: office, at: "2026-11-23T17:00:00Z", rate: 50, change: "2026-11-24T07:00:00Z"),
            Case(entries: office, at: "2026-07-06T06:00:00Z", rate: 5, change: "2026-07-06T16:00:00Z"),
            // Over midnight, and from the end of the week to its beginning.
            Case(entries: office, at: "2026-11-28T20:59:59Z", rate: 50, change: "2026-11-28T21:00:00Z"),
            Case(entries: office, at: "2026-11-28T21:00:00Z", rate: 1, change: "2026-11-29T01:00:00Z"),
            Case(entries: office, at: "2026-11-29T00:59:59Z", rate: 1, change: "2026-11-29T01:00:00Z"),
            Case(entries: office, at: "2026-11-29T01:00:00Z", rate: 50, change: "2026-11-29T23:00:00Z"),
            Case(entries: office, at: "2026-11-23T07:00:00Z", rate: 50, change: "2026-11-23T08:00:00Z", zone: "UTC"),
            Case(
                entries: office, at: "2026-11-23T02:30:00Z", rate: 5, change: "2026-11-23T12:30:00Z",
                zone: "Asia/Kolkata"),
            // Clocks go forward at 01:00 UTC, from 02:00 to 03:00: half past two begins there.
            Case(entries: hole, at: "2027-03-28T00:59:59Z", rate: nil, change: "2027-03-28T01:00:00Z"),
            Case(entries: hole, at: "2027-03-28T01:00:00Z", rate: 1, change: "2027-03-28T02:00:00Z"),
            Case(entries: hole, at: "2027-03-28T02:00:00Z", rate: nil, change: "2027-03-28T22:00:00Z"),
            // Clocks go back at 01:00 UTC, from 03:00 to 02:00: the hour comes twice.
            Case(entries: twice, at: "2026-10-25T00:00:00Z", rate: 1, change: "2026-10-25T01:00:00Z"),
            Case(entries: twice, at: "2026-10-25T01:00:00Z", rate: 1, change: "2026-10-25T02:00:00Z"),
            Case(entries: twice, at: "2026-10-25T02:00:00Z", rate: nil, change: "2026-10-25T23:00:00Z"),
        ])
    func table(known: Case) throws {
        let timetable = try Self.timetable(known.entries, known.zone)
        let date = try Self.date(known.at)
        #expect(timetable.rate(at: date) == known.rate)
        #expect(timetable.change(after: date) == (try Self.date(known.change)))
        let later = date.addingTimeInterval(0.25)
        #expect(timetable.change(after: later) == (try Self.date(known.change)))
    }

    @Test("One rate for ever never changes")
    func constant() throws {
        let timetable = RateTimetable(constant: 7)
        #expect(timetable.constant == 7)
        #expect(timetable.change(after: Date(timeIntervalSince1970: -1e9)) == nil)
        #expect(timetable.seconds(toPass: 70, from: Date(timeIntervalSince1970: 0)) == 10)
        #expect(try Self.timetable(Self.office, "UTC").constant == nil)
        #expect(try Self.timetable([], "UTC").constant == nil)
    }

    @Test("What passes over a change passes at both rates")
    func changes() throws {
        let timetable = try Self.timetable(Self.office, "UTC")
        let evening = try Self.date("2026-11-23T17:59:50Z")
        #expect(timetable.seconds(toPass: 50, from: evening) == 10)
        #expect(timetable.seconds(toPass: 100, from: evening) == 11)
        #expect(timetable.seconds(toPass: 49, from: evening) == 9.8)
        // Where there is no limit, the rest passes at once.
        let open = try Self.timetable([Self.office[0]], "UTC")
        #expect(open.seconds(toPass: 1_000_000, from: evening) == 10)
    }

    @Test("Who waits at the slow rate is let go when it ends")
    func waiting() async throws {
        let clock = ManualClock(isAutomatic: true)
        let begin = try Self.date("2026-11-23T17:59:50Z")
        let entry = RateTimetable.Entry(days: Self.all, minutes: 0..<1080, rate: 1 << 20)
        let limit = RateLimit(try Self.timetable([entry], "UTC"), clock: clock) {
            begin.addingTimeInterval(Double(clock.now.offset.components.seconds))
        }
        // 64 MiB would take a minute and 4 seconds; the limit ends after ten.
        try await limit.pass(64 << 20, ofBody: 64 << 20)
        #expect(clock.now.offset == .seconds(10))
        try await limit.pass(64 << 20, ofBody: 64 << 20)
        #expect(clock.now.offset == .seconds(10))
    }
}
