// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Catalog
import Holdfast

/// `holdfast plan pause`
struct PlanPauseCommand: Subcommand {
    static let configuration = CommandConfiguration(
        commandName: "pause",
        abstract: "Begin no round of a plan until it is resumed.",
        discussion: """
            A round that goes on comes to its end. A service that runs follows at once.

            Examples:
              holdfast plan pause photos
            """)

    @Argument(help: "The plan.")
    var name: String

    @OptionGroup(title: "Server and vault") var connection: ConnectionOptions
    @OptionGroup(title: "Output") var display: DisplayOptions

    func run(in session: Session) async throws -> ExitStatus {
        try await session.setPaused(name, connection, true)
    }
}

/// `holdfast plan resume`
struct PlanResumeCommand: Subcommand {
    static let configuration = CommandConfiguration(
        commandName: "resume",
        abstract: "Let a plan go on.",
        discussion: """
            What it missed is made up for with one round. A service that runs follows within a minute.

            Examples:
              holdfast plan resume photos
            """)

    @Argument(help: "The plan.")
    var name: String

    @OptionGroup(title: "Server and vault") var connection: ConnectionOptions
    @OptionGroup(title: "Output") var display: DisplayOptions

    func run(in session: Session) async throws -> ExitStatus {
        try await session.setPaused(name, connection, false)
    }
}

extension Session {
    fileprivate func setPaused(
        _ name: String, _ connection: ConnectionOptions, _ isPaused: Bool
    ) async throws -> ExitStatus {
        let resolved = try resolve(connection, needsSource: false, plans: true)
        let plan = try PlanCommand.find(name, in: resolved.plans)
        let status = try await withState(resolved) { state in
            try await state.changePlan(plan.name) { $0.paused = isPaused }
            return PlanStatus(plan, try await state.plan(plan.name), now: SystemServices.live.now())
        }
        try await report(status, [isPaused ? "\(name) is paused." : "\(name) goes on."])
        return .complete
    }
}
