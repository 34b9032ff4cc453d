// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Holdfast
import SystemPackage

/// `holdfast cat`
struct CatCommand: Subcommand {
    static let configuration = CommandConfiguration(
        commandName: "cat",
        abstract: "Write the bytes of one object of a backup.",
        discussion: """
            The bytes are compared with their checksum while they are written; the exit code is 6 if they are not what \
            was backed up. With --output the file appears only when they are.

            Examples:
              holdfast cat before-migration letters/first.txt
              holdfast cat before-migration photo.jpg --output photo.jpg
              holdfast cat before-migration --key-hex 66f6f62e747874 > foo.txt
            """)

    @Argument(help: "The backup.")
    var name: String

    @Argument(help: "The key of the object.")
    var key: String?

    @Option(help: ArgumentHelp("The key's bytes in hex, for keys that are not text.", valueName: "hex"))
    var keyHex: String?

    @Option(help: ArgumentHelp("The id of an older version; show --versions lists them.", valueName: "id"))
    var version: String?

    @Option(
        name: .shortAndLong, help: ArgumentHelp("Write to this file instead of standard output.", valueName: "file"))
    var output: String?

    @OptionGroup(title: "Sealed backups") var identities: IdentityOptions
    @OptionGroup(title: "Server and vault") var connection: ConnectionOptions
    @OptionGroup(title: "Output") var display: DisplayOptions

    func validate() throws {
        guard (key == nil) != (keyHex == nil) else {
            throw ValidationError("Name one object, by its key or with --key-hex.")
        }
        guard keyHex.map({ Hex.bytes($0)?.isEmpty == false }) ?? true else {
            throw ValidationError("--key-hex takes two digits 0-9 a-f for each byte of the key.")
        }
    }

    func run(in session: Session) async throws -> ExitStatus {
        let key = keyHex.flatMap { Hex.bytes($0) } ?? Array((key ?? "").utf8)
        return try await session.withEngine(connection, needsSource: false, identities: identities) { engine in
            let backup = try await session.open(name, with: engine, needsContents: true)
            let object =
                if let version { try await backup.object(key, version: version) } else { try await backup.object(key) }
            let content = CheckedContent(backup: backup, object: object)
            if let output, output != "-" {
                try await PartialFile.write(FilePath(output)) { file in
                    try await content.read { try await file.write($0) }
                }
            } else {
                try await content.read { try await session.output.write($0) }
            }
            return .complete
        }
    }
}
