// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Glibc
import Holdfast
import ObjectStorage
import SystemPackage

/// `holdfast keys`
struct KeysCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "keys",
        abstract: "Make and look at the keys that backups are sealed to.",
        discussion: """
            An identity opens what was sealed to its recipient, the public key. Keep the file of the identity away from \
            the host that makes backups, and have more than one copy of it: without it nobody reads them again. The files \
            are those of age and age-keygen.

            Examples:
              holdfast keys generate identity.txt
              holdfast keys show identity.txt
            """,
        subcommands: [KeysGenerateCommand.self, KeysShowCommand.self])
}

/// `holdfast keys generate`
struct KeysGenerateCommand: Subcommand {
    static let configuration = CommandConfiguration(
        commandName: "generate",
        abstract: "Make an identity, and print its recipient.",
        discussion: """
            The file is readable by its owner alone. A file that is there already is never written over.

            Examples:
              holdfast keys generate identity.txt
            """)

    @Argument(help: "The file to write the identity to.")
    var file: String

    @OptionGroup(title: "Output") var display: DisplayOptions

    private struct Document: Encodable {
        let file: String
        let recipient: String
    }

    func run(in session: Session) async throws -> ExitStatus {
        let (text, recipient) = IdentityFile.generate()
        let path = session.surroundings.path(file)
        try await WritingThread(label: "holdfast.keys").run { try Self.write(text, to: path) }
        try await session.report(
            Document(file: path.string, recipient: recipient),
            [
                "Identity   \(path) (keep it safe: without it nobody reads what is sealed to it)",
                "Recipient  \(recipient)",
            ])
        return .complete
    }

    /// Killed before it is durable, the file holds a part of a key that nothing was sealed to yet.
    private static func write(_ text: Secret, to path: FilePath) throws {
        do {
            let descriptor = try FileDescriptor.open(
                path, .writeOnly, options: [.create, .exclusiveCreate, .noFollow, .closeOnExec],
                permissions: .ownerReadWrite)
            try descriptor.closeAfter {
                _ = try descriptor.writeAll(text.reveal().utf8)
                try FileSystemCalls.sync(descriptor)
            }
            try FileSystemCalls.syncDirectory(of: path)
        } catch Errno.fileExists {
            throw HoldfastError(
                .conflict, "\(path) exists already and was not touched.",
                hint: "Name another file: an identity that is written over is lost, and all that was sealed to it.")
        } catch let errno as Errno {
            throw HoldfastError(.failed, "Cannot write \(path): \(errno.description.lowercased()).")
        }
    }
}

/// `holdfast keys show`
struct KeysShowCommand: Subcommand {
    static let configuration = CommandConfiguration(
        commandName: "show",
        abstract: "Print the recipients of the identities in a file.",
        discussion: """
            Examples:
              holdfast keys show identity.txt
            """)

    @Argument(help: "The file of the identities.")
    var file: String

    @OptionGroup(title: "Output") var display: DisplayOptions

    private struct Document: Encodable {
        let recipients: [String]
    }

    func run(in session: Session) async throws -> ExitStatus {
        let path = session.surroundings.path(file)
        guard let found = try session.surroundings.readFile(path) else {
            throw HoldfastError(.notFound, "There is no file \(path).")
        }
        let recipients = try IdentityFile.recipients(of: Secret(found.text), in: path.string)
        try await session.output.print(
            session.isJSON
                ? try JSONText.document(Document(recipients: recipients)) : recipients.joined(separator: "\n"))
        return .complete
    }
}
