// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Holdfast
import TestSupport
import Testing

/// What stays and why, as tables.
@Suite struct RetentionTests {
    /// `2026-11-23T04:05:06Z`; the text itself is the backup's name unless another is given.
    static func backup(
        _ time: String, _ state: RetentionCandidate.State = .good, name: String? = nil, copies: [String] = [],
        tags: [String] = []
    ) throws -> RetentionCandidate {
        let name = name ?? time
        return RetentionCandidate(
            file: "\(name).tar.gz", name: name, time: try Date(time, strategy: .iso8601), state: state, copies: copies,
            tags: tags)
    }

    static func policy(
        last: Int = 0, hourly: Int = 0, daily: Int = 0, weekly: Int = 0, monthly: Int = 0, yearly: Int = 0,
        within: String? = nil, minimumAge: String? = nil, tags: [String] = [], zone: String? = nil
    ) throws -> RetentionPolicy {
        var counts = RetentionPolicy.Counts()
        (counts.last, counts.hourly, counts.daily) = (last, hourly, daily)
        (counts.weekly, counts.monthly, counts.yearly) = (weekly, monthly, yearly)
        return try RetentionPolicy(
            counts, within: try within.map { try RetentionSpan($0) },
            minimumAge: try minimumAge.map { try RetentionSpan($0) }, tags: tags, timeZone: zone)
    }

    /// A line for each backup, oldest first: `+ name: why` for what stays, `- name: why` for what goes.
    static func table(
        _ policy: RetentionPolicy, _ backups: [RetentionCandidate], now: String = "2030-01-01T00:00:00Z"
    ) throws -> [String] {
        policy.decide(backups, now: try Date(now, strategy: .iso8601)).map {
            "\($0.kept ? "+" : "-") \($0.name): \($0.reasons.joined(separator: "; "))"
        }
    }

    static func table(
        _ policy: RetentionPolicy, times: [String], now: String = "2030-01-01T00:00:00Z"
    ) throws -> [String] {
        try table(policy, try times.map { try backup($0) }, now: now)
    }

    /// What was made of another backup shows the same moment, and is there to take its place; else names decide.
    @Test func ofOneMomentTheOneMadeOfTheOtherIsTheNewer() throws {
        let time = "2026-11-23T04:10:00Z"
        var made = try Self.backup(time, name: "a-whole")
        let others = try ["b-0", "b-1"].map { try Self.backup(time, name: $0) }
        #expect(
            try Self.table(Self.policy(last: 1), others) == [
                "- b-0: older than the last 1", "+ b-1: the newest good one; last 1",
            ])
        made.isSynthetic = true
        #expect(
            try Self.table(Self.policy(last: 1), others + [made]) == [
                "- b-0: older than the last 1", "- b-1: older than the last 1",
                "+ a-whole: the newest good one; last 1",
            ])
    }

    @Test func everyRuleInOneTable() throws {
        let times = [
            "2024-12-31T23:00:00Z", "2025-07-01T05:00:00Z", "2026-10-31T05:00:00Z", "2026-11-15T05:00:00Z",
            "2026-11-21T05:00:00Z", "2026-11-22T05:00:00Z", "2026-11-23T03:10:00Z", "2026-11-23T04:10:00Z",
            "2026-11-23T04:50:00Z",
        ]
        let policy = try Self.policy(last: 1, hourly: 2, daily: 2, weekly: 2, monthly: 2, yearly: 2)
        #expect(
            try Self.table(policy, times: times) == [
                "- 2024-12-31T23:00:00Z: older than the last 1; hourly 2024-12-31 23:00Z is beyond the 2 kept; daily 2024-12-31 is beyond the 2 kept; weekly 2025-W01 is beyond the 2 kept; monthly 2024-12 is beyond the 2 kept; yearly 2024 is beyond the 2 kept",
                "+ 2025-07-01T05:00:00Z: yearly 2025",
                "+ 2026-10-31T05:00:00Z: monthly 2026-10",
                "- 2026-11-15T05:00:00Z: older than the last 1; hourly 2026-11-15 05:00Z is beyond the 2 kept; daily 2026-11-15 is beyond the 2 kept; weekly 2026-W46 is beyond the 2 kept; monthly 2026-11 has 2026-11-23T04:50:00Z; yearly 2026 has 2026-11-23T04:50:00Z",
                "- 2026-11-21T05:00:00Z: older than the last 1; hourly 2026-11-21 05:00Z is beyond the 2 kept; daily 2026-11-21 is beyond the 2 kept; weekly 2026-W47 has 2026-11-22T05:00:00Z; monthly 2026-11 has 2026-11-23T04:50:00Z; yearly 2026 has 2026-11-23T04:50:00Z",
                "+ 2026-11-22T05:00:00Z: daily 2026-11-22; weekly 2026-W47",
                "+ 2026-11-23T03:10:00Z: hourly 2026-11-23 03:00Z",
                "- 2026-11-23T04:10:00Z: older than the last 1; hourly 2026-11-23 04:00Z has 2026-11-23T04:50:00Z; daily 2026-11-23 has 2026-11-23T04:50:00Z; weekly 2026-W48 has 2026-11-23T04:50:00Z; monthly 2026-11 has 2026-11-23T04:50:00Z; yearly 2026 has 2026-11-23T04:50:00Z",
                "+ 2026-11-23T04:50:00Z: the newest good one; last 1; hourly 2026-11-23 04:00Z; daily 2026-11-23; weekly 2026-W48; monthly 2026-11; yearly 2026",
            ])
    }

    /// The hour that comes twice, the one that never comes, and days that begin at another moment than in UTC.
    @Test func daylightSaving() throws {
        let berlin = "Europe/Berlin"
        #expect(
            try Self.table(
                try Self.policy(hourly: 9, zone: berlin),
                times: [
                    "2026-03-29T00:30:00Z", "2026-03-29T01:30:00Z", "2026-10-25T00:15:00Z", "2026-10-25T00:30:00Z",
                    "2026-10-25T01:30:00Z", "2026-10-25T02:30:00Z",
                ]) == [
                    "+ 2026-03-29T00:30:00Z: hourly 2026-03-29 01:00+01:00",
                    "+ 2026-03-29T01:30:00Z: hourly 2026-03-29 03:00+02:00",
                    "- 2026-10-25T00:15:00Z: hourly 2026-10-25 02:00+02:00 has 2026-10-25T00:30:00Z",
                    "+ 2026-10-25T00:30:00Z: hourly 2026-10-25 02:00+02:00",
                    "+ 2026-10-25T01:30:00Z: hourly 2026-10-25 02:00+01:00",
                    "+ 2026-10-25T02:30:00Z: the newest good one; hourly 2026-10-25 03:00+01:00",
                ])
        #expect(
            try Self.table(
                try Self.policy(daily: 3, zone: berlin),
                times: [
                    "2026-03-28T22:59:59Z", "2026-03-28T23:00:00Z", "2026-03-29T21:59:59Z", "2026-03-29T22:00:00Z",
                ]) == [
                    "+ 2026-03-28T22:59:59Z: daily 2026-03-28",
                    "- 2026-03-28T23:00:00Z: daily 2026-03-29 has 2026-03-29T21:59:59Z",
                    "+ 2026-03-29T21:59:59Z: daily 2026-03-29",
                    "+ 2026-03-29T22:00:00Z: the newest good one; daily 2026-03-30",
                ])
        // A day before is the same time on the clock: 23 hours that day.
        let within = try Self.table(
            try Self.policy(within: "1d", zone: berlin),
            times: ["2026-03-28T10:59:59Z", "2026-03-28T11:00:00Z", "2026-03-29T10:00:00Z"])
        #expect(within.map { $0.prefix(1) } == ["-", "+", "+"])
    }

    @Test(arguments: [
        ("2024-12-30T00:00:00Z", "2025-W01"), ("2024-12-29T23:59:59Z", "2024-W52"),
        ("2026-12-31T12:00:00Z", "2026-W53"),
        ("2027-01-03T23:59:59Z", "2026-W53"), ("2027-01-04T00:00:00Z", "2027-W01"),
        ("2021-01-03T00:00:00Z", "2020-W53"),
        ("2023-01-01T00:00:00Z", "2022-W52"), ("2028-02-29T00:00:00Z", "2028-W09"),
    ])
    func weeksAreThoseOfISO8601(time: String, week: String) throws {
        #expect(
            try Self.table(try Self.policy(weekly: 1), times: [time]) == [
                "+ \(time): the newest good one; weekly \(week)"
            ])
    }

    @Test func leapYearsAndMonthEnds() throws {
        #expect(
            try Self.table(
                try Self.policy(monthly: 3),
                times: ["2028-01-31T23:59:59Z", "2028-02-28T00:00:00Z", "2028-02-29T23:59:59Z", "2028-03-01T00:00:00Z"])
                == [
                    "+ 2028-01-31T23:59:59Z: monthly 2028-01",
                    "- 2028-02-28T00:00:00Z: monthly 2028-02 has 2028-02-29T23:59:59Z",
                    "+ 2028-02-29T23:59:59Z: monthly 2028-02",
                    "+ 2028-03-01T00:00:00Z: the newest good one; monthly 2028-03",
                ])
        for (span, newest, oldest) in [
            ("1m", "2026-03-31T12:00:00Z", "2026-02-28T12:00:00Z"),
            ("1y", "2028-02-29T12:00:00Z", "2027-02-28T12:00:00Z"),
            ("2w", "2026-03-01T12:00:00Z", "2026-02-15T12:00:00Z"),
            ("1y1m", "2026-03-31T12:00:00Z", "2025-02-28T12:00:00Z"),
            ("36h", "2026-03-01T12:00:00Z", "2026-02-28T00:00:00Z"),
        ] {
            let before = try Date(oldest, strategy: .iso8601).addingTimeInterval(-1).ISO8601Format()
            #expect(
                try Self.table(try Self.policy(within: span), times: [before, oldest, newest]) == [
                    "- \(before): older than \(span) before the newest",
                    "+ \(oldest): within \(span) of the newest",
                    "+ \(newest): the newest good one; within \(span) of the newest",
                ], "\(span)")
        }
    }

    @Test func aBurstPushesNothingOut() throws {
        var backups = try (10...20).map { try Self.backup("2026-11-\($0)T05:00:00Z") }
        let rules = [
            try Self.policy(last: 3), try Self.policy(hourly: 3), try Self.policy(daily: 3), try Self.policy(weekly: 2),
        ]
        func kept(_ policy: RetentionPolicy) -> Set<String> {
            Set(policy.decide(backups, now: .distantFuture).filter(\.kept).map(\.name))
        }
        let before = rules.map(kept)
        #expect(before[0] == ["2026-11-18T05:00:00Z", "2026-11-19T05:00:00Z", "2026-11-20T05:00:00Z"])
        for second in 10..<60 { backups.append(try Self.backup("2026-11-20T05:00:\(second)Z")) }
        for (policy, old) in zip(rules, before) {
            let lost = old.subtracting(kept(policy))
            // But for the one that the burst itself takes the place of.
            #expect(lost.isSubset(of: ["2026-11-20T05:00:00Z"]), "\(policy.counts)")
        }
        let last = try Self.table(rules[0], backups)
        #expect(last.contains("+ 2026-11-18T05:00:00Z: last 3, where a burst within an hour counts once"))
        #expect(last.contains("- 2026-11-20T05:00:56Z: older than the last 3"))
    }

    @Test func whatIsYoungerThanTheMinimumAgeStaysAndCountsForNothing() throws {
        #expect(
            try Self.table(
                try Self.policy(last: 1, minimumAge: "2d"),
                times: [
                    "2026-11-10T05:00:00Z", "2026-11-20T05:00:00Z", "2026-11-22T05:00:00Z", "2026-11-22T17:00:00Z",
                    "2026-11-23T04:00:00Z",
                ], now: "2026-11-23T05:00:00Z") == [
                    "- 2026-11-10T05:00:00Z: older than the last 1",
                    "+ 2026-11-20T05:00:00Z: last 1",
                    "+ 2026-11-22T05:00:00Z: younger than its minimum age, 2d",
                    "+ 2026-11-22T17:00:00Z: younger than its minimum age, 2d",
                    "+ 2026-11-23T04:00:00Z: younger than its minimum age, 2d; the newest good one",
                ])
    }

    @Test func theFutureStaysAndCountsForNothing() throws {
        #expect(
            try Self.table(
                try Self.policy(last: 1, daily: 1, within: "1d"),
                times: [
                    "2026-11-20T05:00:00Z", "2026-11-22T05:00:00Z", "2026-11-23T05:00:01Z", "2036-01-01T00:00:00Z",
                ],
                now: "2026-11-23T05:00:00Z") == [
                    "- 2026-11-20T05:00:00Z: older than the last 1; daily 2026-11-20 is beyond the 1 kept; older than 1d before the newest",
                    "+ 2026-11-22T05:00:00Z: the newest good one; last 1; daily 2026-11-22; within 1d of the newest",
                    "+ 2026-11-23T05:00:01Z: its date lies in the future",
                    "+ 2036-01-01T00:00:00Z: its date lies in the future",
                ])
    }

    /// A clock that is wrong takes nothing that it would not take when it is right.
    @Test func aWrongClockRemovesNoMore() throws {
        let times = (10...28).map { "2026-11-\($0)T05:00:00Z" }
        let backups = try times.map { try Self.backup($0) }
        for policy in [
            try Self.policy(last: 3), try Self.policy(daily: 5, weekly: 2), try Self.policy(within: "1w"),
            try Self.policy(last: 2, minimumAge: "3d"),
        ] {
            let right = try Date("2026-11-28T06:00:00Z", strategy: .iso8601)
            let kept = Set(policy.decide(backups, now: right).filter(\.kept).map(\.name))
            for days in [-4000, -20, -18, -10, -2, -1] {
                let set = policy.decide(backups, now: right.addingTimeInterval(Double(days) * 86_400))
                #expect(kept.subtracting(set.filter(\.kept).map(\.name)).isEmpty, "set back by \(-days) days")
            }
            guard policy.minimumAge == nil else { continue }
            let ahead = policy.decide(backups, now: right.addingTimeInterval(4000 * 86_400))
            #expect(kept == Set(ahead.filter(\.kept).map(\.name)))
        }
    }

    @Test func incompleteOnesNeverPushOutGoodOnes() throws {
        #expect(
            try Self.table(
                try Self.policy(last: 2, daily: 2),
                [
                    try Self.backup("2026-11-18T05:00:00Z", .incomplete), try Self.backup("2026-11-19T05:00:00Z"),
                    try Self.backup("2026-11-20T05:00:00Z"), try Self.backup("2026-11-20T06:00:00Z", .incomplete),
                    try Self.backup("2026-11-21T05:00:00Z", .incomplete),
                    try Self.backup("2026-11-21T06:00:00Z", .incomplete),
                    try Self.backup("2026-11-22T05:00:00Z", .incomplete),
                    try Self.backup("2026-11-23T05:00:00Z", .incomplete),
                ]) == [
                    "- 2026-11-18T05:00:00Z: incomplete",
                    "+ 2026-11-19T05:00:00Z: last 2; daily 2026-11-19",
                    "+ 2026-11-20T05:00:00Z: the newest good one; last 2; daily 2026-11-20",
                    "- 2026-11-20T06:00:00Z: incomplete",
                    "- 2026-11-21T05:00:00Z: incomplete",
                    "- 2026-11-21T06:00:00Z: incomplete",
                    "+ 2026-11-22T05:00:00Z: last 2, though incomplete; daily 2026-11-22, though incomplete",
                    "+ 2026-11-23T05:00:00Z: incomplete, and nothing newer is good; last 2, though incomplete; daily 2026-11-23, though incomplete",
                ])
    }

    @Test func whatNobodyKnowsStaysAndCountsForNothing() throws {
        #expect(
            try Self.table(
                try Self.policy(last: 1),
                [
                    try Self.backup("2026-11-19T05:00:00Z"), try Self.backup("2026-11-20T05:00:00Z"),
                    try Self.backup("2026-11-21T05:00:00Z", .unknown("its copies differ in size")),
                ]) == [
                    "- 2026-11-19T05:00:00Z: older than the last 1",
                    "+ 2026-11-20T05:00:00Z: the newest good one; last 1",
                    "+ 2026-11-21T05:00:00Z: its state is not known: its copies differ in size",
                ])
    }

    @Test func aCopyThatMissedTheNewerOnesKeepsItsNewest() throws {
        let table = try Self.table(
            try Self.policy(last: 1),
            [
                try Self.backup("2026-11-18T05:00:00Z", copies: ["/disk", "s3://vault"]),
                try Self.backup("2026-11-19T05:00:00Z", copies: ["/disk", "s3://vault"]),
                try Self.backup("2026-11-20T05:00:00Z", copies: ["/disk"]),
                try Self.backup("2026-11-21T05:00:00Z", copies: ["/disk"]),
            ])
        #expect(
            table == [
                "- 2026-11-18T05:00:00Z: older than the last 1",
                "+ 2026-11-19T05:00:00Z: the newest good one in s3://vault",
                "- 2026-11-20T05:00:00Z: older than the last 1",
                "+ 2026-11-21T05:00:00Z: the newest good one; last 1",
            ])
    }

    @Test func taggedOnesStay() throws {
        #expect(
            try Self.table(
                try Self.policy(last: 1, tags: ["keep", "audit"]),
                [
                    try Self.backup("2026-11-18T05:00:00Z", tags: ["audit", "x"]),
                    try Self.backup("2026-11-19T05:00:00Z", tags: ["x"]), try Self.backup("2026-11-20T05:00:00Z"),
                ]) == [
                    "+ 2026-11-18T05:00:00Z: tag audit",
                    "- 2026-11-19T05:00:00Z: older than the last 1",
                    "+ 2026-11-20T05:00:00Z: the newest good one; last 1",
                ])
    }

    @Test func policiesThatKeepNothingAreRefused() throws {
        let wrong: [() throws -> RetentionPolicy] = [
            { try Self.policy() }, { try Self.policy(minimumAge: "30d") }, { try Self.policy(tags: ["keep"]) },
            { try Self.policy(last: -1) }, { try Self.policy(daily: 3, weekly: -1) },
            { try Self.policy(within: "0d") }, { try Self.policy(last: 1, zone: "CET") },
            { try Self.policy(last: 1, zone: "Europe/Nowhere") },
            { try Self.policy(last: 1, zone: "../../etc/passwd") },
        ]
        for make in wrong {
            let error = #expect(throws: HoldfastError.self) { _ = try make() }
            #expect(error?.code == .invalidConfiguration && error?.hint != nil)
        }
        for text in ["", "d", "7", "7x", "-7d", "7d7d", "1.5d", " 7d", "99999d", "٧d", "99999999999999999999d"] {
            #expect(throws: HoldfastError.self, "\(text)") { _ = try RetentionSpan(text) }
        }
    }

    /// Whatever is added that must not count, no good backup goes because of it; and one good backup always stays.
    @Test(arguments: 1...60 as ClosedRange<UInt64>)
    func whatDoesNotCountPushesNothingOut(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let now = try Date("2026-11-23T05:00:00Z", strategy: .iso8601)
        func number(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &random) }
        let policy = try Self.policy(
            last: number(0...4), hourly: number(0...4), daily: number(0...4), weekly: number(0...4),
            monthly: number(0...4), yearly: number(1...2), minimumAge: "2d",
            zone: ["UTC", "Europe/Berlin", "Pacific/Chatham"][number(0...2)])
        func backup(_ name: String, _ hours: ClosedRange<Int>, _ state: RetentionCandidate.State) -> RetentionCandidate
        {
            let time = now.addingTimeInterval(-Double(number(hours)) * 3600 - Double(number(1...3599)))
            return RetentionCandidate(file: name, name: name, time: time, state: state)
        }
        let good = (0..<number(1...40)).map { backup("good-\($0)", 48...9000, .good) }
        let kept = Set(policy.decide(good, now: now).filter(\.kept).map(\.name))
        #expect(!kept.isEmpty)
        var all = good
        for index in 0..<30 {
            all.append(backup("future-\(index)", -9000 ... -2, .good))
            all.append(backup("young-\(index)", 0...47, .good))
            all.append(backup("incomplete-\(index)", 0...9000, .incomplete))
            all.append(backup("unknown-\(index)", 0...9000, .unknown("it cannot be read")))
        }
        let now2 = Set(policy.decide(all.shuffled(using: &random), now: now).filter(\.kept).map(\.name))
        // The newest good one is another by now; it stays by its age.
        let oldNewest = good.max { $0.time < $1.time }.map(\.name)
        let lost = kept.subtracting(now2)
        #expect(lost.isSubset(of: [oldNewest ?? ""]))
    }
}
