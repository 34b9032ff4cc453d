// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

package import Catalog
package import Foundation

/// A plan and how it stands, for commands and the API. Times are UTC, lengths of time seconds.
package struct PlanStatus: Codable, Sendable {
    package var name: String
    package var buckets: [String]
    /// For people: `every 5m`.
    package var schedule: String
    package var keepsEverything: Bool
    package var verification: Plan.Verification?
    package var objectives: Plan.Objectives
    package var paused: Bool
    /// Whether a process is at work on it.
    package var running: Bool
    /// When its next round begins; `nil` when it was never begun: then it begins as soon as a service runs.
    package var due: Date?
    /// When the rest of its last round is tried again.
    package var retry: Date?
    package var lastBegun: Date?
    /// When the newest round was begun in which every bucket got its backup.
    package var lastSuccess: Date?
    package var lastVerified: Date?
    package var lastState: RunState?
    package var lastMessage: String?
    /// Buckets of the last round that have no backup.
    package var remaining: [String]
    /// Whether the last success is no longer ago than the objective allows; `nil` when there is no such objective.
    package var recoveryPointMet: Bool?

    package init(_ plan: Plan, _ record: PlanRecord, now: Date) {
        var record = record
        record.correct(for: plan, now: now)
        name = plan.name
        buckets = plan.buckets
        schedule = plan.schedule.words
        keepsEverything = plan.retention == nil
        verification = plan.verification
        objectives = plan.objectives
        paused = record.paused
        running = record.process.map { !RunBook.isGone($0, at: record.lastBegun ?? .distantPast) } ?? false
        due = record.due
        retry = record.retry
        lastBegun = record.lastBegun
        lastSuccess = record.lastSuccess
        lastVerified = record.lastVerified
        lastState = record.lastState
        lastMessage = record.lastMessage
        remaining = record.remaining
        recoveryPointMet = plan.objectives.recoveryPoint.map { limit in
            record.lastSuccess.map { now.timeIntervalSince($0) <= limit } ?? false
        }
    }
}
