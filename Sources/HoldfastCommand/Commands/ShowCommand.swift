// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Catalog
import Holdfast

/// `holdfast show`
struct ShowCommand: Subcommand {
    static let configuration = CommandConfiguration(
        commandName: "show",
        abstract: "List the objects of a backup, by key.",
        discussion: """
            Keys that are not text are shown with \\xNN for each odd byte. Above the list stands what this host has seen \
            of each copy, and when: written, checksummed, read back, restored.

            Examples:
              holdfast show before-migration
              holdfast show before-migration 2026/ --long
              holdfast show before-migration letters/first.txt --versions
              holdfast show before-migration --exceptions
            """)

    @Argument(help: "The backup.")
    var name: String

    @Argument(help: "Only keys that begin with this.")
    var prefix: String?

    @Flag(help: "List what is not in the backup, and why.")
    var exceptions = false

    @Flag(help: "List older versions and delete markers too, newest first.")
    var versions = false

    @Flag(help: "Show headers, metadata, tags and checksums.")
    var long = false

    @OptionGroup(title: "Sealed backups") var identities: IdentityOptions
    @OptionGroup(title: "Server and vault") var connection: ConnectionOptions
    @OptionGroup(title: "Output") var display: DisplayOptions

    func run(in session: Session) async throws -> ExitStatus {
        try await session.withEngine(connection, needsSource: false, identities: identities) { engine in
            let backup = try await session.open(name, with: engine)
            let list = ObjectList(
                backup: backup, proofs: await engine.proofs(of: backup), retention: await engine.retention(of: backup),
                prefix: Array((prefix ?? "").utf8),
                versions: versions, output: session.output)
            switch (exceptions, session.isJSON) {
            case (false, false): try await list.printObjects(long: long)
            case (false, true): try await list.printObjectDocument()
            case (true, false): try await list.printExceptions()
            case (true, true): try await list.printExceptionDocument()
            }
            return .complete
        }
    }
}
