// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

package import Catalog
import Foundation
import Glibc
package import Logging

/// One attempt at a round of a plan: a backup of each bucket, then retention, then verification, each a run of the book.
///
/// Killed at any moment, the plan's record names the process, and the next one to look goes on with the round.
package struct PlanRun: Sendable {
    package let plan: Plan
    package let work: PlanWork
    package let book: RunBook
    package let state: StateDatabase
    package let services: SystemServices
    package let logger: Logger
    /// The name of a token, or `scheduler`.
    package let requester: String

    package init(
        _ plan: Plan, work: PlanWork, book: RunBook, state: StateDatabase, services: SystemServices, logger: Logger,
        requester: String
    ) {
        self.plan = plan
        self.work = work
        self.book = book
        self.state = state
        self.services = services
        self.logger = logger
        self.requester = requester
    }

    /// - Parameter isAsked: somebody wants it now, due or not, paused or not.
    /// - Returns: `nil` when it is not due any more.
    /// - Throws: ``HoldfastError`` `.conflict` while somebody is at work on it; what the database throws.
    package func run(isAsked: Bool) async throws -> PlanReport? {
        let now = services.now()
        let own = getpid()
        let round = try await state.changePlan(plan.name) { [plan] record in
            // Whoever asks knows that this process is not at work on it: then it is what an earlier one left.
            try record.begin(plan, now: now, isAsked: isAsked, process: own) { process, since in
                process == own || RunBook.isGone(process, at: since)
            }
        }
        guard let round else { return nil }
        var report = await attempt(round)
        let (ended, outcome) = (services.now(), report)
        let record = try await state.changePlan(plan.name) { [plan] record in
            record.end(plan, outcome, now: ended)
            return record
        }
        (report.retry, report.due) = (record.retry, record.due)
        return report
    }

    private func attempt(_ round: PlanRound) async -> PlanReport {
        var report = PlanReport(plan: plan.name, round: round.stamp, remaining: round.buckets)
        let correlation = UUID().uuidString.lowercased()
        var made: [(bucket: String, name: BackupName)] = []
        for bucket in round.buckets {
            // A failing bucket does not keep the others from their backups; the end of the service does.
            guard let name = await backUp(bucket, round, correlation, &report) else {
                if report.steps.last?.state == .interrupted || report.steps.last?.state == .cancelled { break }
                continue
            }
            report.remaining.removeAll { $0 == bucket }
            made.append((bucket, name))
        }
        report.conclude()
        guard !made.isEmpty, report.state != .interrupted, report.state != .cancelled else { return report }
        if round.prunes { await prune(made.map(\.bucket), correlation, &report) }
        if round.verifies { await verify(made.map(\.name), correlation, &report) }
        report.conclude()
        return report
    }

    /// - Returns: the backup's name; `nil` when there is none.
    private func backUp(
        _ bucket: String, _ round: PlanRound, _ correlation: String, _ report: inout PlanReport
    ) async -> BackupName? {
        let name: BackupName
        do {
            name = try plan.backupName(of: bucket, at: round.stamp)
            // Killed between the commit and its record, the earlier attempt has made it.
            if round.isContinued, try await work.exists(name) {
                report.steps.append(
                    .init(kind: .backup, subject: bucket, backup: name.rawValue, state: .complete))
                return name
            }
        } catch {
            report.steps.append(.init(kind: .backup, subject: bucket, state: .failed, message: "\(error)"))
            return nil
        }
        let (made, outcome) = await step(.backup, of: bucket, correlation) { [work, plan] in
            try await work.backUp(bucket, name, plan.options, $0)
        }
        var step = PlanReport.Step(
            kind: .backup, subject: bucket, state: outcome.state, message: outcome.message)
        if let made {
            step.backup = made.name
            if made.exceptionCount > 0 { step.message = "\(made.exceptionCount) exceptions" }
            if let copy = made.degraded.first { step.message = "not in \(copy.label): \(copy.problem)" }
        }
        report.steps.append(step)
        return made == nil ? nil : name
    }

    private func prune(_ buckets: [String], _ correlation: String, _ report: inout PlanReport) async {
        guard let retention = plan.retention else { return }
        let policies = RetentionPolicies(byBucket: Dictionary(uniqueKeysWithValues: buckets.map { ($0, retention) }))
        let (pruned, outcome) = await step(.prune, of: buckets.joined(separator: ","), correlation) { [work] in
            try await work.prune(policies, $0)
        }
        var step = PlanReport.Step(
            kind: .prune, subject: buckets.joined(separator: ","), state: outcome.state, message: outcome.message)
        if let pruned {
            report.isPruned = true
            if pruned.hasLoss { step.message = "a source looks lost, so nothing of it goes" }
            if let problem = pruned.failed.first { step.message = "\(problem.label): \(problem.problem)" }
        }
        report.steps.append(step)
    }

    private func verify(_ names: [BackupName], _ correlation: String, _ report: inout PlanReport) async {
        guard let verification = plan.verification else { return }
        // What several of them share is read once.
        let verified = VerifiedContents()
        var isSound = true
        for name in names {
            let (found, outcome) = await step(.verify, of: name.rawValue, correlation) { [work] in
                try await work.verify(name, verification.depth, verified, $0)
            }
            var step = PlanReport.Step(
                kind: .verify, subject: name.rawValue, state: outcome.state, message: outcome.message)
            if let found, !found.isSound {
                let problems = found.copies.flatMap { copy in copy.problems.map { "\(copy.copy): \($0)" } }
                let missing = found.missing.map { "\($0.label): \($0.problem)" }
                step.message = (problems + missing).first ?? "not sound"
            } else if let unopened = found?.copies.compactMap(\.unopened).first {
                step.message = unopened
            }
            isSound = isSound && outcome.state == .complete
            report.steps.append(step)
        }
        report.isVerified = isSound
    }

    private struct Outcome {
        var state: RunState
        var message: String?
    }

    /// Runs one operation through the book and waits for it, however long it takes.
    private func step<Report: RunReport>(
        _ kind: RunKind, of subject: String, _ correlation: String,
        _ body: @escaping @Sendable (ProgressMeter) async throws -> Report
    ) async -> (Report?, Outcome) {
        guard !Task.isCancelled else { return (nil, Outcome(state: .interrupted, message: "the service stops")) }
        let begun: BegunRun<Report>
        do {
            begun = try await book.begin(
                RunRequest(
                    kind, of: subject, plan: plan.name, requester: requester, correlationID: correlation), body)
        } catch let error as HoldfastError where error.code == .conflict {
            return (nil, Outcome(state: .interrupted, message: error.message))
        } catch {
            return (nil, Outcome(state: .failed, message: "\(error)"))
        }
        do {
            let report = try await begun.report
            return (report, Outcome(state: report.outcome))
        } catch {
            // Only the book knows whether somebody stopped it.
            let known = try? await book.run(begun.record.id)?.state
            let state: RunState = known == .cancelled || known == .interrupted ? known ?? .failed : .failed
            let message = (error as? HoldfastError)?.message ?? "\(error)"
            logger.warning("plan \(plan.name): \(kind) of \(subject) \(state.rawValue): \(message)")
            return (nil, Outcome(state: state, message: message))
        }
    }
}
