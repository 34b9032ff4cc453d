// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import NIOCore
package import Streams

/// What stands before the chunks of a sealed file: the header, which says who may open it, and the payload's nonce.
///
/// The header can be made anew for other recipients; everything behind it stays as it lies.
package struct SealedFront: Sendable {
    /// The header's bytes as the file has them.
    package let header: [UInt8]
    /// Where nonce and chunks lie: from the end of the header to the end of the file.
    package let payload: Range<Int64>
    /// The 16 random bytes that the payload begins with. No two files that were sealed apart share them, and they stay
    /// when the header changes.
    package let nonce: [UInt8]
    private let parsed: Header

    /// The kind of each recipient in the order of the header: `X25519`, `scrypt`, or what other programs made. To whom
    /// a key belongs, a header does not tell.
    package var recipientKinds: [String] { parsed.stanzas.map(\.kind) }

    /// Whether it takes a passphrase to open the file.
    package var wantsPassphrase: Bool { recipientKinds.contains(PassphraseRecipient.kind) }

    /// Reads the front: one read of 4 KiB, or as many as a header for many recipients takes.
    ///
    /// Nothing of it is authenticated yet: that takes an identity.
    /// - Throws: ``AgeError``, and what `sealed` throws.
    package static func read(_ sealed: any RandomAccessBytes) async throws -> SealedFront {
        var reader = HeaderReader()
        var bytes: [UInt8] = []
        var position: Int64 = 0
        // Nearly every header fits into the first piece, and the nonce with it.
        let step: Int64 = 4 << 10
        while position < sealed.size {
            let end = min(position + step, sealed.size)
            var piece = try await sealed.read(position..<end)
            position = end
            let whole = piece.readableBytesView
            let header = try reader.feed(&piece)
            bytes += whole.dropLast(piece.readableBytes)
            guard let header else { continue }
            let payload = Int64(bytes.count)..<sealed.size
            let nonceEnd = payload.lowerBound + Int64(ChunkCipher.nonceSize)
            guard nonceEnd <= payload.upperBound else { throw AgeError.truncated }
            // Where the first piece ends within it, it is read once more.
            if piece.readableBytes < ChunkCipher.nonceSize {
                piece = try await sealed.read(payload.lowerBound..<nonceEnd)
            }
            guard let nonce = piece.readBytes(length: ChunkCipher.nonceSize) else { throw AgeError.truncated }
            return SealedFront(header: bytes, payload: payload, nonce: nonce, parsed: header)
        }
        throw reader.endError
    }

    /// The key of the file.
    ///
    /// - Throws: ``AgeError/noMatch``, ``AgeError/headerForged``, ``AgeError/malformedHeader(_:)``.
    func fileKey(with identities: [any Identity]) async throws -> FileKey {
        try await parsed.fileKey(with: identities)
    }

    /// A header for other recipients of the same payload; it may be longer or shorter than this one.
    ///
    /// - Parameter keepsRecipients: whether those who can open the file now still can.
    /// - Throws: ``AgeError`` when no identity opens the file, there is nobody to seal to, a passphrase would not be
    ///   alone, or there are more recipients than a header takes.
    package func header(
        for recipients: [any Recipient], keepsRecipients: Bool, with identities: [any Identity]
    ) async throws -> [UInt8] {
        try PayloadSealer.check(recipients)
        if keepsRecipients, wantsPassphrase || recipients.contains(where: \.mustBeAlone) {
            throw AgeError.passphraseNotAlone
        }
        let fileKey = try await fileKey(with: identities)
        var stanzas = keepsRecipients ? parsed.stanzas : []
        for recipient in recipients { stanzas.append(try await recipient.wrap(fileKey)) }
        let header = Header(stanzas: stanzas, fileKey: fileKey).text
        guard header.count <= Header.byteLimit else {
            throw AgeError.malformedHeader("it would be longer than \(Header.byteLimit) bytes")
        }
        return header
    }
}
