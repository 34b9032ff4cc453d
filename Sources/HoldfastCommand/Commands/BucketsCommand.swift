// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Holdfast
import ObjectStorage

/// `holdfast buckets`
struct BucketsCommand: Subcommand {
    static let configuration = CommandConfiguration(
        commandName: "buckets",
        abstract: "List the buckets of the server.",
        discussion: """
            Examples:
              holdfast buckets
              holdfast buckets --endpoint http://127.0.0.1:9000 --json
            """)

    @OptionGroup(title: "Server and vault") var connection: ConnectionOptions
    @OptionGroup(title: "Output") var display: DisplayOptions

    private struct Document: Encodable {
        let buckets: [String]
    }

    func run(in session: Session) async throws -> ExitStatus {
        let buckets = try await session.withEngine(connection, needsSource: true) { try await $0.buckets() }
        if session.isJSON {
            try await session.output.print(try JSONText.document(Document(buckets: buckets)))
            return .complete
        }
        var page = session.output.page()
        for bucket in buckets { try await page.add("\(ObjectKey(bucket))") }
        try await page.flush()
        return .complete
    }
}
