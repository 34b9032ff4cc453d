// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Holdfast
import ObjectStorage
import Testing

@testable import HoldfastCommand

@Suite("To whom backups are sealed, and what opens them")
struct SealingConfigurationTests {
    private static let first = IdentityFile.generate()
    private static let second = IdentityFile.generate()
    private static let file = "/home/ada/.config/holdfast/holdfast.yaml"

    private func choice(_ places: Places, _ flags: [String] = []) throws -> String {
        let resolved = try ResolvedConfiguration(
            try ConnectionOptions.parse([]), places.surroundings, needsSource: false,
            sealing: try SealingOptions.parse(flags))
        return switch resolved.sealing {
        case .unsealed: "unsealed"
        case .keys(let keys): keys.map { "\($0.value) \($0.origin)" }.joined(separator: ", ")
        case .passphrase(let secret): "passphrase \(secret.reveal())"
        case .askForPassphrase: "ask"
        }
    }

    private func refusal(_ places: Places, _ flags: [String] = []) throws -> HoldfastError? {
        do {
            _ = try choice(places, flags)
            return nil
        } catch let error as HoldfastError {
            return error
        }
    }

    @Test("Flags come before the file, the file before the environment; nothing means unsealed")
    func order() throws {
        var places = Places.minio
        #expect(try choice(places) == "unsealed")
        places.environment["HOLDFAST_RECIPIENTS"] = "age1c, age1d\nage1e"
        #expect(
            try choice(places)
                == "age1c HOLDFAST_RECIPIENTS, age1d HOLDFAST_RECIPIENTS, age1e HOLDFAST_RECIPIENTS")
        places.files[Self.file] = """
            recipients:
              - age1a
              - age1b
            recipients_file: team.txt
            """
        places.files["/home/ada/.config/holdfast/team.txt"] = "# the team\n\nage1f\n"
        #expect(
            try choice(places)
                == "age1a \(Self.file) line 2, age1b \(Self.file) line 3, age1f /home/ada/.config/holdfast/team.txt line 3"
        )
        #expect(
            try choice(places, ["--recipient", "age1z", "--recipient", "age1y"])
                == "age1z --recipient, age1y --recipient")
        #expect(try choice(places, ["--passphrase"]) == "ask")
        #expect(try choice(places, ["--unsealed"]) == "unsealed")
        places.files[Self.file] = "recipients: age1only"
        #expect(try choice(places) == "age1only \(Self.file) line 1")
    }

    @Test("A passphrase comes from a file or the environment")
    func passphrases() throws {
        var places = Places.minio
        places.environment["HOLDFAST_PASSPHRASE"] = "from the environment"
        #expect(try choice(places) == "passphrase from the environment")
        places.files["/secret"] = "from a file\n"
        places.environment["HOLDFAST_PASSPHRASE_FILE"] = "/secret"
        #expect(try choice(places) == "passphrase from a file")
        #expect(try choice(places, ["--passphrase-file", "/secret"]) == "passphrase from a file")
        places.files[Self.file] = "passphrase_file: /other"
        places.files["/other"] = "from the file's file"
        #expect(try choice(places) == "passphrase from the file's file")
    }

    @Test("What is set and cannot be used is refused, never left away")
    func refusals() throws {
        func expect(_ part: String, _ flags: [String] = [], _ change: (inout Places) -> Void) throws {
            var places = Places.minio
            change(&places)
            let error = try #require(try refusal(places, flags), "\(part) was accepted")
            #expect(error.code == .invalidConfiguration)
            #expect(error.description.contains(part), "\(error.description)")
        }
        try expect("names nobody") { $0.environment["HOLDFAST_RECIPIENTS"] = "" }
        try expect("names nobody") { $0.environment["HOLDFAST_RECIPIENTS"] = " ,\n" }
        try expect("no file /gone") { $0.environment["HOLDFAST_RECIPIENTS_FILE"] = "/gone" }
        try expect("no file") { $0.environment["HOLDFAST_PASSPHRASE_FILE"] = "/gone" }
        try expect("no file gone", ["--recipients-file", "gone"]) { _ in }
        try expect("holds no recipient", ["--recipients-file", "/empty"]) { $0.files["/empty"] = "# nobody\n\n" }
        try expect("names nobody") { $0.files[Self.file] = "recipients: []" }
        try expect("has no value") { $0.files[Self.file] = "recipients:" }
        try expect("one word or text") { $0.files[Self.file] = "recipients: [[a]]" }
        try expect("Did you mean recipients?") { $0.files[Self.file] = "recipient: age1a" }
        try expect("exclude each other", ["--recipient", "age1a", "--passphrase"]) { _ in }
        try expect("exclude each other", ["--unsealed", "--recipient", "age1a"]) { _ in }
        try expect("exclude each other") {
            $0.environment["HOLDFAST_RECIPIENTS"] = "age1a"
            $0.environment["HOLDFAST_PASSPHRASE"] = "b"
        }
    }

    @Test(
        "A recipient that is no key is named by its place, with what is wrong",
        arguments: [
            ("", "too short"), ("hello", "no separator"), ("age1", "too short"),
            ("age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8q", "checksum"),
            ("Age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p", "capital"),
            ("ssh-ed25519 AAAAC3NzaC1lZDI1NTE5", "characters"), ("age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3 ", "characters"),
            ("age1yubikey1qqqsyqcyq5rqwzqfpg9scrgwpugpzysnzs23v9ccrydpk8qarc0jqmenk29", "not supported"),
            ("age1qqqsyqcyq5rqwzqfpg9scrgwpugpzysnryu6xr", "20 bytes"),
        ])
    func malformedRecipients(text: String, reason: String) throws {
        let error = #expect(throws: HoldfastError.self) { try SealRecipients(keys: [(text, "--recipient")]) }
        #expect(error?.code == .invalidConfiguration)
        #expect(error?.message.contains("--recipient") == true)
        #expect(error?.message.contains(reason) == true, "\(error?.message ?? "")")
    }

    @Test("A secret key in the place of a recipient is not repeated")
    func secretRecipient() throws {
        let secret = try #require(Self.first.text.reveal().split(separator: "\n").last.map(String.init))
        let error = #expect(throws: HoldfastError.self) { try SealRecipients(keys: [(secret, "HOLDFAST_RECIPIENTS")]) }
        #expect(error?.message.contains("secret key") == true)
        #expect(error?.description.contains(secret) == false)
    }

    @Test("A key named twice counts once; too many are refused")
    func numbers() throws {
        let key = (Self.first.recipient, "x")
        #expect(try SealRecipients(keys: [key, (Self.second.recipient, "y"), key]).labels.count == 2)
        let many = (0..<257).map { _ in (IdentityFile.generate().recipient, "z") }
        #expect(throws: HoldfastError.self) { try SealRecipients(keys: many) }
        #expect(throws: HoldfastError.self) { try SealRecipients(keys: []) }
    }

    @Test("Identities of all places are used; one that cannot be read is an error that repeats nothing of it")
    func identities() throws {
        var places = Places.minio
        func keyring(_ flags: [String]) throws -> [String] {
            var setting = SettingPlaces(
                flags: try ConnectionOptions.parse([]),
                file: try ConfigurationSearch(surroundings: places.surroundings).find(flag: nil).file,
                surroundings: places.surroundings)
            let keys = try setting.keyring(try IdentityOptions.parse(flags))
            return keys.labels + setting.warnings
        }
        #expect(try keyring([]) == [])
        places.files["/a"] = Self.first.text.reveal()
        places.environment["HOLDFAST_IDENTITY"] = Self.second.text.reveal()
        #expect(try keyring(["--identity", "/a"]).count == 2)
        places.files[Self.file] = "identity_file: [/a]"
        #expect(try keyring([]).count == 2)
        places.environment["HOLDFAST_IDENTITY_FILE"] = "/a"
        #expect(try keyring([]).count == 3)
        places.mode = 0o644
        #expect(try keyring([]).contains { $0.contains("chmod 600 /a") })
        places.files["/b"] = "AGE-SECRET-KEY-1NOTAKEY"
        for flags in [["--identity", "/b"], ["--identity", "/gone"]] {
            let error = #expect(throws: HoldfastError.self) { try keyring(flags) }
            #expect(error?.code == .invalidConfiguration)
            #expect(error?.description.contains("NOTAKEY") == false)
        }
    }
}
