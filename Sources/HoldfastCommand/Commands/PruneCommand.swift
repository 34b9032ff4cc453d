// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Holdfast

/// `holdfast prune`
struct PruneCommand: Subcommand {
    static let configuration = CommandConfiguration(
        commandName: "prune",
        abstract: "Remove the backups that no rule keeps, and the archives that nothing needs any more.",
        discussion: """
            What is kept is said by the flags, or by retention: in holdfast.yaml; a backup stays if any rule keeps it. The \
            newest good backup of a bucket always stays, in every copy of the vault. Backups dated in the future, younger \
            than the minimum age, or incomplete never push out a good one.

            Nothing of a bucket goes while its source looks lost, that is when it lists less than half of what it did; the \
            exit code is then 3, as when a copy still has something that was to go.

            Examples:
              holdfast prune --keep-daily 7 --keep-weekly 4 --keep-monthly 12 --dry-run
              holdfast prune photos --keep-within 30d --time-zone Europe/Berlin
              holdfast prune
            """)

    @Argument(help: "The buckets; all that have a policy if left out.", transform: BucketArgument.parse)
    var buckets: [BucketArgument] = []

    @Flag(help: "Only show what would stay and what would go, and why.")
    var dryRun = false

    @Flag(help: "Go on although a source looks lost: it is meant to be smaller.")
    var acceptLoss = false

    @OptionGroup(title: "What is kept") var retention: RetentionOptions
    @OptionGroup(title: "Sealed backups") var identities: IdentityOptions
    @OptionGroup(title: "Server and vault") var connection: ConnectionOptions
    @OptionGroup(title: "Output") var display: DisplayOptions

    var whenInterrupted: String {
        "interrupted; every backup that is still listed is whole, and the next prune goes on"
    }

    func run(in session: Session) async throws -> ExitStatus {
        let policy = try retention.policy
        let resolved = try session.resolve(connection, needsSource: false, identities: identities)
        let policies = policy.map { RetentionPolicies(general: $0) } ?? resolved.retention
        let options = PruneRun.Options(buckets: buckets.map(\.name), isDryRun: dryRun, acceptsLoss: acceptLoss)
        let report = try await Engine.withEngine(resolved.configuration, logger: session.logger) { engine in
            try await session.withProgress { try await engine.prune(policies, options: options, progress: $0) }
        }
        try await session.report(report.document, report.lines, status: report.status)
        return report.status
    }
}
