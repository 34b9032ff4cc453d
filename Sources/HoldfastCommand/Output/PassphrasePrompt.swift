// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Glibc
import Holdfast
import ObjectStorage

/// Asks for a passphrase on the terminal, without showing what is typed.
struct PassphrasePrompt: Sendable {
    let messages: MessageOutput

    /// Whether somebody sits at a terminal.
    var isPossible: Bool { isatty(STDIN_FILENO) == 1 && messages.isTerminal }

    /// - Throws: ``HoldfastError`` `.invalidConfiguration` without a terminal; `CancellationError`.
    func ask(_ question: String) async throws -> Secret {
        guard isPossible else {
            throw HoldfastError(
                .invalidConfiguration, "There is no terminal to ask for a passphrase on.",
                hint: "Put it into a file and name that with --passphrase-file or HOLDFAST_PASSPHRASE_FILE.")
        }
        messages.write(question)
        var usual = termios()
        guard tcgetattr(STDIN_FILENO, &usual) == 0 else {
            throw HoldfastError(.failed, "The terminal cannot be told to hide what is typed.")
        }
        var hidden = usual
        hidden.c_lflag &= ~tcflag_t(ECHO)
        tcsetattr(STDIN_FILENO, TCSAFLUSH, &hidden)
        defer { tcsetattr(STDIN_FILENO, TCSAFLUSH, &usual) }
        guard let line = await TypedLine.next(trimmed: false) else {
            try Task.checkCancellation()
            throw HoldfastError(.failed, "No passphrase was typed.")
        }
        return Secret(line)
    }

    /// Asks twice, since nobody sees what he types.
    func askTwice() async throws -> Secret {
        let passphrase = try await ask("Passphrase to seal with:")
        guard try await ask("Once more:") == passphrase else {
            throw HoldfastError(.invalidConfiguration, "The two passphrases are not the same; nothing was done.")
        }
        return passphrase
    }
}

extension Session {
    /// To whom to seal; `nil` for nobody. Asks for the passphrase if it is to be asked for.
    func recipients(_ choice: SealingChoice) async throws -> SealRecipients? {
        switch choice {
        case .unsealed: nil
        case .keys(let keys): try SealRecipients(keys: keys.map { ($0.value, $0.origin) })
        case .passphrase(let passphrase): try SealRecipients(passphrase: passphrase)
        case .askForPassphrase:
            try SealRecipients(passphrase: try await PassphrasePrompt(messages: messages).askTwice())
        }
    }
}
