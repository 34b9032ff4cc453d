// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

package import Catalog
import Foundation
package import Logging

/// Begins the rounds of plans when they are due: two at once at most, and never two of the same plan.
///
/// It sleeps until the next one is due, and looks again each minute at least: wall clocks jump, and other processes
/// pause plans and resume them.
package actor Scheduler {
    /// Rounds that are begun because they are due, at once. What somebody asks for is begun beside them.
    private static let limit = 2
    private static let lookPeriod: TimeInterval = 60

    private var plans: [String: Plan] = [:]
    private var records: [String: PlanRecord] = [:]
    private var running: Set<String> = []
    /// Plans that somebody wants to run now, and who.
    private var asked: [String: String] = [:]
    /// Plans that could not be begun, until the next look.
    private var refused: Set<String> = []
    private var looked: Date?
    private var isWoken = false
    private var sleeper: Task<Void, Never>?

    private let work: PlanWork
    private let book: RunBook
    private let state: StateDatabase
    private let services: SystemServices
    private let clock: any Clock<Duration>
    private let logger: Logger

    /// - Parameter clock: what is slept by; when something is due says `services`.
    package init(
        plans: [Plan], work: PlanWork, book: RunBook, state: StateDatabase, services: SystemServices,
        clock: any Clock<Duration> = ContinuousClock(), logger: Logger
    ) {
        self.plans = Dictionary(plans.map { ($0.name, $0) }) { $1 }
        self.work = work
        self.book = book
        self.state = state
        self.services = services
        self.clock = clock
        self.logger = logger
    }

    /// Begins what is due until its task is cancelled, and returns when the rounds that go on have ended. Whoever stops
    /// it stops the book as well, which is what ends their runs.
    package func run() async {
        plans.values.sorted { $0.name < $1.name }.forEach(announce)
        await withDiscardingTaskGroup { group in
            while !Task.isCancelled {
                await look()
                for (plan, requester) in chosen() {
                    running.insert(plan.name)
                    group.addTask { await self.runRound(of: plan, askedBy: requester) }
                }
                await sleep()
            }
        }
        for plan in plans.values where plan.isOfEnvironment { logger.info("Scheduled MinIO backup task cancelled") }
    }

    /// Every plan and how it stands, by name.
    package func statuses() async throws -> [PlanStatus] {
        try await records().map { plan, record in
            var status = PlanStatus(plan, record, now: services.now())
            status.running = status.running || running.contains(plan.name)
            return status
        }
    }

    /// Every plan and what is remembered of it: what rules judge.
    package func records() async throws -> [(plan: Plan, record: PlanRecord)] {
        let records = Dictionary(try await state.plans().map { ($0.name, $0) }) { $1 }
        return plans.values.sorted { $0.name < $1.name }.map { ($0, records[$0.name] ?? PlanRecord(name: $0.name)) }
    }

    /// One plan and how it stands.
    ///
    /// - Throws: ``HoldfastError`` `.notFound`.
    package func status(_ name: String) async throws -> PlanStatus {
        let plan = try plan(name)
        var status = PlanStatus(plan, try await state.plan(name), now: services.now())
        status.running = status.running || running.contains(name)
        return status
    }

    /// Begins nothing of a plan any more, until it is resumed. A round that goes on comes to its end.
    package func pause(_ name: String) async throws { try await setPaused(name, true) }

    /// What was missed meanwhile is made up for, once.
    package func resume(_ name: String) async throws { try await setPaused(name, false) }

    /// Begins a round at once, whatever is due, paused or not.
    ///
    /// - Parameter requester: who wants it.
    /// - Throws: ``HoldfastError`` `.notFound`, and `.conflict` while the plan is at work.
    package func runNow(_ name: String, requester: String) async throws {
        _ = try plan(name)
        guard !running.contains(name), asked[name] == nil else {
            throw HoldfastError(.conflict, "The plan \(name) is at work already.", hint: "Wait until it has ended.")
        }
        asked[name] = requester
        wake()
    }

    /// Takes other plans from now on. What goes on of a plan that is gone comes to its end.
    package func reload(_ plans: [Plan]) {
        self.plans = Dictionary(plans.map { ($0.name, $0) }) { $1 }
        plans.forEach(announce)
        looked = nil
        wake()
    }

    private func plan(_ name: String) throws -> Plan {
        if let plan = plans[name] { return plan }
        throw HoldfastError(
            .notFound, "There is no plan \(name.prefix(60)).",
            hint: plans.isEmpty ? nil : "The plans are \(plans.keys.sorted().prefix(20).joined(separator: ", ")).")
    }

    private func setPaused(_ name: String, _ isPaused: Bool) async throws {
        _ = try plan(name)
        try await state.changePlan(name) { $0.paused = isPaused }
        looked = nil
        wake()
    }

    /// Reads what is remembered, when that was not done for a minute or the clock has jumped.
    private func look() async {
        let now = services.now()
        if let looked, abs(now.timeIntervalSince(looked)) < Self.lookPeriod { return }
        looked = now
        refused = []
        do {
            let found = try await state.plans()
            records = [:]
            for record in found {
                guard let plan = plans[record.name] else { continue }
                var corrected = record
                corrected.correct(for: plan, now: now)
                records[record.name] = corrected
                // Kept, or it would be moved on again at each look.
                if corrected != record { try await state.changePlan(plan.name) { $0.correct(for: plan, now: now) } }
            }
            for name in plans.keys where records[name] == nil { records[name] = PlanRecord(name: name) }
        } catch {
            // What is known from before still holds; each beginning asks the database itself.
            logger.error("what is remembered of the plans cannot be read: \(error)")
        }
    }

    private var waiting: [(name: String, wanted: Date)] {
        records.values.compactMap { record in
            guard plans[record.name] != nil, !running.contains(record.name), !refused.contains(record.name),
                let wanted = record.wanted
            else { return nil }
            return (record.name, wanted)
        }
    }

    private func decide() -> PlanClock {
        PlanClock(waiting, room: Self.limit - running.count, now: services.now())
    }

    /// What is to be begun now, and who wants it.
    private func chosen() -> [(Plan, String?)] {
        var chosen: [(Plan, String?)] = []
        for (name, requester) in asked where !running.contains(name) {
            if let plan = plans[name] { chosen.append((plan, requester)) }
        }
        asked = [:]
        let names = chosen.map(\.0.name)
        for name in decide().begins where !names.contains(name) {
            if let plan = plans[name] { chosen.append((plan, nil)) }
        }
        return chosen
    }

    private func runRound(of plan: Plan, askedBy requester: String?) async {
        let run = PlanRun(
            plan, work: work, book: book, state: state, services: services, logger: logger,
            requester: requester ?? "scheduler")
        do {
            if let report = try await run.run(isAsked: requester != nil) {
                tell(report)
                // The service stops, or somebody stopped it alone: it is gone on with after the next look.
                if report.state == .interrupted { refused.insert(plan.name) }
            }
        } catch {
            refused.insert(plan.name)
            logger.warning("plan \(plan.name) was not begun: \((error as? HoldfastError)?.message ?? "\(error)")")
        }
        do {
            records[plan.name] = try await state.plan(plan.name)
        } catch {
            refused.insert(plan.name)
            logger.error("what is remembered of the plan \(plan.name) cannot be read: \(error)")
        }
        running.remove(plan.name)
        wake()
    }

    /// Until the next one is due, a minute at most, or until something happens.
    private func sleep() async {
        defer { isWoken = false }
        let decision = decide()
        // What became due since the last decision must not wait for the next one.
        guard !isWoken, decision.begins.isEmpty else { return }
        let next = decision.next.map { $0.timeIntervalSince(services.now()) } ?? Self.lookPeriod
        let seconds = min(max(next, 0.001), Self.lookPeriod)
        // Not structured: whoever wakes it cancels this sleep, and nothing else.
        let task = Task { [clock] in
            do { try await clock.sleep(for: .seconds(seconds)) } catch {}
        }
        sleeper = task
        await withTaskCancellationHandler {
            await task.value
        } onCancel: {
            task.cancel()
        }
        sleeper = nil
    }

    private func wake() {
        isWoken = true
        sleeper?.cancel()
    }

    private func announce(_ plan: Plan) {
        guard plan.isOfEnvironment, case .interval(let seconds) = plan.schedule else {
            let buckets = plan.buckets.joined(separator: ", ")
            logger.info("plan \(plan.name): \(plan.schedule.words), \(buckets)")
            return
        }
        // In the words of the older system, which others look for.
        logger.info(
            "Scheduled MinIO backup task started",
            metadata: [
                "interval_hours": "\(seconds / 3600)", "buckets": .array(plan.buckets.map { .string($0) }),
            ])
        logger.info("Scheduled MinIO bucket backup task started")
    }

    private func tell(_ report: PlanReport) {
        switch report.state {
        case .complete: logger.info("plan \(report.plan): every bucket has its backup")
        default: logger.warning("plan \(report.plan): \(report.state.rawValue): \(report.message ?? "")")
        }
    }
}
