// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import NIOCore
import Streams

@testable import Age

/// A file that claims to be sealed, opened as a stream and at random.
enum AgeBytes {
    /// What the seeds are sealed to. Keys nothing else.
    private static let identity = "AGE-SECRET-KEY-1YFATDJ5CD6D63PX9YMHTY0WX07DQDDJU0C7GTWEU2DSKSETJFM0SP2HLTL"
    private static let passphrase = "corpus"
    private static let plaintextLimit = 4 << 20

    static func read(_ bytes: [UInt8]) async throws {
        try checkHeader(bytes)
        let identities: [any Identity] = [
            try X25519Identity(identity), PassphraseIdentity(passphrase, maximumWorkFactor: 4),
        ]
        let sealed = BufferBytes(ByteBuffer(bytes: bytes))
        let streamed = try await accepted(unless: AgeError.self) {
            let stream = sealed.stream(0..<sealed.size, blockSize: 1000)
            return try await Age.open(stream, with: identities).collect(upTo: plaintextLimit)
        }
        let random = try await accepted(unless: AgeError.self) {
            let opened = try await Age.open(sealed, with: identities)
            return try await opened.read(0..<opened.size)
        }
        try demand(streamed == random, "a sealed file holds one thing as a stream and another at random")
    }

    /// The grammar has one text for a header, so what is read must be what would be written.
    private static func checkHeader(_ bytes: [UInt8]) throws {
        var rest = ByteBuffer(bytes: bytes)
        var reader = HeaderReader()
        let header: Header?
        do throws(AgeError) {
            header = try reader.feed(&rest)
        } catch {
            return
        }
        guard let header else { return }
        try demand(header.text == bytes.dropLast(rest.readableBytes), "a header that would not be written so")
        let texts = header.stanzas.flatMap(\.text)
        try demand(
            header.authenticated == Array("\(Header.versionLine)\n".utf8) + texts + Array("---".utf8), "a stanza")
    }
}
