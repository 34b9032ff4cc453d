// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Holdfast

/// `holdfast reseal`
struct ResealCommand: Subcommand {
    static let configuration = CommandConfiguration(
        commandName: "reseal",
        abstract: "Change who can open a sealed backup, in every copy.",
        discussion: """
            The recipients given, or those of the configuration, replace all others; with --add they come beside them. An \
            identity that opens the backup now is needed. The archives that it refers to get the same recipients, also for \
            other backups that refer to them. Only the front of the archive is made anew, so whoever opened \
            it before may have kept its key: a recipient who is removed cannot be made to forget. The exit code is 3 \
            when a copy still has its old recipients.

            Examples:
              holdfast reseal before-migration --identity old.txt --recipients-file everybody.txt
              holdfast reseal before-migration --identity old.txt --add --recipient age1…
            """)

    @Argument(help: "The backup.")
    var name: String

    @Flag(help: "Those who can open it now still can.")
    var add = false

    @OptionGroup(title: "Sealing") var recipients: RecipientOptions
    @OptionGroup(title: "Sealed backups") var identities: IdentityOptions
    @OptionGroup(title: "Server and vault") var connection: ConnectionOptions
    @OptionGroup(title: "Output") var display: DisplayOptions

    func run(in session: Session) async throws -> ExitStatus {
        let resolved = try session.resolve(
            connection, needsSource: false, sealing: try recipients.options, identities: identities)
        guard let recipients = try await session.recipients(resolved.sealing) else {
            throw HoldfastError(
                .invalidConfiguration, "Nobody is named to seal \(name) to.",
                hint: "Name whom with --recipient age1… or --recipients-file.")
        }
        let report = try await Engine.withEngine(resolved.configuration, logger: session.logger) { engine in
            try await engine.askForPassphrase(of: [name])
            return try await engine.reseal(name, to: recipients, keepsRecipients: add)
        }
        let status = report.archives.allSatisfy(\.failed.isEmpty) ? ExitStatus.complete : .exceptions
        try await session.report(report, lines(report), status: status)
        return status
    }

    private func lines(_ report: ResealReport) -> [String] {
        let whom = report.sealedTo.joined(separator: ", ")
        let how = report.keptRecipients ? "opens to \(whom) too" : "opens to \(whom) and to nobody else"
        return report.archives.flatMap { archive in
            archive.resealed.map { "\(archive.file) in \($0) \(how)." }
                + archive.failed.map { "NOT RESEALED: \(archive.file) in \($0.label): \($0.problem)" }
        }
    }
}

/// To whom a backup is resealed: as for a new one, but for the passphrase at the prompt, which opens the old one.
struct RecipientOptions: ParsableArguments, Sendable {
    @Option(
        name: .customLong("recipient"),
        help: ArgumentHelp(
            "Seal to this public key, age1…; may be given several times (HOLDFAST_RECIPIENTS).", valueName: "key"))
    var recipients: [String] = []

    @Option(
        help: ArgumentHelp(
            "Seal to the public keys in this file, one a line (HOLDFAST_RECIPIENTS_FILE).", valueName: "file"))
    var recipientsFile: String?

    @Flag(help: "Seal with a new passphrase that is asked for.")
    var newPassphrase = false

    @Option(help: ArgumentHelp("Seal with the passphrase in this file.", valueName: "file"))
    var newPassphraseFile: String?

    var options: SealingOptions {
        get throws {
            var options = try SealingOptions.parse([])
            options.recipients = recipients
            options.recipientsFile = recipientsFile
            options.passphrase = newPassphrase
            options.passphraseFile = newPassphraseFile
            return options
        }
    }
}
