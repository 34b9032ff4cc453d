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
                subcommands: [BackupCommand.self, RestoreCommand.self, RollbackCommand.self, CatCommand.self]),
            CommandGroup(
                name: "Looking",
                subcommands: [
                    BucketsCommand.self, BackupsCommand.self, ShowCommand.self, DiffCommand.self, VerifyCommand.self,
                    CheckCommand.self,
                ]),
            CommandGroup(
                name: "Keeping",
                subcommands: [
                    PruneCommand.self, DeleteCommand.self, RepairCommand.self, ResealCommand.self, KeysCommand.self,
                    KitCommand.self,
                ]),
            CommandGroup(
                name: "Running",
                subcommands: [
                    ServeCommand.self, PlanCommand.self, NotifyCommand.self, TokenCommand.self, AuditCommand.self,
                    CompletionsCommand.self,
                ]),
        ])

    /// Told before anything is parsed: the parser would speak of the first option that it does not know.
    static func unknownCommand(in arguments: [String]) -> Failure? {
        let names = configuration.subcommands.compactMap { $0.configuration.commandName }
        guard let word = arguments.first, !word.hasPrefix("-"), word != "help", !names.contains(word) else {
            return nil
        }
        let nearest = EditDistance.nearest(to: word, among: names)
        return Failure(
            code: "usage", message: "There is no command “\(word)”.",
            hint: nearest.map { "Did you mean holdfast \($0)?" } ?? "holdfast --help lists what there is.",
            status: .usage)
    }

    private static var exitCodes: String {
        ExitStatus.allCases.map { status in
            let number = String(status.rawValue)
            return "  " + number + String(repeating: " ", count: 5 - number.count) + status.explanation
        }.joined(separator: "\n")
    }
}
