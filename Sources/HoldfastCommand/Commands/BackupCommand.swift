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

            --synthetic-full asks the source for nothing: it makes one self-contained archive of the newest backup in the \
            vault, and of what that one needs. The earlier ones can then be removed.

            A backup that was killed goes on from its last checkpoint when the same command is run again.

            Examples:
              holdfast backup photos
              holdfast backup photos --full
              holdfast backup photos --all-versions
              holdfast backup photos --synthetic-full
              holdfast backup photos --include '*.jpg' --exclude 'tmp/*'
              holdfast backup photos --newer-than 30d --max-size 100M
              holdfast backup photos --object-tag team=design --exclude-object-tag scratch
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

    @Flag(help: "Make a self-contained backup of the newest one, from the vault alone.")
    var syntheticFull = false

    @Option(help: ArgumentHelp("With --synthetic-full: make it of this backup.", valueName: "name"))
    var of: String?

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

    @OptionGroup(title: "Objects") var filter: FilterOptions

    @Flag(help: "Ask every object for its ACL, a request each.")
    var acls = false

    @Flag(help: "Accept that the bucket lists no objects. Without this it is an error: a lost source looks the same.")
    var allowEmpty = false

    @Option(
        name: .customLong("identity"),
        help: ArgumentHelp(
            "With --synthetic-full: open sealed backups with the secret keys in this file (HOLDFAST_IDENTITY_FILE).",
            valueName: "file"))
    var identityFiles: [String] = []

    @OptionGroup(title: "Sealing") var sealing: SealingOptions
    @OptionGroup(title: "Server and vault") var connection: ConnectionOptions
    @OptionGroup(title: "Output") var display: DisplayOptions

    var whenInterrupted: String { "interrupted; no backup was made" }

    func validate() throws {
        guard !(include + exclude).contains("") else { throw ValidationError("a glob is empty, and matches no key") }
        guard of == nil || syntheticFull else { throw ValidationError("--of goes with --synthetic-full") }
        guard identityFiles.isEmpty || syntheticFull else {
            throw ValidationError("--identity goes with --synthetic-full: no other backup is read")
        }
        if syntheticFull {
            guard !full, !allVersions, at == nil, include.isEmpty, exclude.isEmpty, !filter.isGiven, !acls,
                metadataSweep == .daily
            else {
                throw ValidationError(
                    "--synthetic-full takes what the earlier backup has: nothing else can be chosen of the bucket")
            }
        }
        for tag in tags {
            let isWord =
                !tag.isEmpty && tag.utf8.count <= 100
                && tag.allSatisfy { $0.isLetter || $0.isNumber || "._-".contains($0) }
            guard isWord else { throw ValidationError("a tag is a word of letters, digits and . _ -") }
        }
    }

    func run(in session: Session) async throws -> ExitStatus {
        let name = try name.map { try BackupName($0) }
        var identities: IdentityOptions?
        if syntheticFull {
            identities = try IdentityOptions.parse([])
            identities?.files = identityFiles
        }
        let resolved = try session.resolve(
            connection, needsSource: !syntheticFull, sealing: sealing, identities: identities)
        let recipients = try await session.recipients(resolved.sealing)
        var options = BackupRun.Options(
            codec: format, compression: compression, allowEmpty: allowEmpty, isFull: full, sweep: metadataSweep,
            allVersions: allVersions, moment: at?.date, acls: acls,
            recipients: recipients)
        options.tags = tags
        options.leavesSeal = sealing.unsealed
        options.selection = KeySelection(includes: include, excludes: exclude, filter: filter.filter)
        let report = try await Engine.withEngine(resolved.configuration, logger: session.logger) { engine in
            if syntheticFull, let of { try await engine.askForPassphrase(of: [of]) }
            return try await session.withProgress {
                if syntheticFull {
                    return try await engine.synthesize(
                        bucket: bucket.name, of: of, name: name, options: options, progress: $0)
                }
                return try await engine.backUp(bucket: bucket.name, name: name, options: options, progress: $0)
            }
        }
        try await session.report(report, report.lines, status: report.status)
        return report.status
    }
}
