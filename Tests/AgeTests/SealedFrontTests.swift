// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import NIOCore
import Streams
import Testing

@testable import Age

/// The header of a sealed file, taken off and made anew.
@Suite struct SealedFrontTests {
    private let old = X25519Identity()
    private let new = X25519Identity()

    /// A file with another front.
    private func replaced(_ file: ByteBuffer, _ front: SealedFront, by header: [UInt8]) throws -> ByteBuffer {
        let start = Int(front.payload.lowerBound)
        let payload = try #require(file.getSlice(at: file.readerIndex + start, length: file.readableBytes - start))
        return ByteBuffer(bytes: header + Array(payload.readableBytesView))
    }

    @Test(arguments: [1, 3, 80])
    func theFrontIsReadAsItLies(recipients: Int) async throws {
        let file = try await sealed(pattern(1000), to: (0..<recipients).map { _ in X25519Identity().recipient })
        let front = try await SealedFront.read(BufferBytes(file))
        let end = Int(front.payload.lowerBound)
        #expect(front.header == Array(file.readableBytesView.prefix(end)))
        #expect(front.header.last == UInt8(ascii: "\n"))
        #expect(front.nonce == Array(file.readableBytesView.dropFirst(end).prefix(16)))
        #expect(front.payload.upperBound == Int64(file.readableBytes))
        #expect(front.recipientKinds == Array(repeating: "X25519", count: recipients))
        #expect(!front.wantsPassphrase)
    }

    @Test(arguments: [0, 65_536, 200_000])
    func otherRecipientsOpenTheSamePayload(size: Int) async throws {
        let plaintext = pattern(size)
        let file = try await sealed(plaintext, to: [old.recipient])
        let front = try await SealedFront.read(BufferBytes(file))
        let header = try await front.header(for: [new.recipient], keepsRecipients: false, with: [old])
        let resealed = try replaced(file, front, by: header)
        #expect(try await opened(resealed, with: [new]) == plaintext)
        #expect(try await ageError { try await opened(resealed, with: [old]) } == .noMatch)
        #expect(try await SealedFront.read(BufferBytes(resealed)).nonce == front.nonce)

        let more = try replaced(
            file, front, by: try await front.header(for: [new.recipient], keepsRecipients: true, with: [old]))
        for identity in [old, new] { #expect(try await opened(more, with: [identity]) == plaintext) }
    }

    @Test func theProgramOpensAFileWithAnotherFront() async throws {
        let plaintext = pattern(100_000)
        let file = try await sealed(plaintext, to: [old.recipient])
        let front = try await SealedFront.read(BufferBytes(file))
        let header = try await front.header(for: [new.recipient], keepsRecipients: true, with: [old])
        try await withFolder { folder in
            let (key, input, output) = (
                folder.appendingPathComponent("key"), folder.appendingPathComponent("in"),
                folder.appendingPathComponent("out")
            )
            try Data(new.text.utf8).write(to: key)
            try Data(try replaced(file, front, by: header).readableBytesView).write(to: input)
            let answer = try run("age", ["-d", "-i", key.path, "-o", output.path, input.path])
            #expect(answer.status == 0, "\(answer.output)")
            #expect(try Data(contentsOf: output) == Data(plaintext.readableBytesView))
        }
    }

    @Test func whoCannotOpenItCannotPassItOn() async throws {
        let file = try await sealed(pattern(10), to: [old.recipient])
        let front = try await SealedFront.read(BufferBytes(file))
        let error = try await ageError {
            try await front.header(for: [new.recipient], keepsRecipients: false, with: [new])
        }
        #expect(error == .noMatch)
        #expect(
            try await ageError { try await front.header(for: [], keepsRecipients: true, with: [old]) } == .noRecipients)
    }

    @Test func aPassphraseStaysAlone() async throws {
        let passphrase = PassphraseRecipient("correct", workFactor: 1)
        let file = try await sealed(pattern(10), to: [old.recipient])
        let front = try await SealedFront.read(BufferBytes(file))
        #expect(
            try await ageError { try await front.header(for: [passphrase], keepsRecipients: true, with: [old]) }
                == .passphraseNotAlone)
        let header = try await front.header(for: [passphrase], keepsRecipients: false, with: [old])
        let locked = try replaced(file, front, by: header)
        let identity = PassphraseIdentity("correct")
        #expect(try await opened(locked, with: [identity]) == pattern(10))
        let lockedFront = try await SealedFront.read(BufferBytes(locked))
        #expect(lockedFront.wantsPassphrase)
        #expect(
            try await ageError {
                try await lockedFront.header(for: [new.recipient], keepsRecipients: true, with: [identity])
            } == .passphraseNotAlone)
    }

    @Test func whatIsLeftOfACutFileIsRead() async throws {
        let plaintext = pattern(200_000)
        let file = try await sealed(plaintext, to: [old.recipient])
        let front = try await SealedFront.read(BufferBytes(file))
        // Two whole chunks and a piece of the third.
        let cut = BufferBytes(file.prefix(Int(front.payload.lowerBound) + 16 + 2 * 65_552 + 1000))
        #expect(try await ageError { try await open(cut, with: [old]) } == .payloadCorrupt(chunk: 2))
        let rest = try await openRemains(cut, try await SealedFront.read(cut), with: [old])
        #expect(rest.size == 131_072)
        #expect(try await rest.read(0..<131_072) == plaintext.prefix(131_072))

        let damaged = BufferBytes(file.changed(at: Int(front.payload.lowerBound) + 16 + 65_552))
        let some = try await openRemains(damaged, try await SealedFront.read(damaged), with: [old])
        #expect(try await some.read(0..<65_536) == plaintext.prefix(65_536))
        #expect(try await ageError { try await some.read(65_536..<65_537) } == .payloadCorrupt(chunk: 1))
    }

    @Test func aFileThatEndsWithinTheNonceIsCut() async throws {
        let file = try await sealed(pattern(10), to: [old.recipient])
        let end = Int(try await SealedFront.read(BufferBytes(file)).payload.lowerBound)
        for length in [end, end + 15] {
            #expect(try await ageError { try await SealedFront.read(BufferBytes(file.prefix(length))) } == .truncated)
        }
    }

    @Test func theShortFormTellsKeysApart() {
        let text = "\(old.recipient)"
        #expect(old.recipient.shortForm == "\(text.prefix(12))…\(text.suffix(4))")
        #expect(old.recipient.shortForm != new.recipient.shortForm)
    }
}
