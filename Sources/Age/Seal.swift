// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import NIOCore
package import Streams

/// Seals `plaintext` to every one of `recipients`, as the consumer asks for it.
///
/// - Throws: at once ``AgeError/noRecipients`` and ``AgeError/passphraseNotAlone``; the stream throws what `plaintext`
///   throws.
package func seal(_ plaintext: ByteStream, to recipients: [any Recipient]) throws -> ByteStream {
    try PayloadSealer.check(recipients)
    let stream = SealingStream(plaintext) { try await PayloadSealer(to: recipients) }
    return ByteStream { try await stream.next() }
}

/// With a file key and a nonce that the tests choose.
func seal(
    _ plaintext: ByteStream, to recipients: [any Recipient], fileKey: FileKey, nonce: [UInt8]
) throws -> ByteStream {
    try PayloadSealer.check(recipients)
    let stream = SealingStream(plaintext) {
        try await PayloadSealer(to: recipients, fileKey: fileKey, nonce: nonce)
    }
    return ByteStream { try await stream.next() }
}

/// The state of one sealed stream. An actor, so that the work is done off the consumer's own actor.
private actor SealingStream {
    private let begin: @Sendable () async throws -> PayloadSealer
    private var iterator: ByteStream.AsyncIterator
    private var sealer: PayloadSealer?
    private var isFinished = false

    init(_ plaintext: ByteStream, begin: @escaping @Sendable () async throws -> PayloadSealer) {
        self.begin = begin
        iterator = plaintext.makeAsyncIterator()
    }

    func next() async throws -> ByteBuffer? {
        guard !isFinished else { return nil }
        guard sealer != nil else {
            sealer = try await begin()
            return sealer?.header
        }
        var source = iterator
        defer { iterator = source }
        while let piece = try await source.next() {
            if let sealed = try sealer?.append(piece), sealed.readableBytes > 0 { return sealed }
        }
        isFinished = true
        return try sealer?.finish()
    }
}
