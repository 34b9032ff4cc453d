// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Holdfast

/// `holdfast notify`
struct NotifyCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "notify",
        abstract: "Try whether alerts arrive.",
        discussion: """
            Examples:
              holdfast notify test
            """,
        subcommands: [NotifyTestCommand.self])
}

/// `holdfast notify test`
struct NotifyTestCommand: Subcommand {
    static let configuration = CommandConfiguration(
        commandName: "test",
        abstract: "Tell everybody who is told of alerts that this is a test.",
        discussion: """
            Each channel of notifications: in holdfast.yaml is told, and Slack if ALERT_SLACK_ENABLED says so. The exit \
            code is 1 when one of them could not be told.

            Examples:
              holdfast notify test
            """)

    @OptionGroup(title: "Server and vault") var connection: ConnectionOptions
    @OptionGroup(title: "Output") var display: DisplayOptions

    private struct Document: Encodable {
        struct Channel: Encodable {
            let channel: String
            let told: Bool
            let problem: String?
        }
        let channels: [Channel]
    }

    func run(in session: Session) async throws -> ExitStatus {
        let resolved = try session.resolve(connection, needsSource: false, plans: true)
        guard !resolved.notifications.isEmpty else {
            throw HoldfastError(
                .invalidConfiguration, "Nobody is told of alerts.",
                hint: "Write notifications: into holdfast.yaml, with a webhook or a command for instance.")
        }
        var channels: [Document.Channel] = []
        for channel in resolved.notifications {
            do {
                let now = SystemServices.live.now()
                try await channel.send(.test(at: now), at: now)
                channels.append(.init(channel: channel.label, told: true, problem: nil))
            } catch {
                try Task.checkCancellation()
                let problem = (error as? HoldfastError)?.message ?? "\(error)"
                channels.append(.init(channel: channel.label, told: false, problem: problem))
            }
        }
        let lines = channels.map { "\($0.channel): \($0.problem.map { "NOT TOLD: \($0)" } ?? "told")" }
        let status = channels.allSatisfy(\.told) ? ExitStatus.complete : .failed
        try await session.report(Document(channels: channels), lines, status: status)
        return status
    }
}
