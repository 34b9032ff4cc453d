// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Crypto

/// How every native recipient wraps the file key: ChaCha20-Poly1305 with a key that is used once, so that the nonce can
/// be zero.
enum KeyWrap {
    private static func nonce() throws -> ChaChaPoly.Nonce {
        try ChaChaPoly.Nonce(data: [UInt8](repeating: 0, count: 12))
    }

    static func seal(_ fileKey: FileKey, with key: SymmetricKey) throws -> [UInt8] {
        let box = try fileKey.key.withUnsafeBytes { try ChaChaPoly.seal($0, using: key, nonce: nonce()) }
        return Array(box.ciphertext) + Array(box.tag)
    }

    /// `nil` when the key is not the one that it was sealed with.
    ///
    /// - Throws: ``AgeError/malformedHeader(_:)`` when the length is not that of a wrapped file key.
    static func open(_ body: [UInt8], with key: SymmetricKey) throws -> FileKey? {
        guard body.count == FileKey.wrappedByteCount else {
            throw AgeError.malformedHeader("a wrapped key of \(body.count) bytes")
        }
        let box = try ChaChaPoly.SealedBox(
            nonce: nonce(), ciphertext: body[..<FileKey.byteCount], tag: body[FileKey.byteCount...])
        do {
            return try FileKey(ChaChaPoly.open(box, using: key))
        } catch is CryptoKitError {
            return nil
        }
    }
}
