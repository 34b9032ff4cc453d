// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Age
package import ObjectStorage

/// What opens sealed archives: the identities at hand, and a passphrase, at hand or to be asked for.
package struct Keyring: Sendable {
    private var identities: [X25519Identity] = []
    private var passphrase: PassphraseSource?

    /// One that opens nothing.
    package init() {}

    /// Adds the identities of a key file's text.
    ///
    /// - Parameter origin: where the text was found, for messages.
    /// - Throws: ``HoldfastError`` `.invalidConfiguration`, which repeats nothing of the text.
    package mutating func add(identities text: Secret, from origin: String) throws {
        do {
            identities += try KeyFile.identities(text.reveal())
        } catch {
            throw HoldfastError(
                .invalidConfiguration, "\(origin) holds no identity that can be used: \(error).",
                hint: "An identity is a line AGE-SECRET-KEY-1…, as holdfast keys generate and age-keygen write it.")
        }
    }

    /// Takes a passphrase for archives that are sealed with one.
    package mutating func use(passphrase: Secret) {
        self.passphrase = PassphraseSource(passphrase)
    }

    /// Has somebody to ask for the passphrase, unless there is one.
    package mutating func usePrompt(_ ask: @escaping @Sendable () async throws -> Secret) {
        guard passphrase == nil else { return }
        passphrase = PassphraseSource(ask)
        hasPrompt = true
    }

    /// Whether there is somebody to ask.
    private(set) var hasPrompt = false

    /// Asks for the passphrase now, if it takes one to open the file and there is somebody to ask: once, whatever the
    /// number of files.
    func prepare(for front: SealedFront) async throws {
        if front.wantsPassphrase { try await passphrase?.prepare() }
    }

    /// Whether there is a passphrase by now.
    var hasPassphrase: Bool {
        get async { await passphrase?.answer != nil }
    }

    /// What may open a file. Asks nobody.
    ///
    /// - Parameter triesPassphrase: whether a passphrase is tried, which takes a second.
    func identities(for front: SealedFront, triesPassphrase: Bool = true) async -> [any Identity] {
        guard front.wantsPassphrase else { return identities }
        guard triesPassphrase, let answer = await passphrase?.answer else { return [] }
        return [PassphraseIdentity(answer.reveal())]
    }

    /// The short forms of the public keys, for people.
    package var labels: [String] { identities.map(\.recipient.shortForm) }
}

/// A passphrase that is asked for at most once.
private actor PassphraseSource {
    /// `nil` until somebody gave it.
    private(set) var answer: Secret?
    private let ask: (@Sendable () async throws -> Secret)?

    init(_ answer: Secret) {
        self.answer = answer
        ask = nil
    }

    init(_ ask: @escaping @Sendable () async throws -> Secret) {
        self.ask = ask
    }

    /// Commands ask before they begin, one file after the other.
    func prepare() async throws {
        if answer == nil { answer = try await ask?() }
    }
}
