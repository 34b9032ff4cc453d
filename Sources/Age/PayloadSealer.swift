// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

package import NIOCore

/// Seals a file whose bytes are pushed into it.
///
/// Work on one copy only: two payloads sealed by copies of one value would share a key and nonces. Holds at most 64 KiB
/// of plaintext back, because the last chunk is marked as such and never empty unless the file is. Sealing
/// is work for the processor: call it where nothing else is kept waiting.
package struct PayloadSealer: Sendable {
    /// The first bytes of the file, to be written before all that ``append(_:)`` returns.
    package let header: ByteBuffer
    /// As ``SealedFront/nonce``.
    package let nonce: [UInt8]
    private let cipher: ChunkCipher
    private var held = ByteBuffer()
    private var chunk: UInt64 = 0
    private var isFinished = false

    /// Draws a new file key and wraps it to each recipient; with a passphrase that takes about a second.
    ///
    /// - Throws: ``AgeError/noRecipients``, ``AgeError/passphraseNotAlone``.
    package init(to recipients: [any Recipient]) async throws {
        var random = SystemRandomNumberGenerator()
        let nonce = (0..<ChunkCipher.nonceSize).map { _ in UInt8.random(in: 0...255, using: &random) }
        try await self.init(to: recipients, fileKey: FileKey(), nonce: nonce)
    }

    /// With a file key and a nonce that the tests choose.
    init(to recipients: [any Recipient], fileKey: FileKey, nonce: [UInt8]) async throws {
        try Self.check(recipients)
        var stanzas: [Stanza] = []
        for recipient in recipients { stanzas.append(try await recipient.wrap(fileKey)) }
        header = ByteBuffer(bytes: Header(stanzas: stanzas, fileKey: fileKey).text + nonce)
        self.nonce = nonce
        cipher = ChunkCipher(fileKey: fileKey, nonce: nonce)
    }

    /// - Throws: ``AgeError/noRecipients``, ``AgeError/passphraseNotAlone``.
    static func check(_ recipients: [any Recipient]) throws(AgeError) {
        guard !recipients.isEmpty else { throw .noRecipients }
        guard recipients.count == 1 || !recipients.contains(where: \.mustBeAlone) else { throw .passphraseNotAlone }
    }

    /// The sealed chunks that `plaintext` completes: often none, and never the last.
    ///
    /// - Throws: ``AgeError/finished`` after ``finish()``.
    package mutating func append(_ plaintext: ByteBuffer) throws -> ByteBuffer {
        guard !isFinished else { throw AgeError.finished }
        let size = ChunkCipher.chunkSize
        let total = held.readableBytes + plaintext.readableBytes
        // A chunk is sealed when a byte follows it, for only then it is known not to be the last.
        let complete = total > 0 ? (total - 1) / size : 0
        var output = ByteBuffer()
        if complete > 0 { output.reserveCapacity(complete * ChunkCipher.sealedChunkSize) }
        var plaintext = plaintext
        for _ in 0..<complete {
            if held.readableBytes > 0 {
                if let missing = plaintext.readSlice(length: size - held.readableBytes) { hold(missing) }
                try seal(held, isLast: false, into: &output)
                held.clear()
            } else if let piece = plaintext.readSlice(length: size) {
                try seal(piece, isLast: false, into: &output)
            }
        }
        hold(plaintext)
        return output
    }

    /// The last chunk. Without it a file cannot be opened to its end, so one that was left unfinished is never taken for
    /// a whole one.
    ///
    /// - Throws: ``AgeError/finished`` the second time.
    package mutating func finish() throws -> ByteBuffer {
        guard !isFinished else { throw AgeError.finished }
        isFinished = true
        var output = ByteBuffer()
        try seal(held, isLast: true, into: &output)
        held = ByteBuffer()
        return output
    }

    private mutating func hold(_ bytes: ByteBuffer) {
        held.writeImmutableBuffer(bytes)
    }

    private mutating func seal(_ plaintext: ByteBuffer, isLast: Bool, into output: inout ByteBuffer) throws {
        try plaintext.withUnsafeReadableBytes { try cipher.seal($0, chunk: chunk, isLast: isLast, into: &output) }
        chunk += 1
    }
}
