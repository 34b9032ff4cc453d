// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Archive
import ArgumentParser
import Holdfast

/// `holdfast backup`
struct BackupCommand: Subcommand {
    static let configuration = CommandConfiguration(
        commandName: "backup",
        abstract: "Back up a bucket into every copy of the vault.",
        discussion: """
            The archive is an ordinary .tar.gz (or .tar.zst). It appears in the vault when it is whole, and not before. \
            Objects that could not be read are named, and the exit code is then 3.

            Only what changed since the newest backup of the bucket is fetched; the rest is referred to where it lies. \
            Every backup restores by itself all the same. Tags and metadata can change without a trace in a listing: \
            they are read again once a day, or as --metadata-sweep says.

            A bucket with versions is backed up as it was at one moment, the cut, by version ids. Of one without, the \
            backup shows what was read while the run lasted.

            A backup that was killed goes on from its last checkpoint when the same command is run again.

            Examples:
              holdfast backup photos
              holdfast backup photos --full
              holdfast backup photos --all-versions
              holdfast backup photos --include '*.jpg' --exclude 'tmp/*'
              holdfast backup photos --at 2026-11-23T08:00:00Z
              holdfast backup photos --name before-migration --format zstd --tag keep
              holdfast backup photos --vault-directory /mnt/disk --vault-bucket ''
              holdfast backup photos --recipient age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p
            """)

    @Argument(help: "The bucket to back up.", transform: BucketArgument.parse)
    var bucket: BucketArgument

    @Option(help: "The name of the backup; made of the bucket and the time if left out.")
    var name: String?

    @Option(
        name: .customLong("tag"),
        help: ArgumentHelp(
            "Tag the backup with a word, which prune --keep-tag keeps; may be given several times.", valueName: "tag"))
    var tags: [String] = []

    @Option(help: "How the archive is compressed.")
    var format = ArchiveCodec.gzip

    @Option(help: "How much time is spent on making it small.")
    var compression = CompressionLevel.fast

    @Flag(help: "Fetch every object, whatever earlier backups have.")
    var full = false

    @Option(help: "How often tags and metadata of unchanged objects are read again.")
    var metadataSweep = MetadataSweep.daily

    @Flag(help: "Back up older versions and delete markers too, where the bucket keeps them.")
    var allVersions = false

    @Option(
        help: ArgumentHelp(
            "Back up what a bucket with versions was at this moment, such as 2026-11-23T08:00:00Z.", valueName: "time"),
        transform: MomentArgument.parse)
    var at: MomentArgument?

    @Option(
        help: ArgumentHelp(
            "Back up only keys that match this glob, or another --include; * matches / too.", valueName: "glob"))
    var include: [String] = []

    @Option(help: ArgumentHelp("Back up no keys that match this glob.", valueName: "glob"))
    var exclude: [String] = []

    @Flag(help: "Ask every object for its ACL, a request each.")
    var acls = false

    @Flag(help: "Accept that the bucket lists no objects. Without this it is an error: a lost source looks the same.")
    var allowEmpty = false

    @OptionGroup(title: "Sealing") var sealing: SealingOptions
    @OptionGroup(title: "Server and vault") var connection: ConnectionOptions
    @OptionGroup(title: "Output") var display: DisplayOptions

    var whenInterrupted: String { "interrupted; no backup was made" }

    func validate() throws {
        guard !(include + exclude).contains("") else { throw ValidationError("a glob is empty, and matches no key") }
        for tag in tags {
            let isWord =
                !tag.isEmpty && tag.utf8.count <= 100
                && tag.allSatisfy { $0.isLetter || $0.isNumber || "._-".contains($0) }
            guard isWord else { throw ValidationError("a tag is a word of letters, digits and . _ -") }
        }
    }

    func run(in session: Session) async throws -> ExitStatus {
        let name = try name.map { try BackupName($0) }
        let resolved = try session.resolve(connection, needsSource: true, sealing: sealing)
        let recipients = try await session.recipients(resolved.sealing)
        var options = BackupRun.Options(
            codec: format, compression: compression, allowEmpty: allowEmpty, isFull: full, sweep: metadataSweep,
            allVersions: allVersions, moment: at?.date, acls: acls,
            recipients: recipients)
        options.tags = tags
        options.selection = KeySelection(includes: include, excludes: exclude)
        let report = try await Engine.withEngine(resolved.configuration, logger: session.logger) { engine in
            try await session.withProgress {
                try await engine.backUp(bucket: bucket.name, name: name, options: options, progress: $0)
            }
        }
        try await session.report(report, report.lines, status: report.status)
        return report.status
    }
}
