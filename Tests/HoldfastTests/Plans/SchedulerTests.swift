// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Catalog
import Foundation
import Holdfast
import Logging
import Synchronization
import SystemPackage
import TestSupport
import Testing

/// The scheduler with real backups in memory, on a clock that stands still until the test moves it.
@Suite struct SchedulerTests {
    /// What a scheduler lives in, and what it did.
    final class Stage: Sendable {
        let scene: Scene
        let clock = ManualClock()
        let state: StateDatabase
        let book: RunBook
        let services: SystemServices
        let scheduler: Scheduler
        /// The bucket whose backups fail.
        let broken = Mutex<String?>(nil)
        let made = Mutex<[String]>([])
        /// How many were at work at once.
        let atWork = Mutex((now: 0, most: 0))
        /// How far the wall clock is from the clock that sleeps go by.
        let ahead: Mutex<TimeInterval>

        init(_ scene: Scene, _ plans: [Plan]) async throws {
            self.scene = scene
            let logger = Logger(label: "tests") { _ in SwiftLogNoOpLogHandler() }
            state = try await StateDirectory(scene.root.appending("state")).database()
            let box = Box()
            let clock = clock
            services = SystemServices {
                let seconds = clock.now.offset / .seconds(1)
                return Date(timeIntervalSince1970: 1_800_000_000 + seconds + (box.stage?.ahead.withLock { $0 } ?? 0))
            }
            ahead = Mutex(0)
            book = try await RunBook(state: state, services: services, logger: logger)
            let work = PlanWork(
                backUp: { bucket, name, _, _ in try await box.backUp(bucket, name) },
                exists: { name in box.stage?.made.withLock { $0.contains(name.rawValue) } ?? false },
                prune: { policies, _ in
                    try await PruneRun(
                        vault: scene.vault, policies: policies, options: .init(), environment: scene.environment
                    ).run()
                },
                verify: { name, depth, verified, _ in try await scene.verify(depth, name.rawValue) })
            scheduler = Scheduler(
                plans: plans, work: work, book: book, state: state, services: services, clock: clock, logger: logger)
            box.set(self)
        }

        /// The stage, for what is made before it.
        final class Box: Sendable {
            private let held = Mutex<Stage?>(nil)
            var stage: Stage? { held.withLock { $0 } }
            func set(_ stage: Stage?) { held.withLock { $0 = stage } }

            func backUp(_ bucket: String, _ name: BackupName) async throws -> BackupReport {
                guard let stage else { throw CancellationError() }
                return try await stage.backUp(bucket, name)
            }
        }

        func backUp(_ bucket: String, _ name: BackupName) async throws -> BackupReport {
            atWork.withLock { $0 = ($0.now + 1, max($0.most, $0.now + 1)) }
            defer { atWork.withLock { $0.now -= 1 } }
            await Task.yield()
            if broken.withLock({ $0 == bucket }) { throw HoldfastError(.unreachable, "\(bucket) cannot be reached.") }
            let report = try await scene.backUp(name.rawValue, allowEmpty: true)
            made.withLock { $0.append(name.rawValue) }
            return report
        }

        /// Waits until nothing is at work and the scheduler sleeps.
        func settle() async throws {
            while true {
                await clock.sleepers(1)
                let isBusy = try await scheduler.statuses().contains { $0.running }
                if !isBusy { return }
                await Task.yield()
            }
        }

        /// Lets time pass, a minute at most at once, as a sleeping scheduler sees it.
        func pass(_ seconds: TimeInterval) async throws {
            try await settle()
            clock.advance(by: .seconds(seconds))
            try await settle()
        }

        var names: [String] { made.withLock { $0 } }
    }

    private func with(_ plans: [Plan], _ body: (Stage) async throws -> Void) async throws {
        try await Scene.with { scene in
            try await scene.fill(3)
            let stage = try await Stage(scene, plans)
            let running = Task { await stage.scheduler.run() }
            do {
                try await body(stage)
            } catch {
                running.cancel()
                await stage.book.stop()
                await running.value
                throw error
            }
            running.cancel()
            await stage.book.stop()
            await running.value
            try await stage.state.close()
        }
    }

    private func plan(_ name: String, _ buckets: [String] = ["a"], every seconds: TimeInterval = 3600) throws -> Plan {
        try Plan(name, buckets: buckets, schedule: .every(seconds: seconds))
    }

    @Test("O1: the first round at once, the next ones in time, each remembered as runs of the plan")
    func rounds() async throws {
        try await with([try plan("p", ["a", "b"], every: 300)]) { stage in
            try await stage.settle()
            #expect(stage.names == ["p_a_20270115_080000", "p_b_20270115_080000"])
            for _ in 0..<5 { try await stage.pass(60) }
            #expect(stage.names.count == 4)
            let runs = try await stage.state.runs(plan: "p", limit: 10)
            #expect(runs.count == 4 && runs.allSatisfy { $0.state == .complete && $0.requester == "scheduler" })
            #expect(Set(runs.map(\.correlationID)).count == 2, "one for a round")
            #expect(try await stage.scheduler.status("p").lastState == .complete)
        }
    }

    @Test("O2: a bucket that fails keeps nobody else from a backup, and is tried again alone")
    func failing() async throws {
        try await with([try plan("p", ["a", "bad", "c"])]) { stage in
            stage.broken.withLock { $0 = "bad" }
            try await stage.settle()
            #expect(stage.names == ["p_a_20270115_080000", "p_c_20270115_080000"])
            var status = try await stage.scheduler.status("p")
            #expect(status.lastState == .failed && status.remaining == ["bad"] && status.lastSuccess == nil)
            #expect(try #require(status.lastMessage).contains("bad cannot be reached"))
            stage.broken.withLock { $0 = nil }
            try await stage.pass(60)
            #expect(stage.names.last == "p_bad_20270115_080000" && stage.names.count == 3)
            status = try await stage.scheduler.status("p")
            #expect(status.lastState == .complete && status.lastSuccess != nil && status.remaining.isEmpty)
        }
    }

    @Test("Two at once and no more, whatever is due")
    func limit() async throws {
        try await with(try (0..<12).map { try plan("p\($0)") }) { stage in
            while stage.names.count < 12 { try await stage.settle() }
            #expect(stage.atWork.withLock { $0.most } <= 2)
            try await stage.settle()
            #expect(Set(stage.names).count == 12)
        }
    }

    @Test("Pause, run now, resume")
    func pause() async throws {
        try await with([try plan("p", every: 300)]) { stage in
            try await stage.settle()
            try await stage.scheduler.pause("p")
            for _ in 0..<11 { try await stage.pass(60) }
            #expect(stage.names.count == 1)
            try await stage.scheduler.runNow("p", requester: "ada")
            try await stage.pass(0)
            #expect(stage.names.count == 2)
            #expect(try await stage.state.runs(limit: 1).first?.requester == "ada")
            try await stage.scheduler.resume("p")
            try await stage.pass(0)
            #expect(stage.names.count == 2, "what was asked for has made up for what was missed")
            for _ in 0..<5 { try await stage.pass(60) }
            #expect(stage.names.count == 3)
            await #expect(throws: HoldfastError.self) { try await stage.scheduler.pause("q") }
            await #expect(throws: HoldfastError.self) { try await stage.scheduler.runNow("q", requester: "ada") }
        }
    }

    @Test("What another process paused is followed within a minute")
    func elsewhere() async throws {
        try await with([try plan("p", every: 120)]) { stage in
            try await stage.settle()
            try await stage.state.changePlan("p") { $0.paused = true }
            for _ in 0..<4 { try await stage.pass(60) }
            #expect(stage.names.count == 1)
        }
    }

    @Test("A wall clock that jumps is noticed within a minute, and nothing comes in a burst")
    func jump() async throws {
        try await with([try plan("p", every: 3600)]) { stage in
            try await stage.settle()
            stage.ahead.withLock { $0 = 1_000_000 }
            for _ in 0..<3 { try await stage.pass(60) }
            #expect(stage.names.count == 2)
            stage.ahead.withLock { $0 = 0 }
            for _ in 0..<3 { try await stage.pass(60) }
            #expect(stage.names.count == 2)
            for _ in 0..<60 { try await stage.pass(60) }
            #expect(stage.names.count == 3)
        }
    }

    @Test("Plans that are reloaded come and go")
    func reload() async throws {
        try await with([try plan("p", every: 300)]) { stage in
            try await stage.settle()
            await stage.scheduler.reload([try plan("q", every: 300)])
            try await stage.pass(0)
            for _ in 0..<5 { try await stage.pass(60) }
            #expect(stage.names.filter { $0.hasPrefix("p_") }.count == 1)
            #expect(stage.names.filter { $0.hasPrefix("q_") }.count == 2)
        }
    }

    @Test("Retention and verification follow a backup, as runs of their own")
    func sides() async throws {
        var kept = try plan("p", every: 3600)
        var counts = RetentionPolicy.Counts()
        counts.last = 1
        kept.retention = try RetentionPolicy(counts)
        kept.verification = .init(depth: .contents, period: 24 * 3600)
        // The scene's backups are all of one bucket.
        kept = try kept.of(bucket: Scene.bucket)
        try await with([kept]) { stage in
            try await stage.settle()
            let kinds = try await stage.state.runs(plan: "p", limit: 10).map(\.kind)
            #expect(Set(kinds) == ["backup", "prune", "verify"])
            #expect(try await stage.scheduler.status("p").lastVerified != nil)
            for _ in 0..<60 { try await stage.pass(60) }
            let later = try await stage.state.runs(plan: "p", limit: 10).map(\.kind)
            #expect(later.filter { $0 == "prune" }.count == 2 && later.filter { $0 == "verify" }.count == 1)
        }
    }

    @Test("O3: of two services with one state, one begins a round and the other sees that it is not due any more")
    func together() async throws {
        try await Scene.with { scene in
            let first = try await StateDirectory(scene.root.appending("state")).database()
            let second = try await StateDirectory(scene.root.appending("state")).database()
            let plan = try plan("p")
            let now = Date(timeIntervalSince1970: 1_800_000_000)
            let rounds = try await withThrowingTaskGroup(of: PlanRound?.self) { group in
                for (index, state) in [first, second, first, second].enumerated() {
                    group.addTask {
                        do {
                            return try await state.changePlan("p") {
                                try $0.begin(plan, now: now, isAsked: false, process: Int32(index)) { _, _ in false }
                            }
                        } catch is HoldfastError {
                            return nil
                        }
                    }
                }
                return try await group.reduce(into: []) { if let round = $1 { $0.append(round) } }
            }
            #expect(rounds.count == 1)
            var report = PlanReport(plan: "p", round: now, remaining: [])
            report.state = .complete
            let (ended, end) = (report, now.addingTimeInterval(1))
            try await first.changePlan("p") { $0.end(plan, ended, now: end) }
            let again = try await second.changePlan("p") {
                try $0.begin(plan, now: end, isAsked: false, process: 9) { _, _ in false }
            }
            #expect(again == nil)
            try await first.close()
            try await second.close()
        }
    }

    @Test("While another process is at work on it, nobody begins it, not even when asked to")
    func busy() async throws {
        try await with([try plan("p", every: 300)]) { stage in
            try await stage.settle()
            let now = stage.services.now()
            // The first process of the machine is older than any round.
            try await stage.state.changePlan("p") { ($0.process, $0.lastBegun) = (1, now) }
            #expect(try await stage.scheduler.status("p").running)
            try await stage.scheduler.runNow("p", requester: "ada")
            for _ in 0..<12 {
                stage.clock.advance(by: .seconds(60))
                await stage.clock.sleepers(1)
            }
            #expect(stage.names.count == 1)
            // No process has this number.
            try await stage.state.changePlan("p") { $0.process = .max }
            while stage.names.count == 1 {
                stage.clock.advance(by: .seconds(60))
                await stage.clock.sleepers(1)
                await Task.yield()
            }
            try await stage.settle()
        }
    }

    @Test("A record comes back as it was kept")
    func record() async throws {
        try await Scene.with { scene in
            let state = try await StateDirectory(scene.root.appending("state")).database()
            #expect(try await state.plan("p") == PlanRecord(name: "p"))
            var record = PlanRecord(name: "p")
            let date = Date(timeIntervalSince1970: 1_800_000_000.125)
            (record.paused, record.due, record.retry, record.attempts) = (true, date, date + 1, 3)
            (record.round, record.remaining, record.process) = (date + 2, ["a", "ü"], 77)
            (record.lastBegun, record.lastSuccess, record.lastVerified) = (date + 3, date + 4, date + 5)
            (record.lastPruned, record.lastState, record.lastMessage) = (date + 6, .exceptions, "why")
            let kept = record
            try await state.changePlan("p") { $0 = kept }
            #expect(try await state.plan("p") == kept)
            #expect(try await state.plans() == [kept])
            struct Stop: Error {}
            await #expect(throws: Stop.self) {
                try await state.changePlan("p") {
                    $0.paused = false
                    throw Stop()
                }
            }
            #expect(try await state.plan("p") == kept)
            try await state.close()
        }
    }
}

extension Plan {
    fileprivate func of(bucket: String) throws -> Plan {
        var other = try Plan(name, buckets: [bucket], schedule: schedule)
        (other.retention, other.verification) = (retention, verification)
        return other
    }
}
