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

/// What is wrong, who is told of it, and how often: on a clock of the test's own.
@Suite struct AlertTests {
    static let start = Date(timeIntervalSince1970: 1_800_000_000)
    static let hour: TimeInterval = 3600

    private func plan(every seconds: TimeInterval = 3600, rpo: TimeInterval? = nil) throws -> Plan {
        var plan = try Plan("photos", buckets: ["photos"], schedule: .every(seconds: seconds))
        plan.objectives.recoveryPoint = rpo
        return plan
    }

    private func record(_ state: RunState = .complete, success: TimeInterval? = 0) -> PlanRecord {
        var record = PlanRecord(name: "photos")
        record.lastState = state
        record.lastSuccess = success.map { Self.start.addingTimeInterval($0) }
        return record
    }

    private func kinds(_ plan: Plan, _ record: PlanRecord, after seconds: TimeInterval) -> [AlertFinding.Kind] {
        AlertRules.findings(of: plan, record, now: Self.start.addingTimeInterval(seconds)).map(\.type)
    }

    @Test("O9: failed, late, incomplete, and not verified; and nothing while all is well")
    func rules() throws {
        let plan = try plan()
        #expect(kinds(plan, PlanRecord(name: "photos"), after: 0).isEmpty, "not begun yet")
        #expect(kinds(plan, record(), after: Self.hour).isEmpty)
        var failed = record(.failed)
        (failed.remaining, failed.lastMessage) = (["photos"], "backup of photos: no route")
        #expect(kinds(plan, failed, after: 60) == [.backupFailed])
        let finding = try #require(AlertRules.findings(of: plan, failed, now: Self.start).first)
        #expect(finding.id == "backup_failed_photos" && finding.severity == .critical)
        #expect(finding.message == "No backup of photos: backup of photos: no route")
        #expect(kinds(plan, record(.exceptions), after: 60) == [.backupExceptions])
        // The interval, 21 minutes for what is tried again, and 5 for the round itself.
        #expect(kinds(plan, record(), after: Self.hour + 1560).isEmpty)
        #expect(kinds(plan, record(), after: Self.hour + 1561) == [.backupLate])
        var paused = record()
        paused.paused = true
        #expect(kinds(plan, paused, after: 100 * Self.hour).isEmpty, "somebody wants it so")
        #expect(kinds(try self.plan(rpo: 300), paused, after: 301) == [.backupLate], "but an objective is one")
        #expect(kinds(try self.plan(every: 86_400, rpo: 300), record(), after: 301) == [.backupLate])
        let nightly = try Plan(
            "photos", buckets: ["photos"], schedule: .cron(CronSchedule("0 3 * * *", in: .gmt)))
        // The start is at 8:00.
        #expect(kinds(nightly, record(), after: 19 * Self.hour + 1560).isEmpty)
        #expect(kinds(nightly, record(), after: 19 * Self.hour + 1561) == [.backupLate])
    }

    @Test func verification() throws {
        var plan = try plan()
        plan.verification = .init(depth: .contents, period: 24 * Self.hour)
        var record = record(success: 40 * Self.hour)
        #expect(kinds(plan, record, after: 40 * Self.hour) == [.verificationStale])
        record.lastVerified = Self.start.addingTimeInterval(15 * Self.hour)
        #expect(kinds(plan, record, after: 40 * Self.hour).isEmpty)
        record.lastVerified = Self.start
        #expect(kinds(plan, record, after: 40 * Self.hour) == [.verificationStale])
    }

    @Test("Raised once, repeated each 15 minutes, resolved by itself, and raised anew")
    func life() throws {
        var book = AlertBook([])
        let finding = AlertFinding(.backupFailed, of: "photos", named: "plan photos", .critical, "why")
        func take(_ findings: [AlertFinding], _ minutes: Double) -> [AlertNotice.Event] {
            book.take(findings, now: Self.start.addingTimeInterval(minutes * 60)).map(\.event)
        }
        #expect(take([finding], 0) == [.raised])
        #expect((1..<15).flatMap { take([finding], Double($0)) }.isEmpty)
        #expect((15...45).flatMap { take([finding], Double($0)) } == [.repeated, .repeated, .repeated])
        #expect(book.all.first?.escalationCount == 3 && book.all.first?.triggered == Self.start)
        #expect(take([], 46) == [.resolved])
        #expect(take([], 47).isEmpty && book.all.first?.status == .resolved)
        #expect(take([finding], 48) == [.raised] && book.all.count == 1)
        // Set back by a year, the clock does not make it silent.
        #expect(take([finding], -525_600) == [.repeated])
    }

    @Test("As JSON it has the fields of the older system, and comes back as it was")
    func shape() throws {
        var alert = Alert(
            AlertFinding(.backupLate, of: "photos", named: "plan photos", .critical, "late"), at: Self.start)
        let fields = try #require(
            try JSONSerialization.jsonObject(with: ReportJSON.encoder.encode(alert)) as? [String: Any])
        #expect(
            Set(fields.keys) == [
                "alert_id", "type", "service_id", "service_name", "severity", "status", "triggered_at",
                "triggered_timestamp", "last_notification", "resolved_at", "escalation_count", "down_duration_seconds",
                "message",
            ])
        #expect(fields["resolved_at"] is NSNull && fields["triggered_timestamp"] as? Double == 1_800_000_000)
        (alert.status, alert.resolved) = (.resolved, Self.start.addingTimeInterval(1.5))
        for encoder in [ReportJSON.encoder, JSONEncoder()] {
            #expect(try JSONDecoder().decode(Alert.self, from: encoder.encode(alert)) == alert)
        }
    }

    /// A channel that remembers, and fails when told to.
    private final class Listener: NotificationChannel {
        let label = "listener"
        let heard = Mutex<[AlertNotice.Event]>([])
        let isDeaf = Mutex(false)

        func send(_ notice: AlertNotice, at now: Date) async throws {
            if isDeaf.withLock({ $0 }) { throw HoldfastError(.unreachable, "deaf") }
            heard.withLock { $0.append(notice.event) }
        }
    }

    @Test("What a channel could not be told waits for it; what was told is not told again after a restart")
    func watch() async throws {
        try await Scene.with { scene in
            let state = try await StateDirectory(scene.root.appending("state")).database()
            let minutes = Mutex(0.0)
            let services = SystemServices { Self.start.addingTimeInterval(minutes.withLock { $0 } * 60) }
            let wrong = Mutex(true)
            let plan = try plan()
            let (good, bad) = (Listener(), Listener())
            func watch() -> AlertWatch {
                AlertWatch(
                    channels: [bad, good], state: state, services: services,
                    logger: Logger(label: "tests") { _ in SwiftLogNoOpLogHandler() }
                ) {
                    var record = PlanRecord(name: "photos")
                    if wrong.withLock({ $0 }) { (record.lastState, record.remaining) = (.failed, ["photos"]) }
                    return [(plan, record)]
                }
            }
            bad.isDeaf.withLock { $0 = true }
            let first = watch()
            await first.look()
            #expect(good.heard.withLock { $0 } == [.raised] && bad.heard.withLock { $0 } == [])
            bad.isDeaf.withLock { $0 = false }
            minutes.withLock { $0 = 1 }
            await first.look()
            #expect(good.heard.withLock { $0 } == [.raised] && bad.heard.withLock { $0 } == [.raised])
            // Another process.
            let second = watch()
            minutes.withLock { $0 = 2 }
            await second.look()
            #expect(good.heard.withLock { $0 } == [.raised])
            #expect(try await second.alerts().map(\.status) == [.active])
            wrong.withLock { $0 = false }
            await second.look()
            #expect(good.heard.withLock { $0 } == [.raised, .resolved])
            #expect(try await watch().alerts().map(\.status) == [.resolved])
            try await state.close()
        }
    }

    @Test("Looks each minute until it is cancelled, and resolves nothing when it cannot know")
    func unknown() async throws {
        try await Scene.with { scene in
            let state = try await StateDirectory(scene.root.appending("state")).database()
            let clock = ManualClock()
            let looks = Mutex(0)
            let listener = Listener()
            var failed = record(.failed)
            failed.remaining = ["photos"]
            let (plan, record) = (try plan(), failed)
            let watch = AlertWatch(
                channels: [listener], state: state, services: SystemServices { Self.start }, clock: clock,
                logger: Logger(label: "tests") { _ in SwiftLogNoOpLogHandler() }
            ) {
                if looks.withLock({
                    $0 += 1; return $0
                }) > 1 {
                    throw HoldfastError(.failed, "no database")
                }
                return [(plan, record)]
            }
            let running = Task { await watch.run() }
            for _ in 0..<3 {
                await clock.sleepers(1)
                clock.advance(by: .seconds(60))
            }
            await clock.sleepers(1)
            #expect(looks.withLock { $0 } == 4 && clock.sleeps == Array(repeating: .seconds(60), count: 4))
            #expect(listener.heard.withLock { $0 } == [.raised])
            running.cancel()
            await running.value
            try await state.close()
        }
    }
}
