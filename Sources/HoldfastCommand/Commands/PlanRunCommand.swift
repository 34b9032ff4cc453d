// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Holdfast

/// `holdfast plan run`
struct PlanRunCommand: Subcommand {
    static let configuration = CommandConfiguration(
        commandName: "run",
        abstract: "Run a round of a plan now, in this process.",
        discussion: """
            A backup of each bucket, one after the other, then what the plan keeps, and the verification if it is due. \
            The plan's own times stay as they are. While the service, or somebody else, is at work on the plan, the exit \
            code is 5. A bucket that fails does not keep the others from their backups.

            Examples:
              holdfast plan run photos
              holdfast plan run photos --json
            """)

    @Argument(help: "The plan.")
    var name: String

    @OptionGroup(title: "Sealed backups") var identities: IdentityOptions
    @OptionGroup(title: "Server and vault") var connection: ConnectionOptions
    @OptionGroup(title: "Output") var display: DisplayOptions

    var whenInterrupted: String { "interrupted; the next round of the plan goes on with it" }

    func run(in session: Session) async throws -> ExitStatus {
        let resolved = try session.resolve(connection, needsSource: true, identities: identities, plans: true)
        let plan = try PlanCommand.find(name, in: try await session.plans(resolved))
        let report = try await session.withState(resolved) { state in
            let book = try await RunBook(state: state, services: .live, logger: session.logger)
            return try await Engine.withEngine(resolved.configuration, logger: session.logger) { engine in
                try await session.withProgress { progress in
                    let run = PlanRun(
                        plan, work: PlanWork(engine, progress: progress), book: book, state: state, services: .live,
                        logger: session.logger, requester: "command")
                    return try await withTaskCancellationHandler {
                        try await run.run(isAsked: true)
                    } onCancel: {
                        // Not structured: runs belong to the book, and stopping it is what ends them.
                        Task { await book.stop() }
                    }
                }
            }
        }
        try Task.checkCancellation()
        // What was asked for is always due.
        guard let report else { throw HoldfastError(.failed, "The plan \(name) was not begun.") }
        try await session.report(report, report.lines, status: report.status)
        return report.status
    }
}
