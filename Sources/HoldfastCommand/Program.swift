// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Holdfast

/// A command with everything it may use: parsed, run, and its end told in one place.
protocol Subcommand: ParsableCommand, Sendable {
    var display: DisplayOptions { get }

    /// Does the work and prints the report.
    ///
    /// - Returns: `.complete`, or the status of a report that names exceptions.
    /// - Throws: what becomes a ``Failure``.
    func run(in session: Session) async throws -> ExitStatus

    /// What is told when a signal ended the command: what there is of its work.
    var whenInterrupted: String { get }
}

extension Subcommand {
    var whenInterrupted: String { "interrupted" }
}

/// One call of `holdfast`.
struct Program: Sendable {
    let surroundings: Surroundings
    var output = StandardOutput()
    var messages = MessageOutput()

    /// Parses, runs, and tells how it ended.
    func run(_ arguments: [String]) async -> ExitStatus {
        let command: any Subcommand
        if let failure = RootCommand.unknownCommand(in: arguments) {
            messages.write(arguments.contains("--json") ? failure.json : failure.text)
            return failure.status
        }
        do {
            var parsed = try RootCommand.parseAsRoot(arguments)
            guard let subcommand = parsed as? any Subcommand else {
                // Help and completions: no server, no output that could be large.
                try parsed.run()
                return .complete
            }
            command = subcommand
        } catch {
            return await endParsing(error, isJSON: arguments.contains("--json"))
        }
        let session = Session(display: command.display, output: output, messages: messages, surroundings: surroundings)
        do {
            return try await command.run(in: session)
        } catch OutputError.closed {
            // Whoever read has read enough, as in `holdfast show NAME | head`.
            return .complete
        } catch {
            // Only a signal cancels this task; whatever broke on the way out broke because of it.
            return session.tell(Task.isCancelled ? .interrupted(command.whenInterrupted) : Failure(error))
        }
    }

    private func endParsing(_ error: any Error, isJSON: Bool) async -> ExitStatus {
        let text = RootCommand.fullMessage(for: error)
        guard RootCommand.exitCode(for: error) != .success else {
            do {
                try await output.print(text)
                return .complete
            } catch {
                return error is OutputError ? .complete : .failed
            }
        }
        if isJSON {
            let failure = Failure(code: "usage", message: RootCommand.message(for: error), status: .usage)
            messages.write(failure.json)
        } else {
            messages.write(text)
        }
        return .usage
    }
}
