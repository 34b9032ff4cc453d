// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

package import Catalog
import Foundation
package import Logging

/// Looks each minute whether something is wrong, and tells the channels.
package actor AlertWatch {
    private static let period: Duration = .seconds(60)
    /// Notices that wait for a channel to work again, each.
    private static let backlog = 100

    /// Every plan and what is remembered of it; ``Scheduler/records()`` in a service.
    package typealias Facts = @Sendable () async throws -> [(plan: Plan, record: PlanRecord)]

    private let facts: Facts
    private var channels: [any NotificationChannel]
    private let state: StateDatabase
    private let services: SystemServices
    private let clock: any Clock<Duration>
    private let logger: Logger
    /// What each channel could not be told yet, oldest first.
    private var waiting: [[AlertNotice]]
    /// `nil` until what is remembered was read.
    private var book: AlertBook?

    package init(
        channels: [any NotificationChannel], state: StateDatabase, services: SystemServices,
        clock: any Clock<Duration> = ContinuousClock(), logger: Logger, facts: @escaping Facts
    ) {
        self.facts = facts
        self.channels = channels
        self.state = state
        self.services = services
        self.clock = clock
        self.logger = logger
        waiting = channels.map { _ in [] }
    }

    /// Looks until its task is cancelled.
    package func run() async {
        while !Task.isCancelled {
            await look()
            do { try await clock.sleep(for: Self.period) } catch { return }
        }
    }

    /// Every alert that is known, newest first.
    package func alerts() async throws -> [Alert] { try await known().all }

    /// Tells other channels from now on.
    package func reload(_ channels: [any NotificationChannel]) {
        self.channels = channels
        waiting = channels.map { _ in [] }
    }

    /// Looks once, and returns when every channel was told or could not be.
    package func look() async {
        do {
            var book = try await known()
            let before = book.alerts
            let now = services.now()
            let findings = try await facts().flatMap { AlertRules.findings(of: $0.plan, $0.record, now: now) }
            let notices = book.take(findings, now: now)
            for notice in notices { logger.warning("\(notice.words)") }
            await tell(notices)
            // Told first: killed in between, it is told twice and not never.
            self.book = book
            if book.alerts != before { try await keep(book) }
        } catch {
            // What is not known is neither wrong nor over.
            logger.error("alerts cannot be judged: \(error)")
            await tell([])
        }
    }

    private func known() async throws -> AlertBook {
        if let book { return book }
        let decoder = JSONDecoder()
        // One that cannot be read is raised anew if it still holds.
        let read = AlertBook(try await state.alerts().compactMap { try? decoder.decode(Alert.self, from: $0) })
        if let book { return book }
        book = read
        return read
    }

    private func keep(_ book: AlertBook) async throws {
        try await state.keepAlerts(try book.alerts.mapValues { try ReportJSON.encoder.encode($0) })
    }

    /// Tells each channel what it was not told yet, in order. One that does not work waits for the next look, and keeps
    /// nobody else waiting.
    private func tell(_ notices: [AlertNotice]) async {
        let channels = channels
        for index in channels.indices { waiting[index] = (waiting[index] + notices).suffix(Self.backlog) }
        let queues = waiting
        let now = services.now()
        let left = await withTaskGroup(of: (Int, told: Int, problem: String?).self) { group in
            for (index, channel) in channels.enumerated() {
                group.addTask {
                    for (count, notice) in queues[index].enumerated() {
                        do {
                            try await channel.send(notice, at: now)
                        } catch {
                            return (index, count, "\(error)")
                        }
                    }
                    return (index, queues[index].count, nil)
                }
            }
            return await group.reduce(into: []) { $0.append($1) }
        }
        // Others may have come with a reload.
        guard waiting.count == channels.count else { return }
        for (index, told, problem) in left {
            waiting[index].removeFirst(min(told, waiting[index].count))
            if let problem { logger.error("\(channels[index].label) cannot be told of an alert: \(problem)") }
        }
    }
}
