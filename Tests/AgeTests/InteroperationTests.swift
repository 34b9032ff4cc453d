// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import NIOCore
import Streams
import Testing

@testable import Age

/// With the `age` program, which is none of ours.
@Suite struct InteroperationTests {
    @Test(arguments: [0, 1, 65_535, 65_536, 65_537, 131_072, 300_000])
    func theProgramOpensWhatWeSeal(_ size: Int) async throws {
        try await withFolder { folder in
            let identity = X25519Identity()
            let others = [X25519Identity(), X25519Identity()]
            let plaintext = pattern(size)
            let recipients = [others[0].recipient, identity.recipient, others[1].recipient]
            let file = try await sealed(plaintext, to: recipients)
            let (key, input, output) = names(in: folder)
            try Data(identity.text.utf8).write(to: key)
            try Data(file.readableBytesView).write(to: input)
            let answer = try run("age", ["-d", "-i", key.path, "-o", output.path, input.path])
            #expect(answer.status == 0, "\(answer.output)")
            // An empty file the program does not even create.
            let result = size == 0 ? Data() : try Data(contentsOf: output)
            #expect(result == Data(plaintext.readableBytesView))
        }
    }

    @Test(arguments: [0, 1, 65_535, 65_536, 65_537, 131_072, 300_000])
    func weOpenWhatTheProgramSeals(_ size: Int) async throws {
        try await withFolder { folder in
            let (key, input, output) = names(in: folder)
            #expect(try run("age-keygen", ["-o", key.path]).status == 0)
            let identity = try #require(KeyFile.identities(String(contentsOf: key, encoding: .utf8)).first)
            let plaintext = pattern(size)
            try Data(plaintext.readableBytesView).write(to: input)
            let other = X25519Identity().recipient.description
            let answer = try run(
                "age", ["-r", other, "-r", identity.recipient.description, "-o", output.path, input.path])
            #expect(answer.status == 0, "\(answer.output)")
            let file = ByteBuffer(bytes: try Data(contentsOf: output))
            #expect(try await opened(file, with: [identity]) == plaintext)
            let bytes = try await open(BufferBytes(file), with: [identity])
            #expect(bytes.size == Int64(size))
            #expect(try await bytes.read(0..<Int64(size)) == plaintext)
        }
    }

    @Test func anArmoredFileIsRefusedClearly() async throws {
        try await withFolder { folder in
            let identity = X25519Identity()
            let (_, input, output) = names(in: folder)
            try Data("text".utf8).write(to: input)
            let arguments = ["-a", "-r", identity.recipient.description, "-o", output.path, input.path]
            #expect(try run("age", arguments).status == 0)
            let file = ByteBuffer(bytes: try Data(contentsOf: output))
            #expect(try await ageError { try await opened(file, with: [identity]) } == .armored)
        }
    }

    /// Nothing random left: the bytes of the format, which the program opens too.
    @Test func theFormatDoesNotDrift() async throws {
        let identity = try X25519Identity(KeyTests.secret)
        let fileKey = try FileKey(Array("YELLOW SUBMARINE".utf8))
        let recipient = FixedRecipient(recipient: identity.recipient)
        let nonce = Array("sixteen bytes ok".utf8)
        let file = try await seal(
            ByteStream(ByteBuffer(string: "Holdfast")), to: [recipient], fileKey: fileKey, nonce: nonce
        ).collect(upTo: limit)
        #expect(Data(file.readableBytesView).base64EncodedString() == Self.golden)
        #expect(try await opened(file, with: [identity]) == ByteBuffer(string: "Holdfast"))
        try await withFolder { folder in
            let (key, input, output) = names(in: folder)
            try Data(KeyTests.secret.utf8).write(to: key)
            try Data(file.readableBytesView).write(to: input)
            #expect(try run("age", ["-d", "-i", key.path, "-o", output.path, input.path]).status == 0)
            #expect(try Data(contentsOf: output) == Data("Holdfast".utf8))
        }
    }

    private static let golden =
        "YWdlLWVuY3J5cHRpb24ub3JnL3YxCi0+IFgyNTUxOSBFeXhFSytBUSs5VitjbUF6S0twMjV4L013VkE2cmlHVEo5Rk"
        + "5uSm1UOUhJCmRRc0wza3ZyYlF2TEdpRFlyY3kxMFVXNXJaSE9zM2h1NDRETkkzN0lOWTQKLS0tIDlaTUViZlNGMVJO"
        + "NmNtNmljaitiSGRsRldtQ2pacU5TdVVBcTU1NHdydXcKc2l4dGVlbiBieXRlcyBva+4PxlqtT18NQdlvuFAFnQQjBw"
        + "+QxaXLGg=="

    private func names(in folder: URL) -> (key: URL, input: URL, output: URL) {
        (
            folder.appendingPathComponent("key.txt"), folder.appendingPathComponent("input"),
            folder.appendingPathComponent("output")
        )
    }
}

/// Wraps with the same ephemeral key always, as no file that matters may.
private struct FixedRecipient: Recipient {
    let recipient: X25519Recipient

    func wrap(_ fileKey: FileKey) async throws -> Stanza {
        let ephemeral = Bech32.encode(prefix: "age-secret-key-", Array(repeating: 0x42, count: 32))
        return try recipient.wrap(fileKey, ephemeral: X25519Identity(ephemeral))
    }
}
