// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Holdfast

/// `holdfast check`
struct CheckCommand: Subcommand {
    static let configuration = CommandConfiguration(
        commandName: "check",
        abstract: "Try everything that a backup needs, and say how to mend what is wrong.",
        discussion: """
            Looks at the server, the keys, the clock, the rights on a bucket, and each copy of the vault, where it writes \
            and removes a small file. With a BUCKET that keeps versions, all of it is listed twice, by ListObjectsV2 and \
            by ListObjectVersions, and keys that one of them leaves out are named. The exit code is 1 when something is \
            not in order; a warning is no failure.

            Examples:
              holdfast check
              holdfast check photos
            """)

    @Argument(
        help: "Look at this bucket closely; the rights alone are tried, on the first one there is, if left out.",
        transform: BucketArgument.parse)
    var bucket: BucketArgument?

    @OptionGroup(title: "Server and vault") var connection: ConnectionOptions
    @OptionGroup(title: "Output") var display: DisplayOptions

    private struct Document: Encodable {
        let checks: [CheckResult]
        let inOrder: Bool
    }

    func run(in session: Session) async throws -> ExitStatus {
        // With the plans, so that what is wrong with them is said here and not by the service at night.
        let resolved = try session.resolve(connection, needsSource: false, plans: true)
        let results = try await Engine.withEngine(resolved.configuration, logger: session.logger) { engine in
            try await session.withProgress { await engine.check(bucket: bucket?.name, progress: $0) }
        }
        let status = CheckResult.status(of: results)
        let document = Document(checks: results, inOrder: status == .complete)
        try await session.report(document, CheckResult.lines(of: results), status: status)
        return status
    }
}
