// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Crypto
import CryptoExtras

/// Seals a file to a passphrase. The file can have no other recipient.
package struct PassphraseRecipient: Recipient, Redacted {
    /// Not for its cryptography: a key's memory is wiped when the last copy is gone.
    private let passphrase: SymmetricKey
    private let workFactor: Int

    static let kind = "scrypt"

    /// - Parameter workFactor: the work to try one passphrase is 2 to this power, 1 to 30; 18 takes about a second and
    ///   256 MiB, each one more twice that.
    package init(_ passphrase: String, workFactor: Int = 18) {
        self.passphrase = SymmetricKey(data: Array(passphrase.utf8))
        self.workFactor = min(max(workFactor, 1), 30)
    }

    package var mustBeAlone: Bool { true }

    package func wrap(_ fileKey: FileKey) async throws -> Stanza {
        var random = SystemRandomNumberGenerator()
        let salt = (0..<Scrypt.saltByteCount).map { _ in UInt8.random(in: 0...255, using: &random) }
        let key = try await Scrypt.wrapKey(passphrase, salt: salt, workFactor: workFactor)
        return Stanza(
            arguments: [Self.kind, String(decoding: RawBase64.encode(salt), as: UTF8.self), String(workFactor)],
            body: try KeyWrap.seal(fileKey, with: key))
    }
}

/// Opens a file that was sealed to a passphrase.
package struct PassphraseIdentity: Identity, Redacted {
    private let passphrase: SymmetricKey
    private let maximumWorkFactor: Int

    /// - Parameter maximumWorkFactor: the most work to do for a file that asks for it; 20 is 1 GiB and some seconds.
    package init(_ passphrase: String, maximumWorkFactor: Int = 20) {
        self.passphrase = SymmetricKey(data: Array(passphrase.utf8))
        self.maximumWorkFactor = min(maximumWorkFactor, 30)
    }

    package func unwrap(_ stanzas: [Stanza]) async throws -> FileKey? {
        guard let stanza = stanzas.first, stanza.kind == PassphraseRecipient.kind else { return nil }
        guard stanza.arguments.count == 3, let salt = RawBase64.decode(stanza.arguments[1].utf8),
            salt.count == Scrypt.saltByteCount, stanza.body.count == FileKey.wrappedByteCount,
            let workFactor = Self.workFactor(stanza.arguments[2])
        else { throw AgeError.malformedHeader("a passphrase recipient") }
        guard workFactor <= maximumWorkFactor else {
            throw AgeError.workTooGreat(workFactor, allowed: maximumWorkFactor)
        }
        return try KeyWrap.open(
            stanza.body, with: await Scrypt.wrapKey(passphrase, salt: salt, workFactor: workFactor))
    }

    /// Digits alone, the first of them not 0.
    private static func workFactor(_ text: String) -> Int? {
        guard let first = text.utf8.first, first != UInt8(ascii: "0"),
            text.utf8.allSatisfy((UInt8(ascii: "0")...UInt8(ascii: "9")).contains)
        else { return nil }
        return Int(text)
    }
}

private enum Scrypt {
    static let saltByteCount = 16

    /// Takes its time and 1 KiB times 2 to the power of `workFactor` of memory.
    @concurrent
    static func wrapKey(_ passphrase: SymmetricKey, salt: [UInt8], workFactor: Int) async throws -> SymmetricKey {
        try passphrase.withUnsafeBytes { passphrase in
            try KDF.Scrypt.deriveKey(
                from: passphrase, salt: Array("age-encryption.org/v1/scrypt".utf8) + salt, outputByteCount: 32,
                rounds: 1 << workFactor, blockSize: 8, parallelism: 1)
        }
    }
}
