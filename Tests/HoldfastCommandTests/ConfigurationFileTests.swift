// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Holdfast
import ObjectStorage
import SystemPackage
import Testing

@testable import HoldfastCommand

@Suite("holdfast.yaml")
struct ConfigurationFileTests {
    private func file(_ text: String, mode: UInt32 = 0o600) throws -> ConfigurationFile {
        try ConfigurationFile(FoundFile(text: text, mode: mode, owner: 0), at: "h.yaml")
    }

    @Test("Every setting is read, with the line it stands on")
    func everything() throws {
        let file = try file(
            """
            source:
              endpoint: http://s:1
              access_key: 12345
              secret_key_file: keys/secret
              region: eu
              addressing: path
              ca_file: ca.pem
            vault: {directory: /v, bucket: b, endpoint: "http://v:2", access_key: va, secret_key: vs}
            state_directory: /st
            """)
        #expect(file.source.endpoint?.value == "http://s:1")
        #expect(file.source.endpoint?.origin == "h.yaml line 2")
        #expect(file.source.accessKey?.value == "12345")
        #expect(file.source.secretKeyFile?.value == "keys/secret")
        #expect(file.source.region?.value == "eu")
        #expect(file.source.addressing?.value == "path")
        #expect(file.source.caFile?.value == "ca.pem")
        #expect(file.vaultDirectory?.value == "/v")
        #expect(file.vaultBucket?.value == "b")
        #expect(file.vaultServer.endpoint?.value == "http://v:2")
        #expect(file.vaultServer.secretKey?.value.reveal() == "vs")
        #expect(file.stateDirectory?.origin == "h.yaml line 9")
        #expect(file.warnings.isEmpty)
    }

    @Test("An empty file says nothing; an empty value switches a copy off", arguments: ["", "# nothing\n", "---\n"])
    func empty(_ text: String) throws {
        #expect(try file(text).vaultDirectory == nil)
        #expect(try file("vault: {directory: , bucket: ''}").vaultDirectory?.value == "")
        #expect(try file("vault: {directory: , bucket: ''}").vaultBucket?.value == "")
    }

    /// A text that is refused, and what must be said of it.
    struct Refused: Sendable, CustomTestStringConvertible {
        let text: String
        let says: String
        var hint: String?
        var testDescription: String { says }
    }

    @Test(
        "What makes no sense is named with its line, and no value is repeated",
        arguments: [
            Refused(
                text: "source:\n  endpont: hunter2", says: "h.yaml line 2: “endpont” is no setting in source.",
                hint: "Did you mean endpoint?"),
            Refused(text: "sauce: {}", says: "h.yaml line 1: “sauce” is no setting.", hint: "Did you mean source?"),
            Refused(
                text: "zebra: {}", says: "“zebra” is no setting",
                hint: "The settings are source, vault, state_directory, recipients"),
            Refused(text: "- a\n- b", says: "the file must be a list of “key: value”"),
            Refused(text: "source: hunter2", says: "source must be a list of “key: value”"),
            Refused(
                text: "source:\n  endpoint: [hunter2]", says: "h.yaml line 2: source.endpoint must be one word or text"),
            Refused(text: "source:\n  region:", says: "source.region has no value"),
            Refused(text: "source: {access_key: hunter2}", says: "belong together and one is missing"),
            Refused(text: "source: {secret_key: hunter2}", says: "belong together and one is missing"),
            Refused(
                text: "source: {access_key: a, secret_key: hunter2, secret_key_file: b}",
                says: "both secret_key and secret_key_file"),
            Refused(text: "vault: {copies: hunter2}", says: "vault.copies must be a list"),
            Refused(text: "vault: {copies: []}", says: "vault.copies is empty"),
            Refused(
                text: "vault: {bucket: b, copies: [{directory: a}]}", says: "a list of copies and settings beside it"),
            Refused(text: "vault: {copies: [{directory: a, bucket: b}]}", says: "either a directory or a bucket"),
            Refused(text: "vault: {copies: [{directory: a, endpoint: b}]}", says: "neither an endpoint nor keys"),
            Refused(
                text: "vault:\n  copies:\n    - directory: a\n    - buket: b",
                says: "h.yaml line 4: “buket” is no setting in vault.copies[2].", hint: "Did you mean bucket?"),
            Refused(text: "source: {access_key: hunter2\n", says: "is not YAML"),
            Refused(text: "source: &a {region: *b}", says: "is not YAML"),
            Refused(text: "source: {region: hunter2, region: b}", says: "a key is there twice"),
        ])
    func refused(_ refused: Refused) throws {
        let error = try #require(throws: HoldfastError.self) { try file(refused.text) }
        #expect(error.code == .invalidConfiguration)
        #expect(error.message.contains(refused.says))
        #expect(error.hint?.contains(refused.hint ?? "") ?? (refused.hint == nil))
        #expect(!error.description.contains("hunter2"))
    }

    @Test("A secret that everybody may read earns a warning")
    func warning() throws {
        let text = "source: {access_key: a, secret_key: b}"
        #expect(try file(text, mode: 0o644).warnings.count == 1)
        #expect(try file(text, mode: 0o640).warnings.isEmpty)
        #expect(try file("source: {access_key: a, secret_key_file: b}", mode: 0o644).warnings.isEmpty)
    }

    @Test("A named file that is missing is an error; the usual ones may be")
    func search() throws {
        var places = Places.minio
        #expect(
            try places.refusal(["--config", "/x.yaml"])?.message == "There is no file /x.yaml, which --config names.")
        places.environment["HOLDFAST_CONFIG"] = "/y.yaml"
        #expect(try places.refusal()?.message == "There is no file /y.yaml, which HOLDFAST_CONFIG names.")
        places.files["/y.yaml"] = "state_directory: y"
        places.files["/etc/holdfast/holdfast.yaml"] = "state_directory: /etc-one"
        #expect(try places.resolve().configuration.stateDirectory == "/y")
        places.environment["HOLDFAST_CONFIG"] = nil
        #expect(try places.resolve().configuration.stateDirectory == "/etc-one")
        places.environment["XDG_CONFIG_HOME"] = "/xdg"
        places.files["/xdg/holdfast/holdfast.yaml"] = "state_directory: /xdg-one"
        #expect(try places.resolve().configuration.stateDirectory == "/xdg-one")
    }

    @Test("The file of the working directory counts only if nobody else can write it")
    func workingDirectory() throws {
        var places = Places.minio
        places.files["holdfast.yaml"] = "state_directory: /here"
        #expect(try places.resolve().configuration.stateDirectory == "/here")
        for (mode, owner) in [(0o666, 1000), (0o600, 1001)] as [(UInt32, UInt32)] {
            places.mode = mode
            places.owner = owner
            let resolved = try places.resolve()
            #expect(resolved.configuration.stateDirectory != "/here")
            #expect(resolved.warnings.count == 1)
        }
    }

    @Test(
        "The nearest word", arguments: [("endpoind", "endpoint"), ("acces_key", "access_key"), ("xyz", nil), ("", nil)])
    func nearest(_ word: String, _ expected: String?) {
        #expect(EditDistance.nearest(to: word, among: ["endpoint", "access_key", "region"]) == expected)
    }
}
