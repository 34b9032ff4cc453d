// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Holdfast

/// `holdfast rollback`
struct RollbackCommand: Subcommand {
    static let configuration = CommandConfiguration(
        commandName: "rollback",
        abstract: "Bring a bucket with versions back, in place, to what it was at a moment.",
        discussion: """
            Without --yes this is a plan: each line is a step, and nothing is written. < writes an older version again on top \
            of the newer ones, - puts a delete marker on a key that did not exist. No version is removed, so that a rollback \
            can be rolled back. It needs no backup; what is no longer in the bucket comes back with holdfast restore.

            Examples:
              holdfast rollback photos --to 2026-11-23T08:00:00Z
              holdfast rollback photos --to 2026-11-23T08:00:00Z --prefix 2026/ --yes
            """)

    @Argument(help: "The bucket.", transform: BucketArgument.parse)
    var bucket: BucketArgument

    @Option(
        help: ArgumentHelp("The moment, such as 2026-11-23T08:00:00Z.", valueName: "time"),
        transform: MomentArgument.parse)
    var to: MomentArgument

    @Option(help: "Only keys that begin with this.")
    var prefix = ""

    @Option(help: ArgumentHelp("Only keys that match this glob, or another --include.", valueName: "glob"))
    var include: [String] = []

    @Option(help: ArgumentHelp("No keys that match this glob.", valueName: "glob"))
    var exclude: [String] = []

    @Flag(name: .shortAndLong, help: "Carry the plan out.")
    var yes = false

    @OptionGroup(title: "Server and vault") var connection: ConnectionOptions
    @OptionGroup(title: "Output") var display: DisplayOptions

    var whenInterrupted: String { "interrupted; the same command goes on where it stopped" }

    func run(in session: Session) async throws -> ExitStatus {
        let selection = KeySelection(prefix: Array(prefix.utf8), includes: include, excludes: exclude)
        return try await session.withEngine(connection, needsSource: true) { engine in
            var list = try await RollbackList(session)
            let report = try await session.withProgress { progress in
                try await engine.rollBack(
                    bucket: bucket.name, to: to.date, selection: selection, planOnly: !yes, progress: progress
                ) { try list.add($0) }
            }
            return try await list.finish(report)
        }
    }
}
