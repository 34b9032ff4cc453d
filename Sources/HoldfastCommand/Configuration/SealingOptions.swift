// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import ObjectStorage

/// To whom backups are sealed, as flags.
struct SealingOptions: ParsableArguments, Sendable {
    @Option(
        name: .customLong("recipient"),
        help: ArgumentHelp(
            "Seal to this public key, age1…; may be given several times (HOLDFAST_RECIPIENTS).", valueName: "key"))
    var recipients: [String] = []

    @Option(
        help: ArgumentHelp(
            "Seal to the public keys in this file, one a line (HOLDFAST_RECIPIENTS_FILE).", valueName: "file"))
    var recipientsFile: String?

    @Flag(help: "Seal with a passphrase that is asked for. It is never an argument: others could see it.")
    var passphrase = false

    @Option(
        help: ArgumentHelp(
            "Seal with the passphrase in this file (HOLDFAST_PASSPHRASE_FILE; HOLDFAST_PASSPHRASE holds it itself).",
            valueName: "file"))
    var passphraseFile: String?

    @Flag(help: "Do not seal, whatever the configuration says.")
    var unsealed = false

    /// Whether any of them was given.
    var isGiven: Bool { !recipients.isEmpty || recipientsFile != nil || passphrase || passphraseFile != nil }
}

/// What opens sealed backups, as flags.
struct IdentityOptions: ParsableArguments, Sendable {
    @Option(
        name: .customLong("identity"),
        help: ArgumentHelp(
            "Open with the secret keys in this file; may be given several times (HOLDFAST_IDENTITY_FILE).",
            valueName: "file"))
    var files: [String] = []

    @Flag(help: "Open with a passphrase that is asked for, as happens on a terminal anyway.")
    var passphrase = false

    @Option(
        help: ArgumentHelp(
            "Open with the passphrase in this file (HOLDFAST_PASSPHRASE_FILE; HOLDFAST_PASSPHRASE holds it itself).",
            valueName: "file"))
    var passphraseFile: String?
}

/// How a backup is to be sealed.
enum SealingChoice: Sendable {
    case unsealed
    /// Texts that should be public keys, each with its place.
    case keys([Setting<String>])
    case passphrase(Secret)
    case askForPassphrase
}
