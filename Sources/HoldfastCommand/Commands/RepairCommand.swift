// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Holdfast

/// `holdfast repair`
struct RepairCommand: Subcommand {
    static let configuration = CommandConfiguration(
        commandName: "repair",
        abstract: "Make damaged and missing copies of a backup whole again.",
        discussion: """
            Reads the archive in every copy, and the archives that it refers to. Where one copy is sound, the others are \
            filled from it. Where none is, an archive is put together from the parts that are sound in any of them, and \
            from the same contents in other archives; where only the index or the catalog is lost, they are made again. A \
            damaged archive is replaced when the new one is complete, never before. What is nowhere any more is listed, \
            object by object.

            The exit code is 6 when something is lost or nothing tells which copy is right, 3 when a copy could not be \
            read or written, 5 when somebody else is at work on it, 7 when a seal kept it from being looked at.

            Examples:
              holdfast repair before-migration --dry-run
              holdfast repair --all
            """)

    @Argument(help: "The backup.")
    var name: String?

    @Flag(help: "Repair every archive of the vault, also those that are hidden because others need them.")
    var all = false

    @Flag(help: "Read everything, say what would be done, and write nothing.")
    var dryRun = false

    @OptionGroup(title: "Sealed backups") var identities: IdentityOptions
    @OptionGroup(title: "Server and vault") var connection: ConnectionOptions
    @OptionGroup(title: "Output") var display: DisplayOptions

    var whenInterrupted: String { "interrupted; each copy is as it was, or repaired whole" }

    func validate() throws {
        guard (name == nil) == all else { throw ValidationError("Name a backup, or give --all.") }
    }

    func run(in session: Session) async throws -> ExitStatus {
        try await session.withEngine(connection, needsSource: false, identities: identities) { engine in
            if let name { try await engine.askForPassphrase(of: [name]) }
            let report = try await session.withProgress { try await engine.repair(name, dryRun: dryRun, progress: $0) }
            try await session.report(report, report.lines, status: report.status)
            return report.status
        }
    }
}
