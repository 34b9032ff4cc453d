// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Catalog
import Foundation
import Holdfast
import Testing

/// When the rounds of a plan begin, whatever happens to clocks, processes and servers: nothing here waits for anything.
@Suite struct PlanRecordTests {
    static let start = Date(timeIntervalSince1970: 1_800_000_000)
    static let hour: TimeInterval = 3600

    /// A plan that is followed through time.
    struct Life {
        let plan: Plan
        var record: PlanRecord
        var now = PlanRecordTests.start
        var begun: [TimeInterval] = []
        var rounds: [PlanRound] = []
        /// What each attempt comes to; the last one holds for all later ones.
        var outcomes: [RunState] = [.complete]
        var duration: TimeInterval = 1

        init(_ schedule: PlanSchedule, buckets: [String] = ["photos"]) throws {
            plan = try Plan("p", buckets: buckets, schedule: schedule)
            record = PlanRecord(name: "p")
        }

        mutating func begin(isAsked: Bool = false, isGone: Bool = false) throws -> PlanRound? {
            try record.begin(plan, now: now, isAsked: isAsked, process: 7) { _, _ in isGone }
        }

        mutating func end(_ state: RunState, remaining: [String]? = nil) {
            var report = PlanReport(plan: "p", round: now, remaining: remaining ?? (state == .failed ? ["photos"] : []))
            report.state = state
            record.end(plan, report, now: now)
        }

        /// As a service does it, for so long.
        mutating func live(for seconds: TimeInterval) throws {
            let end = now.addingTimeInterval(seconds)
            while let wanted = record.wanted, max(wanted, now) < end {
                now = max(wanted, now)
                if let round = try begin() {
                    begun.append(now.timeIntervalSince(PlanRecordTests.start))
                    rounds.append(round)
                    now.addTimeInterval(duration)
                    self.end(outcomes.count > 1 ? outcomes.removeFirst() : outcomes[0])
                }
            }
            now = max(now, end)
        }
    }

    @Test("O1: the first round begins at once; after that the grid holds, and what runs long does not shift it")
    func grid() throws {
        var life = try Life(.every(seconds: Self.hour))
        life.duration = 100
        try life.live(for: 5 * Self.hour)
        let jitter = life.plan.schedule.jitter(of: "p")
        #expect(jitter >= 0 && jitter <= 300)
        #expect(life.begun == [0] + (1...5).map { Double($0) * Self.hour - jitter })
    }

    @Test("Rounds that are asked for within one second are named after a second of their own")
    func stamps() throws {
        var life = try Life(.every(seconds: Self.hour))
        var stamps: [TimeInterval] = []
        for pause in [0.2, 0.2, 0.3, 0.1, 10] {
            life.now.addTimeInterval(pause)
            stamps.append(try #require(try life.begin(isAsked: true)).stamp.timeIntervalSince(Self.start))
            life.end(.complete)
        }
        #expect(stamps.map { $0.rounded(.down) } == [0, 1, 2, 3, 10])
        // A clock that was set back by far: its names were given out long ago, or will be.
        life.now = Self.start - 86_400
        #expect(try life.begin(isAsked: true)?.stamp == life.now)
    }

    @Test("Missed while the service was down: made up for once, and then the grid again")
    func missed() throws {
        var life = try Life(.every(seconds: Self.hour))
        try life.live(for: 1.5 * Self.hour)
        let second = try #require(life.begun.last)
        life.now.addTimeInterval(100 * Self.hour)
        life.begun = []
        let back = life.now.timeIntervalSince(Self.start)
        try life.live(for: 2 * Self.hour)
        #expect(life.begun == [back, second + 101 * Self.hour, second + 102 * Self.hour])
    }

    @Test("O1: a service that is restarted each hour still makes its daily backup")
    func restarts() throws {
        var life = try Life(.every(seconds: 24 * Self.hour))
        for _ in 0..<72 {
            let remembered = life.record
            life.record = remembered
            try life.live(for: Self.hour)
        }
        #expect(life.begun.count == 4)
    }

    @Test("O2: a failed round is tried again after 1, 5 and 15 minutes, and then waits for the next one")
    func retries() throws {
        var life = try Life(.every(seconds: 24 * Self.hour))
        life.outcomes = [.failed]
        life.duration = 0
        try life.live(for: 23 * Self.hour)
        #expect(life.begun == [0, 60, 360, 1260])
        #expect(Set(life.rounds.map(\.stamp)) == [Self.start], "one stamp for a round")
        #expect(life.rounds.map(\.isContinued) == [false, true, true, true])
        life.outcomes = [.complete]
        try life.live(for: 2 * Self.hour)
        #expect(life.begun.count == 5 && life.rounds.last?.stamp != Self.start)
        #expect(life.record.attempts == 0 && life.record.retry == nil)
    }

    @Test("Only the buckets that failed are tried again")
    func remaining() throws {
        var life = try Life(.every(seconds: Self.hour), buckets: ["a", "b", "c"])
        #expect(try life.begin()?.buckets == ["a", "b", "c"])
        life.end(.failed, remaining: ["b"])
        life.now.addTimeInterval(60)
        let round = try #require(try life.begin())
        #expect(round.buckets == ["b"] && round.isContinued && round.stamp == Self.start)
        life.end(.complete)
        #expect(life.record.lastSuccess == Self.start)
    }

    @Test("A process that dies in the middle: its round is gone on with at once, under the same name")
    func killed() throws {
        var life = try Life(.every(seconds: 300), buckets: ["a", "b"])
        _ = try life.begin()
        // However late: a long backup must come to its end.
        life.now.addTimeInterval(10_000)
        #expect(life.record.wanted == .distantPast)
        #expect(throws: HoldfastError.self) { try life.begin() }
        let round = try #require(try life.begin(isGone: true))
        #expect(round.isContinued && round.stamp == Self.start && round.buckets == ["a", "b"])
        life.end(.complete)
        #expect(try #require(life.record.due) > life.now)
    }

    @Test("A service that is told to stop goes on with the round when it is back")
    func interrupted() throws {
        var life = try Life(.every(seconds: 24 * Self.hour), buckets: ["a", "b"])
        _ = try life.begin()
        life.end(.interrupted, remaining: ["b"])
        life.now.addTimeInterval(5)
        let round = try #require(try life.begin())
        #expect(round.buckets == ["b"] && round.isContinued)
    }

    @Test("A round that somebody stopped is not tried again")
    func cancelled() throws {
        var life = try Life(.every(seconds: Self.hour))
        _ = try life.begin()
        life.end(.cancelled, remaining: ["photos"])
        #expect(life.record.wanted == life.record.due)
        #expect(life.record.lastSuccess == nil)
    }

    @Test(
        "A clock that jumps makes neither a burst nor a silence",
        arguments: [-9600, -24, -1, -0.01, 0.01, 1, 24, 9600] as [Double])
    func jumps(hours: Double) throws {
        var life = try Life(.every(seconds: Self.hour))
        try life.live(for: 10.5 * Self.hour)
        life.begun = []
        life.now.addTimeInterval(hours * Self.hour)
        // As the scheduler does at each look.
        life.record.correct(for: life.plan, now: life.now)
        let jump = life.now.timeIntervalSince(Self.start)
        try life.live(for: 4 * Self.hour)
        let gaps = zip(life.begun, life.begun.dropFirst()).map { $1 - $0 }
        #expect((3...5).contains(life.begun.count))
        #expect(try #require(life.begun.first) <= jump + Self.hour)
        // The one that is made up for may lie close to the grid; all others keep their distance.
        #expect(gaps.dropFirst().allSatisfy { $0 == Self.hour })
    }

    @Test("A clock that stood in the future leaves nothing that waits for it")
    func future() throws {
        var life = try Life(.every(seconds: 300))
        life.now.addTimeInterval(30 * 365 * 24 * Self.hour)
        try life.live(for: Self.hour)
        life.outcomes = [.failed]
        try life.live(for: 301)
        life.now = Self.start
        life.begun = []
        life.outcomes = [.complete]
        life.record.correct(for: life.plan, now: life.now)
        try life.live(for: Self.hour)
        #expect((11...14).contains(life.begun.count))
    }

    @Test("A round that runs longer than its interval is followed by a pause, not by the next one at once")
    func overrun() throws {
        var life = try Life(.every(seconds: 300))
        life.duration = 400
        try life.live(for: 3000)
        let gaps = zip(life.begun, life.begun.dropFirst()).map { $1 - $0 }
        #expect(gaps.allSatisfy { $0 > 400 } && gaps.count >= 3)
    }

    @Test("Paused, nothing is begun; resumed, what was missed is made up for once")
    func paused() throws {
        var life = try Life(.every(seconds: Self.hour))
        try life.live(for: 1)
        life.record.paused = true
        #expect(life.record.wanted == nil)
        #expect(try life.begin() == nil)
        life.now.addTimeInterval(10 * Self.hour)
        #expect(try life.begin() == nil)
        #expect(try life.begin(isAsked: true) != nil, "unless somebody asks")
        life.end(.complete)
        life.now.addTimeInterval(10 * Self.hour)
        life.record.paused = false
        life.begun = []
        try life.live(for: 10)
        #expect(life.begun.count == 1)
    }

    @Test("Asked for before its time, it keeps its time")
    func asked() throws {
        var life = try Life(.every(seconds: Self.hour))
        try life.live(for: 10)
        let due = life.record.due
        #expect(try life.begin() == nil)
        let round = try #require(try life.begin(isAsked: true))
        #expect(!round.isContinued && round.stamp == life.now)
        life.end(.complete)
        #expect(life.record.due == due)
    }

    @Test("A schedule that was changed counts from now on")
    func changed() throws {
        var life = try Life(.every(seconds: 168 * Self.hour))
        try life.live(for: 10)
        let other = try Plan("p", buckets: ["photos"], schedule: .every(seconds: 300))
        life.record.correct(for: other, now: life.now)
        #expect(try #require(life.record.wanted) <= life.now.addingTimeInterval(300))
    }

    @Test("Cron, with a day on which the clocks are set")
    func cron() throws {
        var life = try Life(.cron(CronSchedule("30 2 * * *", in: TimeZone.named("Europe/Berlin"))))
        life.now = try Date("2026-10-23T12:00:00Z", strategy: .iso8601)
        let first = life.now.timeIntervalSince(Self.start)
        try life.live(for: 4 * 24 * Self.hour)
        let times = life.begun.map { TimeText.iso(Self.start.addingTimeInterval($0)) }
        #expect(life.begun.first == first)
        #expect(
            times.dropFirst() == [
                "2026-10-24T00:30:00Z", "2026-10-25T00:30:00Z", "2026-10-26T01:30:00Z", "2026-10-27T01:30:00Z",
            ])
    }

    @Test("Retention each hour at most, verification when it is due")
    func side() throws {
        let week: TimeInterval = 7 * 24 * 3600
        var plan = try Plan("p", buckets: ["a"], schedule: .every(seconds: 300))
        plan.retention = try RetentionPolicy(.init(), within: RetentionSpan("1d"))
        plan.verification = .init(depth: .contents, period: week)
        var record = PlanRecord(name: "p")
        func begin(_ seconds: TimeInterval) throws -> PlanRound? {
            try record.begin(plan, now: Self.start.addingTimeInterval(seconds), isAsked: true, process: 7) { _, _ in
                true
            }
        }
        let first = try #require(try begin(0))
        #expect(first.prunes && first.verifies)
        (record.lastPruned, record.lastVerified) = (Self.start, Self.start)
        let second = try #require(try begin(300))
        #expect(!second.prunes && !second.verifies)
        #expect(try begin(3290)?.prunes == false)
        #expect(try begin(3300)?.prunes == true)
        #expect(try begin(week - 400)?.verifies == false)
        #expect(try begin(week)?.verifies == true)
        // Set back, the clock does not put it off.
        #expect(try begin(-10)?.verifies == true)
    }

    @Test("O4: nothing less than a minute is an interval")
    func intervals() throws {
        for seconds in [0, -1, 59.9, .nan, .infinity, 1e12] {
            #expect(throws: HoldfastError.self) { try PlanSchedule.every(seconds: seconds) }
        }
        #expect(try PlanSchedule.every(seconds: 60).words == "every 1m")
        #expect(try PlanSchedule.every(seconds: 1800).words == "every 30m")
        #expect(try PlanSchedule.every(seconds: 168 * 3600).words == "every 7d")
    }

    @Test("Jitter is the same for a name, and differs between names")
    func jitter() throws {
        let schedule = try PlanSchedule.every(seconds: 300)
        let jitters = (0..<200).map { schedule.jitter(of: "plan-\($0)") }
        #expect(jitters.allSatisfy { (0...30).contains($0) } && Set(jitters).count > 15)
        #expect(jitters[7] == schedule.jitter(of: "plan-7"))
        #expect(try PlanSchedule.every(seconds: 168 * 3600).jitter(of: "x") <= 300)
        #expect(try PlanSchedule.cron(CronSchedule("0 0 * * *", in: .gmt)).jitter(of: "x") == 0)
    }

    @Test("What waited longest begins first; what has no room waits")
    func clock() {
        let now = Self.start
        let plans = [("b", -5.0), ("a", -5), ("late", -50), ("never", -1e9), ("next", 30), ("later", 60)].map {
            (name: $0.0, wanted: now.addingTimeInterval($0.1))
        }
        let choice = PlanClock(plans, room: 3, now: now)
        #expect(choice.begins == ["never", "late", "a"])
        #expect(choice.next == now.addingTimeInterval(30))
        #expect(PlanClock(plans, room: -1, now: now).begins.isEmpty)
        #expect(PlanClock([], room: 2, now: now).next == nil)
    }

    @Test(arguments: ["", "a b", "../x", "-x", String(repeating: "x", count: 61), "ü"])
    func names(_ name: String) {
        #expect(throws: HoldfastError.self) { try Plan(name, buckets: ["a"], schedule: .every(seconds: 60)) }
    }

    @Test func backupNames() throws {
        let plan = try Plan(
            "scheduled", buckets: ["diagrams"], schedule: .every(seconds: 60), namePrefix: Plan.environmentName)
        let stamp = try Date("2026-11-23T04:05:06Z", strategy: .iso8601)
        #expect(try plan.backupName(of: "diagrams", at: stamp).rawValue == "scheduled_diagrams_20261123_040506")
        #expect(throws: HoldfastError.self) { try Plan("p", buckets: [], schedule: .every(seconds: 60)) }
        #expect(throws: HoldfastError.self) { try Plan("p", buckets: ["a", "a"], schedule: .every(seconds: 60)) }
    }
}
