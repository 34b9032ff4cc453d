// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Holdfast
import ObjectStorage
import SystemPackage

/// Recipients and identities. What is set and cannot be used is an error: a backup that was meant to be sealed is never
/// made in plain instead.
extension SettingPlaces {
    private static let variables = (
        recipients: "HOLDFAST_RECIPIENTS", recipientsFile: "HOLDFAST_RECIPIENTS_FILE",
        passphrase: "HOLDFAST_PASSPHRASE", passphraseFile: "HOLDFAST_PASSPHRASE_FILE",
        identity: "HOLDFAST_IDENTITY", identityFile: "HOLDFAST_IDENTITY_FILE"
    )

    /// How backups are sealed: by the flags, else `holdfast.yaml`, else the environment.
    func sealing(_ options: SealingOptions) throws -> SealingChoice {
        if options.unsealed {
            guard !options.isGiven else { throw Self.refuse("--unsealed and recipients exclude each other") }
            return .unsealed
        }
        let flagPassphrase = try options.passphraseFile.map {
            try surroundings.secret(in: Setting($0, from: "--passphrase-file"))
        }
        let byFlags = try choice(
            options.recipients.map { Setting($0, from: "--recipient") },
            file: Setting(flag: options.recipientsFile, "--recipients-file"), below: nil,
            flagPassphrase.map(SealingChoice.passphrase) ?? (options.passphrase ? .askForPassphrase : nil))
        if let byFlags { return byFlags }
        let byFile = try choice(
            file?.recipients ?? [], file: file?.recipientsFile, below: base,
            try file?.passphraseFile.map { .passphrase(try surroundings.secret(in: $0, below: base)) })
        if let byFile { return byFile }
        return try choice(
            try recipientsOfEnvironment(), file: surroundings.setting(Self.variables.recipientsFile), below: nil,
            try passphraseOfEnvironment().map(SealingChoice.passphrase)) ?? .unsealed
    }

    /// What one place says; `nil` when it says nothing.
    private func choice(
        _ keys: [Setting<String>], file: Setting<String>?, below base: FilePath?, _ passphrase: SealingChoice?
    ) throws -> SealingChoice? {
        let listed = try file.map { try recipients(in: $0, below: base) } ?? []
        guard let first = keys.first ?? listed.first else { return passphrase }
        guard passphrase == nil else {
            throw Self.refuse("recipients (\(first.origin)) and a passphrase exclude each other: age takes one alone")
        }
        return .keys(keys + listed)
    }

    private func recipients(in file: Setting<String>, below base: FilePath?) throws -> [Setting<String>] {
        let path = surroundings.path(file.value, below: base)
        guard let found = try surroundings.readFile(path) else {
            throw Self.refuse("there is no file \(path), which \(file.origin) names")
        }
        let lines = SealRecipients.lines(of: found.text, in: path.string).map { Setting($0.text, from: $0.origin) }
        guard !lines.isEmpty else { throw Self.refuse("\(path), which \(file.origin) names, holds no recipient") }
        return lines
    }

    private func recipientsOfEnvironment() throws -> [Setting<String>] {
        guard let text = surroundings.environment[Self.variables.recipients] else { return [] }
        let keys = text.split { $0.isWhitespace || $0 == "," }
        // Set to nothing: whoever did that may think that backups are sealed.
        guard !keys.isEmpty else { throw Self.refuse("\(Self.variables.recipients) is set and names nobody") }
        return keys.map { Setting(String($0), from: Self.variables.recipients) }
    }

    private func passphraseOfEnvironment() throws -> Secret? {
        if let file = surroundings.setting(Self.variables.passphraseFile) { return try surroundings.secret(in: file) }
        return surroundings[Self.variables.passphrase].map(Secret.init)
    }

    /// All that may open a backup: each place adds to it, since trying one more key costs nothing.
    mutating func keyring(_ options: IdentityOptions) throws -> Keyring {
        var keys = Keyring()
        for name in options.files { try add(Setting(name, from: "--identity"), below: nil, to: &keys) }
        for setting in file?.identityFiles ?? [] { try add(setting, below: base, to: &keys) }
        if let setting = surroundings.setting(Self.variables.identityFile) { try add(setting, below: nil, to: &keys) }
        if let text = surroundings[Self.variables.identity] {
            try keys.add(identities: Secret(text), from: Self.variables.identity)
        }
        let passphrase =
            try options.passphraseFile.map { try surroundings.secret(in: Setting($0, from: "--passphrase-file")) }
            ?? file?.passphraseFile.map { try surroundings.secret(in: $0, below: base) } ?? passphraseOfEnvironment()
        if let passphrase { keys.use(passphrase: passphrase) }
        return keys
    }

    private mutating func add(_ file: Setting<String>, below base: FilePath?, to keys: inout Keyring) throws {
        let path = surroundings.path(file.value, below: base)
        guard let found = try surroundings.readFile(path) else {
            throw Self.refuse("there is no file \(path), which \(file.origin) names")
        }
        if found.mode & 0o004 != 0 {
            warnings.append("Everybody may read \(path), which holds a secret key: chmod 600 \(path)")
        }
        try keys.add(identities: Secret(found.text), from: path.string)
    }

    private static func refuse(_ what: String) -> HoldfastError {
        HoldfastError(
            .invalidConfiguration, "It is not clear how backups are sealed: \(what).",
            hint: "Name recipients (age1…) or a passphrase in one place, or say --unsealed.")
    }
}
