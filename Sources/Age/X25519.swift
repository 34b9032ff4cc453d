// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Crypto

/// A public key, `age1…`: whoever has it can seal, and not open.
package struct X25519Recipient: Recipient, Hashable, CustomStringConvertible {
    private let bytes: [UInt8]

    static let kind = "X25519"
    private static let prefix = "age"

    /// - Throws: ``AgeError/badKey(_:)``.
    package init(_ text: String) throws(AgeError) {
        let (prefix, bytes) = try Bech32.decode(text)
        guard prefix == Self.prefix else {
            if prefix.hasPrefix("age-secret-key") { throw .badKey("it is a secret key where a recipient belongs") }
            throw .badKey("recipients of the kind '\(prefix)' are not supported, only X25519 (age1…)")
        }
        guard bytes.count == 32 else { throw .badKey("it has \(bytes.count) bytes instead of 32") }
        self.bytes = bytes
    }

    fileprivate init(_ key: Curve25519.KeyAgreement.PublicKey) {
        bytes = Array(key.rawRepresentation)
    }

    /// The text that ``init(_:)`` reads.
    package var description: String { Bech32.encode(prefix: Self.prefix, bytes) }

    /// Enough of the text to tell it from others, for people: `age1ql3z7hjy…ac8p`.
    package var shortForm: String { "\(description.prefix(12))…\(description.suffix(4))" }

    package func wrap(_ fileKey: FileKey) async throws -> Stanza {
        try wrap(fileKey, ephemeral: X25519Identity())
    }

    /// With an ephemeral key that the tests choose.
    func wrap(_ fileKey: FileKey, ephemeral: X25519Identity) throws -> Stanza {
        let share = ephemeral.recipient.bytes
        guard let key = try X25519.wrapKey(secret: ephemeral.secret, share: bytes, salt: share + bytes) else {
            throw AgeError.badKey("it is a point that gives every sender the same secret")
        }
        return Stanza(
            arguments: [Self.kind, String(decoding: RawBase64.encode(share), as: UTF8.self)],
            body: try KeyWrap.seal(fileKey, with: key))
    }
}

/// A secret key, `AGE-SECRET-KEY-1…`. Not printable; ask for ``text``.
package struct X25519Identity: Identity, Redacted {
    fileprivate let secret: Curve25519.KeyAgreement.PrivateKey

    private static let prefix = "age-secret-key-"

    /// A new one, from the system's random numbers.
    package init() {
        secret = Curve25519.KeyAgreement.PrivateKey()
    }

    /// - Throws: ``AgeError/badKey(_:)``.
    package init(_ text: String) throws(AgeError) {
        let (prefix, bytes) = try Bech32.decode(text)
        guard prefix == Self.prefix else {
            throw .badKey("identities of the kind '\(prefix.prefix(20))' are not supported, only AGE-SECRET-KEY-1…")
        }
        do {
            secret = try Curve25519.KeyAgreement.PrivateKey(rawRepresentation: bytes)
        } catch {
            throw .badKey("it has \(bytes.count) bytes instead of 32")
        }
    }

    /// The secret itself, as key files hold it.
    package var text: String {
        Bech32.encode(prefix: Self.prefix, Array(secret.rawRepresentation)).uppercased()
    }

    /// To whom to seal what this identity shall open.
    package var recipient: X25519Recipient { X25519Recipient(secret.publicKey) }

    package func unwrap(_ stanzas: [Stanza]) async throws -> FileKey? {
        for stanza in stanzas where stanza.kind == X25519Recipient.kind {
            guard stanza.arguments.count == 2, let share = RawBase64.decode(stanza.arguments[1].utf8), share.count == 32
            else { throw AgeError.malformedHeader("an X25519 recipient") }
            let salt = share + Array(secret.publicKey.rawRepresentation)
            guard let key = try X25519.wrapKey(secret: secret, share: share, salt: salt) else {
                throw AgeError.malformedHeader("an X25519 recipient whose share hides nothing")
            }
            if let fileKey = try KeyWrap.open(stanza.body, with: key) { return fileKey }
        }
        return nil
    }
}

private enum X25519 {
    /// `nil` when the shared secret is all zero, which a share of low order enforces whatever the secret is.
    static func wrapKey(
        secret: Curve25519.KeyAgreement.PrivateKey, share: [UInt8], salt: [UInt8]
    ) throws -> SymmetricKey? {
        let point = try Curve25519.KeyAgreement.PublicKey(rawRepresentation: share)
        guard let shared = try? secret.sharedSecretFromKeyAgreement(with: point) else { return nil }
        return shared.withUnsafeBytes { bytes in
            guard bytes.contains(where: { $0 != 0 }) else { return nil }
            return HKDF<SHA256>.deriveKey(
                inputKeyMaterial: SymmetricKey(data: bytes), salt: salt,
                info: Array("age-encryption.org/v1/X25519".utf8), outputByteCount: 32)
        }
    }
}
