// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import NIOCore
import Streams
import Testing

@testable import Age

@Suite struct HeaderTests {
    private static let identity = X25519Identity()
    private static let fileKey = FileKey()

    /// A file with an empty payload whose header is what `change` makes of a good one; the authentication code is right
    /// for what it makes of it.
    private func file(_ change: (String) -> String) async throws -> ByteBuffer {
        let stanza = try await Self.identity.recipient.wrap(Self.fileKey)
        let authenticated = change("age-encryption.org/v1\n" + String(decoding: stanza.text, as: UTF8.self) + "---")
        let nonce = Array(repeating: 7 as UInt8, count: 16)
        var buffer = ByteBuffer(string: authenticated + " ")
        buffer.writeBytes(RawBase64.encode(Header.code(for: Array(authenticated.utf8), Self.fileKey)))
        buffer.writeString("\n")
        buffer.writeBytes(nonce)
        try ChunkCipher(fileKey: Self.fileKey, nonce: nonce).seal(
            UnsafeRawBufferPointer(start: nil, count: 0), chunk: 0, isLast: true, into: &buffer)
        return buffer
    }

    private func outcome(_ change: (String) -> String) async throws -> AgeError? {
        let file = try await file(change)
        let first = try await ageError { try await opened(file, with: [Self.identity], pieces: 1) }
        // Both ways to open a file are of one mind.
        #expect(try await ageError { try await open(BufferBytes(file), with: [Self.identity]) } == first)
        return first
    }

    @Test(arguments: [
        "-> grease\n\n", "-> x y z\nAAAA\n", "-> !\"#$%&'()*+,-./~ |\nAA\n",
        "-> long\n" + String(repeating: "A", count: 64) + "\n\n",
        "-> long\n" + String(repeating: "A", count: 64) + "\nAAAA\n",
    ])
    func unknownRecipientsArePassedOver(_ stanza: String) async throws {
        #expect(try await outcome { $0.replacing("-> X25519", with: stanza + "-> X25519") } == nil)
        #expect(try await outcome { $0.replacing("---", with: stanza + "---") } == nil)
    }

    @Test(arguments: [
        "->\n\n", "-> \n\n", "->  a\n\n", "-> a \n\n", "-> a  b\n\n", "-> a\u{7F}\n\n", "-> é\n\n", "->a\n\n",
        "- > a\n\n",
        "-> a\nA\n", "-> a\nAB\n", "-> a\nAA==\n", "-> a\nAA A\n", "-> a\nAA\r\n", "-> a\r\n\n",
        "-> a\n" + String(repeating: "A", count: 65) + "\n", "-> a\n" + String(repeating: "A", count: 64) + "\n",
        "-> a\n" + String(repeating: "A", count: 60) + "\nAAAA\n", "\n", "-> a\n", "-> X25519\n\n",
        "-> scrypt AAAAAAAAAAAAAAAAAAAAAA 10\n" + String(repeating: "A", count: 43) + "\n",
    ])
    func whatTheGrammarForbidsIsRefused(_ stanza: String) async throws {
        guard case .malformedHeader = try await outcome({ $0.replacing("-> X25519", with: stanza + "-> X25519") })
        else {
            Issue.record("taken")
            return
        }
    }

    @Test(arguments: [("-> X25519 ", "-> X25519 a "), ("-> X25519 ", "-> X25519 A"), ("\n---", "A\n---")])
    func anX25519RecipientIsReadStrictly(_ change: (String, String)) async throws {
        guard case .malformedHeader = try await outcome({ $0.replacing(change.0, with: change.1) }) else {
            Issue.record("taken")
            return
        }
    }

    @Test func aShareOfLowOrderIsRefused() async throws {
        let zero = String(decoding: RawBase64.encode(Array(repeating: 0, count: 32)), as: UTF8.self)
        guard
            case .malformedHeader = try await outcome({
                $0.replacing(/X25519 [^\n]*/, with: "X25519 \(zero)")
            })
        else {
            Issue.record("taken")
            return
        }
    }

    @Test func theVersionIsChecked() async throws {
        #expect(try await outcome { $0.replacing("/v1\n", with: "/v2\n") } == .unsupportedVersion("v2"))
        #expect(try await outcome { $0.replacing("/v1\n", with: "/v1\r\n") } == .notAge)
        #expect(try await outcome { $0.replacing("/v1\n", with: "/\n") } == .notAge)
        #expect(try await outcome { "\n" + $0 } == .notAge)
        #expect(try await outcome { "A" + $0 } == .notAge)
    }

    @Test(arguments: [
        ("", AgeError.notAge), ("age", .notAge), ("age-encryption.org/v1", .notAge),
        ("age-encryption.org/v1\n", .truncated),
        ("age-encryption.org/v1\n-> X25519 AAAA\n", .truncated),
        ("age-encryption.org/v1\n---", .truncated),
        ("-----BEGIN AGE ENCRYPTED FILE-----\nYWdl\n", .armored), ("-----BEGIN PGP MESSAGE-----\n", .notAge),
        ("PK\u{3}\u{4}", .notAge), (String(repeating: "age-encryption.org/", count: 9), .notAge),
    ])
    func otherFilesAreTold(_ text: String, _ expected: AgeError) async throws {
        let file = ByteBuffer(string: text)
        #expect(try await ageError { try await opened(file, with: [Self.identity], pieces: 1) } == expected)
        #expect(try await ageError { try await open(BufferBytes(file), with: [Self.identity]) } == expected)
    }

    @Test func aHeaderWithoutRecipientsIsRefused() async throws {
        let file = ByteBuffer(string: "age-encryption.org/v1\n--- " + String(repeating: "A", count: 43) + "\n")
        #expect(
            try await ageError { try await opened(file, with: [Self.identity]) } == .malformedHeader("no recipient"))
    }

    @Test func aHeaderWithoutEndIsNotReadForEver() async throws {
        let endless = ByteStream { ByteBuffer(string: "age-encryption.org/v1\n-> a ") }
        guard case .malformedHeader = try await ageError({ try await open(endless, with: [Self.identity]) }) else {
            Issue.record("taken")
            return
        }
    }

    @Test func aChangedHeaderIsForged() async throws {
        let good = try await file { $0.replacing("---", with: "-> a b\n\n---") }
        let text = String(decoding: good.readableBytesView, as: UTF8.self)
        let position = try #require(text.utf8.firstRange(of: Array("-> a".utf8)))
        let index = text.utf8.distance(from: text.startIndex, to: position.lowerBound) + 3
        #expect(
            try await ageError { try await opened(good.changed(at: index), with: [Self.identity]) } == .headerForged)
    }
}
