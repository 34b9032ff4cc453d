// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import NIOCore
import Streams
import Testing

@testable import Age

@Suite struct PassphraseTests {
    @Test func aPassphraseOpensWhatItSealed() async throws {
        let file = try await sealed(pattern(1_000), to: [PassphraseRecipient("Füße", workFactor: 10)])
        #expect(try await opened(file, with: [X25519Identity(), PassphraseIdentity("Füße")]) == pattern(1_000))
        #expect(try await ageError { try await opened(file, with: [PassphraseIdentity("Fusse")]) } == .noMatch)
        #expect(try await ageError { try await opened(file, with: [X25519Identity()]) } == .noMatch)
    }

    /// Made by age 1.1.1 of Debian: `age -p`.
    @Test func aFileOfAnotherProgramOpens() async throws {
        let data = try #require(
            Data(
                base64Encoded: """
                    YWdlLWVuY3J5cHRpb24ub3JnL3YxCi0+IHNjcnlwdCBCUTQ4SFhwbjBXQWdQWG1yQ3QwaHp3IDE4
                    CkFzdHhXUCtUenUvcElxd2JaZHVCd2Vvdk5kOXJoZWkvenFwemlCcm92YjQKLS0tIGI0SngyTVhL
                    Rm90VnE4NGxYTHErZjRsRDJXRmtSOFZjNnkxSmVmb0tZUWcKClic7f/XK8ir1mcFXJSjIPqDhyVi
                    t4y/+fvgMshEV8cULrqbLg23Qw==
                    """, options: .ignoreUnknownCharacters))
        let file = ByteBuffer(bytes: data)
        let identity = PassphraseIdentity("correct horse battery staple")
        #expect(try await opened(file, with: [identity]) == ByteBuffer(string: "Holdfast"))
        let careful = PassphraseIdentity("correct horse battery staple", maximumWorkFactor: 17)
        #expect(try await ageError { try await opened(file, with: [careful]) } == .workTooGreat(18, allowed: 17))
    }

    @Test func aPassphraseIsAlone() async throws {
        let recipients: [any Recipient] = [PassphraseRecipient("a", workFactor: 1), X25519Identity().recipient]
        #expect(throws: AgeError.passphraseNotAlone) { try seal(ByteStream(pattern(1)), to: recipients) }
        #expect(try await ageError { try await PayloadSealer(to: recipients) } == .passphraseNotAlone)
    }

    @Test(arguments: [
        ["scrypt", "AAAAAAAAAAAAAAAAAAAAAA"], ["scrypt", "AAAAAAAAAAAAAAAAAAAAAA", "10", "10"],
        ["scrypt", "AAAAAAAAAAAAAAAAAAAA", "10"], ["scrypt", "AAAAAAAAAAAAAAAAAAAAAAAA", "10"],
        ["scrypt", "AAAAAAAAAAAAAAAAAAAAAB", "10"], ["scrypt", "AAAAAAAAAAAAAAAAAAAAAA", "010"],
        ["scrypt", "AAAAAAAAAAAAAAAAAAAAAA", "0"], ["scrypt", "AAAAAAAAAAAAAAAAAAAAAA", "+10"],
        ["scrypt", "AAAAAAAAAAAAAAAAAAAAAA", "-1"], ["scrypt", "AAAAAAAAAAAAAAAAAAAAAA", "1a"],
        ["scrypt", "AAAAAAAAAAAAAAAAAAAAAA", "99999999999999999999"],
    ])
    func aRecipientIsReadStrictly(_ arguments: [String]) async throws {
        let stanza = Stanza(arguments: arguments, body: Array(repeating: 0, count: 32))
        let error = try await ageError { try await PassphraseIdentity("a").unwrap([stanza]) }
        #expect(error == .malformedHeader("a passphrase recipient"))
    }

    @Test func aBodyOfAnotherLengthIsNotTried() async throws {
        let arguments = ["scrypt", "AAAAAAAAAAAAAAAAAAAAAA", "10"]
        for count in [0, 31, 33, 48] {
            let stanza = Stanza(arguments: arguments, body: Array(repeating: 0, count: count))
            let error = try await ageError { try await PassphraseIdentity("a").unwrap([stanza]) }
            #expect(error == .malformedHeader("a passphrase recipient"))
        }
    }

    @Test func moreWorkThanAllowedIsNotDone() async throws {
        let stanza = Stanza(
            arguments: ["scrypt", "AAAAAAAAAAAAAAAAAAAAAA", "60"], body: Array(repeating: 0, count: 32))
        let error = try await ageError { try await PassphraseIdentity("a").unwrap([stanza]) }
        #expect(error == .workTooGreat(60, allowed: 20))
    }
}
