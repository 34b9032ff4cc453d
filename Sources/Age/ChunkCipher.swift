// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Crypto
import NIOCore

/// The payload's cipher: each chunk of 64 KiB is sealed alone, with its number and whether it is the last in the nonce.
struct ChunkCipher: Sendable {
    private let key: SymmetricKey

    static let chunkSize = 64 << 10
    static let tagSize = 16
    static let sealedChunkSize = chunkSize + tagSize
    /// Of the number that is drawn for each file and stands before its first chunk.
    static let nonceSize = 16

    init(fileKey: FileKey, nonce: [UInt8]) {
        key = HKDF<SHA256>.deriveKey(
            inputKeyMaterial: fileKey.key, salt: nonce, info: Array("payload".utf8), outputByteCount: 32)
    }

    /// Appends the sealed form of `plaintext`, at most ``chunkSize`` bytes, to `output`.
    func seal(
        _ plaintext: UnsafeRawBufferPointer, chunk: UInt64, isLast: Bool, into output: inout ByteBuffer
    ) throws {
        let box = try ChaChaPoly.seal(plaintext, using: key, nonce: Self.nonce(chunk, isLast: isLast))
        output.writeBytes(box.combined.dropFirst(Self.chunkNonceSize))
    }

    /// Appends the plaintext of `sealed`, at least ``tagSize`` bytes, to `output`.
    ///
    /// - Throws: ``AgeError/payloadCorrupt(chunk:)``.
    func open(
        _ sealed: UnsafeRawBufferPointer, chunk: UInt64, isLast: Bool, into output: inout ByteBuffer
    ) throws {
        let end = sealed.count - Self.tagSize
        guard end >= 0 else { throw AgeError.payloadCorrupt(chunk: chunk) }
        let box = try ChaChaPoly.SealedBox(
            nonce: Self.nonce(chunk, isLast: isLast), ciphertext: UnsafeRawBufferPointer(rebasing: sealed[..<end]),
            tag: UnsafeRawBufferPointer(rebasing: sealed[end...]))
        do {
            output.writeBytes(try ChaChaPoly.open(box, using: key))
        } catch is CryptoKitError {
            throw AgeError.payloadCorrupt(chunk: chunk)
        }
    }

    private static let chunkNonceSize = 12

    /// Eleven bytes of the chunk's number, big-endian, and one that marks the last. More chunks than a `UInt64` counts
    /// would be 2^80 bytes.
    private static func nonce(_ chunk: UInt64, isLast: Bool) throws -> ChaChaPoly.Nonce {
        var bytes = [UInt8](repeating: 0, count: chunkNonceSize)
        for index in 0..<8 { bytes[10 - index] = UInt8(truncatingIfNeeded: chunk >> UInt64(8 * index)) }
        bytes[11] = isLast ? 1 : 0
        return try ChaChaPoly.Nonce(data: bytes)
    }
}
