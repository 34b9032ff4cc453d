// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

package import Catalog
package import Holdfast
package import Logging

/// What the routes work on: the engine, the runs, who may come in, and what is remembered of it.
package struct Backend: Sendable {
    package let engine: Engine
    package let runs: RunBook
    package let tokens: TokenBook
    package let audit: AuditLog
    package let scheduler: Scheduler
    package let alerts: AlertWatch
    package let state: StateDatabase
    package let services: SystemServices
    package let logger: Logger

    /// Opens what the service remembers.
    ///
    /// - Parameters:
    ///   - plans: what is begun by itself, once the scheduler runs.
    ///   - channels: who is told of alerts.
    /// - Throws: what ``RunBook/init(state:services:logger:)`` throws.
    package init(
        engine: Engine, state: StateDatabase, plans: [Plan] = [], channels: [any NotificationChannel] = [],
        services: SystemServices = .live, logger: Logger
    ) async throws {
        self.engine = engine
        self.state = state
        self.services = services
        self.logger = logger
        runs = try await RunBook(state: state, services: services, logger: logger)
        tokens = TokenBook(state: state, services: services)
        audit = AuditLog(state: state, services: services)
        let scheduler = Scheduler(
            plans: plans, work: PlanWork(engine), book: runs, state: state, services: services, logger: logger)
        self.scheduler = scheduler
        alerts = AlertWatch(
            channels: channels, state: state, services: services, logger: logger, facts: scheduler.records)
    }
}
