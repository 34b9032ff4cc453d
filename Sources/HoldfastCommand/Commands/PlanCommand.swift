// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Catalog
import Holdfast

/// `holdfast plan`
struct PlanCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "plan",
        abstract: "Look at the plans, hold them, and run them.",
        discussion: """
            A plan says which buckets are backed up, when, and what is kept. Plans are written into holdfast.yaml; \
            holdfast serve begins their rounds when they are due.

            Examples:
              holdfast plan list
              holdfast plan show photos
              holdfast plan run photos
              holdfast plan pause photos
            """,
        subcommands: [
            PlanListCommand.self, PlanShowCommand.self, PlanRunCommand.self, PlanPauseCommand.self,
            PlanResumeCommand.self,
        ])

    /// The plan of this name.
    static func find(_ name: String, in plans: [Plan]) throws -> Plan {
        if let plan = plans.first(where: { $0.name == name }) { return plan }
        let nearest = EditDistance.nearest(to: name, among: plans.map(\.name)).map { "Did you mean \($0)? " } ?? ""
        throw HoldfastError(
            .notFound, "There is no plan “\(name.prefix(60))”.",
            hint: nearest + "holdfast plan list names those that there are.")
    }
}

/// `holdfast plan list`
struct PlanListCommand: Subcommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "List the plans and how they stand.",
        discussion: """
            Examples:
              holdfast plan list
              holdfast plan list --json
            """)

    @OptionGroup(title: "Server and vault") var connection: ConnectionOptions
    @OptionGroup(title: "Output") var display: DisplayOptions

    private struct Document: Encodable {
        let plans: [PlanStatus]
    }

    func run(in session: Session) async throws -> ExitStatus {
        let resolved = try session.resolve(connection, needsSource: false, plans: true)
        let statuses = try await session.withState(resolved) { state in
            let records = Dictionary(try await state.plans().map { ($0.name, $0) }) { $1 }
            return resolved.plans.map {
                PlanStatus($0, records[$0.name] ?? PlanRecord(name: $0.name), now: SystemServices.live.now())
            }
        }
        try await session.report(Document(plans: statuses), PlanStatus.table(of: statuses))
        return .complete
    }
}

/// `holdfast plan show`
struct PlanShowCommand: Subcommand {
    static let configuration = CommandConfiguration(
        commandName: "show",
        abstract: "Show one plan and how it stands.",
        discussion: """
            Examples:
              holdfast plan show photos
            """)

    @Argument(help: "The plan.")
    var name: String

    @OptionGroup(title: "Server and vault") var connection: ConnectionOptions
    @OptionGroup(title: "Output") var display: DisplayOptions

    func run(in session: Session) async throws -> ExitStatus {
        let resolved = try session.resolve(connection, needsSource: false, plans: true)
        let plan = try PlanCommand.find(name, in: resolved.plans)
        let status = try await session.withState(resolved) { state in
            PlanStatus(plan, try await state.plan(plan.name), now: SystemServices.live.now())
        }
        try await session.report(status, status.lines)
        return .complete
    }
}

extension Session {
    /// Opens the database of the service.
    func withState<Result>(
        _ resolved: ResolvedConfiguration, _ body: (StateDatabase) async throws -> Result
    ) async throws -> Result {
        try await StateDirectory(resolved.configuration.stateDirectory).withDatabase(body)
    }
}
