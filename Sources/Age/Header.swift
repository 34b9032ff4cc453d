// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Crypto

/// The text at the front of an age file: the wrapped file keys and a code that authenticates them.
struct Header: Sendable {
    let stanzas: [Stanza]
    /// HMAC-SHA-256 over ``authenticated``.
    let code: [UInt8]
    /// The header's bytes up to and including `---`, as they were read or will be written.
    let authenticated: [UInt8]

    static let versionLine = "age-encryption.org/v1"
    /// Some 600 recipients. A header is read into memory before anything of it can be believed, so it needs a bound.
    static let byteLimit = 128 << 10

    /// A header as it was read.
    init(stanzas: [Stanza], code: [UInt8], authenticated: [UInt8]) {
        self.stanzas = stanzas
        self.code = code
        self.authenticated = authenticated
    }

    /// A new header.
    init(stanzas: [Stanza], fileKey: FileKey) {
        self.stanzas = stanzas
        authenticated = Array("\(Self.versionLine)\n".utf8) + stanzas.flatMap(\.text) + Array("---".utf8)
        code = Self.code(for: authenticated, fileKey)
    }

    static func code(for authenticated: [UInt8], _ fileKey: FileKey) -> [UInt8] {
        Array(HMAC<SHA256>.authenticationCode(for: authenticated, using: codeKey(fileKey)))
    }

    var text: [UInt8] {
        authenticated + [UInt8(ascii: " ")] + RawBase64.encode(code) + [UInt8(ascii: "\n")]
    }

    /// The key that opens the file.
    ///
    /// - Throws: ``AgeError/noMatch``, ``AgeError/headerForged``, ``AgeError/malformedHeader(_:)``.
    func fileKey(with identities: [any Identity]) async throws -> FileKey {
        // The format leaves this to the passphrase's identity; it is a rule about files, so it holds for all of them.
        guard stanzas.count == 1 || !stanzas.contains(where: { $0.kind == PassphraseRecipient.kind }) else {
            throw AgeError.malformedHeader("a passphrase beside other recipients")
        }
        for identity in identities {
            guard let fileKey = try await identity.unwrap(stanzas) else { continue }
            // In constant time: HMAC's own comparison.
            guard
                HMAC<SHA256>.isValidAuthenticationCode(
                    code, authenticating: authenticated, using: Self.codeKey(fileKey))
            else { throw AgeError.headerForged }
            return fileKey
        }
        throw AgeError.noMatch
    }

    private static func codeKey(_ fileKey: FileKey) -> SymmetricKey {
        HKDF<SHA256>.deriveKey(
            inputKeyMaterial: fileKey.key, salt: [UInt8](), info: Array("header".utf8), outputByteCount: 32)
    }
}
