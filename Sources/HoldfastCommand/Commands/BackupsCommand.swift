// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Holdfast

/// `holdfast backups`
struct BackupsCommand: Subcommand {
    static let configuration = CommandConfiguration(
        commandName: "backups",
        abstract: "List the backups of the vault, oldest first.",
        discussion: """
            COPIES says in how many copies of the vault the backup is. PROVEN is the furthest that the weakest of them has \
            come, as this host has seen it: written, checksummed (verify --depth frames), read back (verify), restored. The exit code is 3 when a copy could not be \
            asked.

            Examples:
              holdfast backups
              holdfast backups --vault-directory /mnt/disk --json
            """)

    @OptionGroup(title: "Sealed backups") var identities: IdentityOptions
    @OptionGroup(title: "Server and vault") var connection: ConnectionOptions
    @OptionGroup(title: "Output") var display: DisplayOptions

    private struct Document: Encodable {
        let backups: [BackupSummary]
        let unreachable: [CopyProblem]
    }

    func run(in session: Session) async throws -> ExitStatus {
        let (backups, unreachable, places) = try await session.withEngine(
            connection, needsSource: false, identities: identities
        ) { engine in
            let list = try await engine.backups()
            return (list.backups, list.unreachable, engine.vault.copies.map(\.label))
        }
        if session.isJSON {
            let document = Document(backups: backups, unreachable: unreachable)
            try await session.output.print(try JSONText.document(document))
        } else {
            for copy in unreachable {
                session.warn("\(copy.label) could not be asked; what it holds is not shown. \(copy.problem)")
            }
            let none = "There are no backups yet in \(places.joined(separator: " and "))."
            let lines = backups.isEmpty ? [none] : BackupSummary.table(of: backups)
            try await session.output.print(lines.joined(separator: "\n"))
        }
        return unreachable.isEmpty ? .complete : .exceptions
    }
}
