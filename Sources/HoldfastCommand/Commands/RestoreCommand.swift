// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Holdfast

/// `holdfast restore`
struct RestoreCommand: Subcommand {
    static let configuration = CommandConfiguration(
        commandName: "restore",
        abstract: "Bring the objects of a backup back into a bucket.",
        discussion: """
            The bucket is made if it is missing. What the target cannot hold is listed before anything is written. \
            Objects that are there already stay as they are unless --overwrite says otherwise: changed writes where size \
            or ETag differ, newer where the backup's object is the younger one. In globs * matches / too. The exit code \
            is 3 when an object could not be brought back, 4 when no object is what was asked for.

            Examples:
              holdfast restore before-migration
              holdfast restore before-migration --to photos-2 --include '*.jpg' --dry-run
              holdfast restore before-migration --to photos-2 --all-versions --locks shift --bucket-configuration
              holdfast restore before-migration --map 2026/=restored/2026/ --first 2026/11/
              holdfast restore before-migration --newest-first --limit-upload 'Mon-Fri 08:00-18:00 5M, 50M'
              holdfast restore before-migration --to s3://photos --to-endpoint https://s3.example.com
            """)

    @Argument(help: "The backup.")
    var name: String

    @Option(
        help: ArgumentHelp("Restore into this bucket instead of the original one.", valueName: "bucket"),
        transform: BucketArgument.parse)
    var to: BucketArgument?

    @OptionGroup var target: TargetOptions

    @Option(help: "What is done with objects that are there already.")
    var overwrite = OverwritePolicy.never

    @Option(help: "Only keys that begin with this.")
    var prefix = ""

    @Option(help: ArgumentHelp("Only keys that match this glob, or another --include.", valueName: "glob"))
    var include: [String] = []

    @Option(help: ArgumentHelp("No keys that match this glob.", valueName: "glob"))
    var exclude: [String] = []

    @Option(
        name: .customLong("map"),
        help: ArgumentHelp(
            "Write keys that begin with old so that they begin with new; may be given several times, and the longest old "
                + "counts. A = or \\ in a prefix is written \\= or \\\\.", valueName: "old=new"),
        transform: MapArgument.parse)
    var maps: [KeyMapping.Rule] = []

    @Option(help: ArgumentHelp("Write keys of the backup that begin with this before all others.", valueName: "prefix"))
    var first: String?

    @Flag(
        help:
            "Write what changed last before the rest: in the last hour, day, week, month and year of the backup, and older."
    )
    var newestFirst = false

    @Flag(help: "Bring older versions and delete markers back too, in their order.")
    var allVersions = false

    @Option(help: "What is done with retention and legal holds.")
    var locks = LockPolicy.drop

    @Flag(help: "Let --locks set compliance mode, in which nobody can delete an object before its date.")
    var allowCompliance = false

    @Flag(help: "Bring ACLs back, where the backup was made with --acls.")
    var acls = false

    @Flag(help: "Bring the bucket's own settings back too: policy, lifecycle, CORS and the others.")
    var bucketConfiguration = false

    @Flag(help: "Say what would be done, and write nothing.")
    var dryRun = false

    @OptionGroup(title: "Sealed backups") var identities: IdentityOptions
    @OptionGroup(title: "Server and vault") var connection: ConnectionOptions
    @OptionGroup(title: "Output") var display: DisplayOptions

    var whenInterrupted: String {
        "interrupted; objects that were written by then stay in the bucket, each of them whole"
    }

    func run(in session: Session) async throws -> ExitStatus {
        let resolved = try session.resolve(
            connection, needsSource: target.toEndpoint == nil, target: target, identities: identities)
        let selection = KeySelection(prefix: Array(prefix.utf8), includes: include, excludes: exclude)
        var options = RestoreRun.Options(
            overwrite: overwrite, selection: selection, dryRun: dryRun, allVersions: allVersions, locks: locks,
            allowsCompliance: allowCompliance, acls: acls, bucketConfiguration: bucketConfiguration)
        options.mapping = try KeyMapping(maps)
        options.first = first.map { Array($0.utf8) }
        options.newestFirst = newestFirst
        let report = try await Engine.withEngine(resolved.configuration, logger: session.logger) { engine in
            try await engine.askForPassphrase(of: [name])
            return try await session.withProgress {
                try await engine.restore(name, into: to?.name, at: resolved.target, options: options, progress: $0)
            }
        }
        let status = report.status(selection)
        let document = ReportDocument(report: report, facts: ["complete": report.complete])
        try await session.report(document, report.lines(overwrite), status: status)
        return status
    }
}
