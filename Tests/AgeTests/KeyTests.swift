// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import Age

@Suite struct KeyTests {
    /// The examples of the specification.
    static let secret = "AGE-SECRET-KEY-1GFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPQ4EGAEX"
    static let publicKey = "age1zvkyg2lqzraa2lnjvqej32nkuu0ues2s82hzrye869xeexvn73equnujwj"

    @Test func theSpecificationsKeysBelongTogether() throws {
        let identity = try X25519Identity(Self.secret)
        #expect(identity.text == Self.secret)
        #expect(identity.recipient.description == Self.publicKey)
        #expect(try X25519Recipient(Self.publicKey) == identity.recipient)
        #expect(try X25519Recipient(Self.publicKey.uppercased()) == identity.recipient)
    }

    @Test func newKeysDifferAndComeBack() throws {
        let identity = X25519Identity()
        #expect(try X25519Identity(identity.text).recipient == identity.recipient)
        #expect(X25519Identity().text != identity.text)
    }

    @Test(arguments: [
        "", "1", "age", "age1", "age1qqqqqq", "age1zvkyg2lqzraa2lnjvqej32nkuu0ues2s82hzrye869xeexvn73equnujwJ",
        "age1zvkyg2lqzraa2lnjvqej32nkuu0ues2s82hzrye869xeexvn73equnujwk", "age1zvkyg2lqzraa2lnjvqej32nkuu0",
        " age1zvkyg2lqzraa2lnjvqej32nkuu0ues2s82hzrye869xeexvn73equnujwj",
        "age1zvkyg2lqzraa2lnjvqej32nkuu0ues2s82hzrye869xeexvn73equnujwj\n", "áge1zvkyg2lqzraa2lnjvqej32nkuu0",
        "age1bvkyg2lqzraa2lnjvqej32nkuu0ues2s82hzrye869xeexvn73equnujwj",
        "agf1zvkyg2lqzraa2lnjvqej32nkuu0ues2s82hzrye869xeexvn73equnujwj", secret,
        // The right checksum and the wrong length or kind.
        Bech32.encode(prefix: "age", Array(repeating: 7, count: 31)),
        Bech32.encode(prefix: "age", Array(repeating: 7, count: 33)),
        Bech32.encode(prefix: "age1pq", Array(repeating: 7, count: 32)),
    ])
    func whatIsNoRecipientIsRefused(_ text: String) {
        #expect {
            try X25519Recipient(text)
        } throws: { error in
            if case AgeError.badKey(let what) = error { !what.contains(text) || text.isEmpty } else { false }
        }
    }

    @Test(arguments: [
        "", publicKey, secret.lowercased() + "x", String(secret.dropLast()), "AGE-SECRET-KEY-PQ-1XX",
        Bech32.encode(prefix: "age-secret-key-", Array(repeating: 7, count: 31)),
    ])
    func whatIsNoIdentityIsRefused(_ text: String) {
        #expect {
            try X25519Identity(text)
        } throws: { error in
            if case AgeError.badKey(let what) = error { !what.contains(text) || text.isEmpty } else { false }
        }
    }

    /// Valid and invalid strings of BIP 173.
    @Test func bech32FollowsItsStandard() throws {
        for text in [
            "A12UEL5L", "an83characterlonghumanreadablepartthatcontainsthenumber1andtheexcludedcharactersbio1tt5tgs",
            "abcdef1qpzry9x8gf2tvdw0s3jn54khce6mua7lmqqqxw",
            "split1checkupstagehandshakeupstreamerranterredcaperred2y9e3w",
        ] {
            let (prefix, bytes) = try Bech32.decode(text)
            #expect(Bech32.encode(prefix: prefix, bytes) == text.lowercased())
        }
        for text in [
            "\u{20}1nwldj5", "\u{7F}1axkwrx", "pzry9x0s0muk", "1pzry9x0s0muk", "x1b4n0q5v", "li1dgmt3", "A1G7SGD8",
            "10a06t8", "1qzzfhee",
        ] {
            #expect(throws: AgeError.self) { try Bech32.decode(text) }
        }
    }

    @Test func base64IsCanonical() {
        for count in 0...100 {
            let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 91) }
            #expect(RawBase64.decode(RawBase64.encode(bytes)) == bytes)
        }
        #expect(RawBase64.encode(Array("fooba".utf8)) == Array("Zm9vYmE".utf8))
        for text in ["Z", "Zh", "Zm9", "Zm9vYmF", "Zg==", "Zm9v\n", "Zm-_"] {
            #expect(RawBase64.decode(Array(text.utf8)) == nil, "\(text)")
        }
    }

    @Test func keyFilesAreRead() throws {
        let text = "# created: today\r\n# public key: \(Self.publicKey)\r\n\(Self.secret)\r\n\n\(Self.secret)"
        #expect(try KeyFile.identities(text).map(\.text) == [Self.secret, Self.secret])
        #expect(try KeyFile.recipients("\(Self.publicKey)\n").map(\.description) == [Self.publicKey])
        #expect(throws: AgeError.badKey("the file holds none")) { try KeyFile.identities("# nothing\n\n") }
        #expect {
            try KeyFile.identities("#\n\(Self.secret)x")
        } throws: { error in
            "\(error)".contains("line 2") && !"\(error)".contains("GFPYY")
        }
    }

    @Test func secretsDoNotShow() throws {
        let identity = try X25519Identity(Self.secret)
        var dumped = ""
        dump(identity, to: &dumped)
        dump(PassphraseIdentity("open sesame"), to: &dumped)
        dump(PassphraseRecipient("open sesame"), to: &dumped)
        #expect("\(identity)\(PassphraseIdentity("open sesame"))" == "«redacted»«redacted»")
        #expect(!dumped.contains("GFPYY") && !dumped.contains("66") && !dumped.contains("111"))
    }
}
