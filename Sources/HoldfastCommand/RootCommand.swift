// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Holdfast

/// `holdfast` itself: the list of what it can do.
struct RootCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "holdfast",
        abstract: "Backs up S3 buckets, and brings them back as they were.",
        discussion: """
            The server is taken from the environment (MINIO_ENDPOINT, MINIO_ROOT_USER and MINIO_ROOT_PASSWORD, or the \
            AWS_ variables), from holdfast.yaml, or from flags. Backups go to a vault: a directory and a bucket unless \
            told otherwise.

            Examples:
              holdfast check                       is everything in order?
              holdfast backup photos               back up a bucket
              holdfast backups                     list what there is
              holdfast restore NAME --to photos-2  bring it back beside the original

            Exit codes:
            \(exitCodes)
            """,
        version: "holdfast \(HoldfastVersion.current)",
        groupedSubcommands: [
            CommandGroup(
                name: "Backing up and bringing back",
                subcommands: [BackupCommand.self, RestoreCommand.self, CatCommand.self]),
            CommandGroup(
                name: "Looking",
                subcommands: [
                    BucketsCommand.self, BackupsCommand.self, ShowCommand.self, DiffCommand.self, VerifyCommand.self,
                    CheckCommand.self,
                ]),
            CommandGroup(name: "Keeping", subcommands: [DeleteCommand.self]),
            CommandGroup(name: "Running", subcommands: [ServeCommand.self, CompletionsCommand.self]),
        ])

    private static var exitCodes: String {
        ExitStatus.allCases.map { status in
            let number = String(status.rawValue)
            return "  " + number + String(repeating: " ", count: 5 - number.count) + status.explanation
        }.joined(separator: "\n")
    }
}
