// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Glibc
import Holdfast

/// `holdfast delete`
struct DeleteCommand: Subcommand {
    static let configuration = CommandConfiguration(
        commandName: "delete",
        abstract: "Remove a backup from every copy of the vault.",
        discussion: """
            Asks first, on a terminal; elsewhere --yes is needed. The exit code is 3 when a copy still has the backup.

            Examples:
              holdfast delete before-migration
              holdfast delete before-migration --yes
            """)

    @Argument(help: "The backup.")
    var name: String

    @Flag(name: .shortAndLong, help: "Do not ask.")
    var yes = false

    @OptionGroup(title: "Server and vault") var connection: ConnectionOptions
    @OptionGroup(title: "Output") var display: DisplayOptions

    func run(in session: Session) async throws -> ExitStatus {
        try await session.withEngine(connection, needsSource: false) { engine in
            let entry = try await engine.vault.find(name)
            if !yes { try await confirm(entry, session) }
            let report = try await engine.delete(entry.file.fileName)
            let status = report.failed.isEmpty ? ExitStatus.complete : .exceptions
            try await session.report(report, lines(report), status: status)
            return status
        }
    }

    private func confirm(_ entry: VaultEntry, _ session: Session) async throws {
        guard isatty(STDIN_FILENO) == 1, session.messages.isTerminal else {
            throw HoldfastError(
                .invalidConfiguration, "\(entry.file.fileName) was not deleted: there is no terminal to ask on.",
                hint: "Give --yes to delete without being asked.")
        }
        let places = entry.copies.map(\.label).joined(separator: " and ")
        session.messages.write(
            "\(entry.file.fileName) (\(AmountText.bytes(entry.size))) is in \(places). A deleted backup cannot be brought back."
        )
        session.messages.write("Delete it? Type yes:")
        guard let answer = await TypedLine.next(), ["yes", "y"].contains(answer.lowercased()) else {
            try Task.checkCancellation()
            throw HoldfastError(.failed, "\(entry.file.fileName) was not deleted.")
        }
    }

    private func lines(_ report: DeleteReport) -> [String] {
        let isHidden = !report.neededBy.isEmpty || report.waiting != nil
        let needed = report.neededBy.joined(separator: ", ")
        return report.deleted.map {
            (isHidden ? "Hid" : "Deleted") + " \(report.file) \(isHidden ? "in" : "from") \($0)."
        }
            + (needed.isEmpty ? [] : ["Its bytes stay until these backups, which need them, are deleted: \(needed)."])
            + waiting(report)
            + report.alsoRemoved.map { "Removed \($0), hidden before and needed no more." }
            + report.failed.map { "NOT DELETED from \($0.label): \($0.problem)" }
            + (report.deleted.isEmpty && report.failed.isEmpty ? ["\(report.file) was in no copy any more."] : [])
    }

    private func waiting(_ report: DeleteReport) -> [String] {
        guard let why = report.waiting else { return [] }
        guard let until = report.lockedUntil else { return ["Its bytes stay until the next deletion or prune: \(why)"] }
        return ["Its bytes stay for now: \(why). A prune after \(AmountText.time(until)) UTC removes them."]
    }
}
