// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Holdfast

/// `holdfast diff`
struct DiffCommand: Subcommand {
    static let configuration = CommandConfiguration(
        commandName: "diff",
        abstract: "Compare a backup with another one, or with a bucket as it is now.",
        discussion: """
            + is only in the second, - only in the first, ~ differs. Two backups are compared by checksum, headers, \
            metadata and tags; a bucket by what its listing tells, size and ETag. The exit code is 0 when nothing differs \
            and 1 when something does.

            Examples:
              holdfast diff monday tuesday
              holdfast diff monday s3://photos
            """)

    @Argument(help: "The backup.")
    var name: String

    @Argument(help: "Another backup, or s3://BUCKET for the bucket of the server.")
    var other: String

    @OptionGroup(title: "Sealed backups") var identities: IdentityOptions
    @OptionGroup(title: "Server and vault") var connection: ConnectionOptions
    @OptionGroup(title: "Output") var display: DisplayOptions

    private var bucket: BucketArgument? { other.hasPrefix("s3://") ? BucketArgument(argument: other) : nil }

    func validate() throws {
        guard !other.hasPrefix("s3://") || bucket != nil else {
            throw ValidationError("\(other) is no bucket: write s3://BUCKET, without a prefix.")
        }
    }

    func run(in session: Session) async throws -> ExitStatus {
        try await session.withEngine(connection, needsSource: bucket != nil, identities: identities) { engine in
            let before = try await session.open(name, with: engine)
            let after = bucket == nil ? try await session.open(other, with: engine) : nil
            var list = try await DifferenceList(session)
            let same = try await session.withProgress { progress in
                if let after { return try await engine.diff(before, after) { try list.add($0) } }
                let name = bucket?.name ?? ""
                return try await engine.diff(before, bucket: name, progress: progress) { try list.add($0) }
            }
            return try await list.finish(same: same)
        }
    }
}
