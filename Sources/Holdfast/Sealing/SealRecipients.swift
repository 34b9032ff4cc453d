// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Age
package import ObjectStorage

/// To whom archives are sealed: public keys, or one passphrase.
package struct SealRecipients: Sendable {
    private enum Kind: Sendable {
        case keys([X25519Recipient])
        case passphrase(PassphraseRecipient)
    }

    private let kind: Kind

    /// A header has room for some 600; with so many one of them is lost anyway.
    private static let limit = 256

    /// Public keys, `age1…`; one that is named twice counts once.
    ///
    /// - Parameter origin: where each was found, for messages.
    /// - Throws: ``HoldfastError`` `.invalidConfiguration` for a text that is no key, and when there is none or there are
    ///   more than 256.
    package init(keys: [(text: String, origin: String)]) throws {
        var recipients: [X25519Recipient] = []
        for (text, origin) in keys {
            do {
                let recipient = try X25519Recipient(text)
                if !recipients.contains(recipient) { recipients.append(recipient) }
            } catch {
                throw HoldfastError(
                    .invalidConfiguration, "A recipient (\(origin)) makes no sense: \(error).",
                    hint: "A recipient begins with age1; holdfast keys show FILE prints that of an identity.")
            }
        }
        guard !recipients.isEmpty else { throw AgeError.noRecipients.asConfiguration }
        guard recipients.count <= Self.limit else {
            throw HoldfastError(
                .invalidConfiguration, "\(recipients.count) recipients are too many: at most \(Self.limit).")
        }
        kind = .keys(recipients)
    }

    /// A passphrase, if it withstands guessing.
    ///
    /// - Throws: ``HoldfastError`` `.invalidConfiguration` with the reason.
    package init(passphrase: Secret) throws {
        if let weakness = PassphraseStrength.weakness(of: passphrase) {
            throw HoldfastError(
                .invalidConfiguration, "The passphrase is too weak: \(weakness).",
                hint: "Who steals the vault can try passphrases as long as he likes. "
                    + "Take five or more words that nobody said before, or seal to a key: holdfast keys generate.")
        }
        kind = .passphrase(PassphraseRecipient(passphrase.reveal()))
    }

    /// The texts of keys in a file of recipients, one a line, with empty lines and lines that begin with `#`.
    package static func lines(of text: String, in file: String) -> [(text: String, origin: String)] {
        text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).enumerated()
            .filter { !$0.element.isEmpty && !$0.element.hasPrefix("#") }
            .map { (String($0.element), "\(file) line \($0.offset + 1)") }
    }

    var recipients: [any Recipient] {
        switch kind {
        case .keys(let keys): keys
        case .passphrase(let passphrase): [passphrase]
        }
    }

    /// The keys in full, or `a passphrase`: what is noted of an archive.
    var names: [String] {
        switch kind {
        case .keys(let keys): keys.map(\.description)
        case .passphrase: ["a passphrase"]
        }
    }

    /// A name for people.
    static func label(_ name: String) -> String {
        (try? X25519Recipient(name))?.shortForm ?? name
    }

    /// Whether all of these can open what is sealed to the names. Of two passphrases nothing tells whether they are the
    /// same.
    func areAmong(_ names: [String]) -> Bool {
        switch kind {
        case .keys(let keys): keys.allSatisfy { names.contains($0.description) }
        case .passphrase: false
        }
    }

    /// For people: the short forms of the keys, or `a passphrase`.
    package var labels: [String] {
        switch kind {
        case .keys(let keys): keys.map(\.shortForm)
        case .passphrase: ["a passphrase"]
        }
    }
}

extension AgeError {
    /// What somebody asked for cannot be.
    var asConfiguration: HoldfastError { HoldfastError(.invalidConfiguration, "It cannot be sealed: \(self).") }
}
