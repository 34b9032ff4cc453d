// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Holdfast
import ObjectStorage
import SystemPackage
import Testing

@testable import HoldfastCommand

@Suite("Where the copies of the vault are")
struct VaultConfigurationTests {
    /// Variables and flags, and the copies that they make.
    struct Case: Sendable, CustomTestStringConvertible {
        var environment: [String: String] = [:]
        var flags: [String] = []
        let copies: [String]
        var testDescription: String { "\(environment.sorted { $0.key < $1.key }) \(flags)" }
    }

    @Test(
        "A directory and a bucket, unless told otherwise",
        arguments: [
            Case(copies: ["/home/ada/.local/state/holdfast/vault", "s3://minio-backups on the source"]),
            Case(
                environment: ["HOLDFAST_VAULT_DIRECTORY": "/srv/vault", "HOLDFAST_VAULT_BUCKET": "safe"],
                copies: ["/srv/vault", "s3://safe on the source"]),
            Case(environment: ["HOLDFAST_VAULT_DIRECTORY": ""], copies: ["s3://minio-backups on the source"]),
            Case(
                environment: ["HOLDFAST_VAULT_BUCKET": ""], copies: ["/home/ada/.local/state/holdfast/vault"]),
            Case(
                environment: ["HOLDFAST_VAULT_DIRECTORY": "/srv/vault"],
                flags: ["--vault-directory", "/flag", "--vault-bucket", ""], copies: ["/flag"]),
            Case(
                environment: ["HOLDFAST_VAULT_DIRECTORY": "", "HOLDFAST_VAULT_ENDPOINT": "http://other:1"],
                copies: ["s3://minio-backups at http://other:1 as minio-user"]),
            Case(
                environment: [
                    "HOLDFAST_VAULT_DIRECTORY": "", "HOLDFAST_VAULT_ENDPOINT": "http://other:1",
                    "HOLDFAST_VAULT_ACCESS_KEY": "v", "HOLDFAST_VAULT_SECRET_KEY": "w",
                ], copies: ["s3://minio-backups at http://other:1 as v"]),
            Case(
                environment: [
                    "HOLDFAST_VAULT_DIRECTORY": "", "HOLDFAST_VAULT_ACCESS_KEY": "v", "HOLDFAST_VAULT_SECRET_KEY": "w",
                ], copies: ["s3://minio-backups at http://minio:9000 as v"]),
        ])
    func copies(_ known: Case) throws {
        var places = Places.minio
        places.environment.merge(known.environment) { $1 }
        #expect(try places.resolve(known.flags).configuration.vault.map(\.summary) == known.copies)
    }

    @Test("A list of copies in the file, and flags in its place")
    func list() throws {
        var places = Places.minio
        places.files["/etc/holdfast/holdfast.yaml"] = """
            vault:
              copies:
                - directory: /srv/one
                - directory: two
                - bucket: near
                - {bucket: far, endpoint: "https://far:9000", access_key: f, secret_key: g, region: r, ca_file: far.pem}
            """
        let vault = try places.resolve().configuration.vault
        #expect(
            vault.map(\.summary) == [
                "/srv/one", "/etc/holdfast/two", "s3://near on the source", "s3://far at https://far:9000 as f",
            ])
        guard case .bucket(_, let storage?, _) = vault[3] else {
            Issue.record("no server of its own")
            return
        }
        #expect(storage.region == "r")
        #expect(storage.certificateAuthority == "/etc/holdfast/far.pem")
        #expect(try places.resolve(["--vault-directory", "/flag"]).configuration.vault.map(\.summary) == ["/flag"])
    }

    @Test("Without a source the usual bucket is left out in silence, a named one with a word")
    func offline() throws {
        var places = Places()
        let usual = try places.resolve(needsSource: false)
        #expect(usual.configuration.source == nil)
        #expect(usual.configuration.vault.map(\.summary) == ["/home/ada/.local/state/holdfast/vault"])
        #expect(usual.warnings.isEmpty)
        places.environment["HOLDFAST_VAULT_BUCKET"] = "safe"
        let named = try places.resolve(needsSource: false)
        #expect(named.configuration.vault.count == 1)
        #expect(named.warnings.count == 1 && named.warnings[0].contains("safe (HOLDFAST_VAULT_BUCKET) is left out"))
        places.environment["HOLDFAST_VAULT_DIRECTORY"] = ""
        #expect(try places.refusal(needsSource: false)?.message.contains("no copy that can be used") == true)
    }

    @Test("A vault on its own server needs no source")
    func vaultAlone() throws {
        var places = Places()
        places.environment["HOLDFAST_VAULT_ENDPOINT"] = "http://vault:1"
        places.environment["HOLDFAST_VAULT_ACCESS_KEY"] = "v"
        places.environment["HOLDFAST_VAULT_SECRET_KEY"] = "w"
        let vault = try places.resolve(needsSource: false).configuration.vault
        #expect(vault.last?.summary == "s3://minio-backups at http://vault:1 as v")
        places.environment["HOLDFAST_VAULT_ACCESS_KEY"] = nil
        places.environment["HOLDFAST_VAULT_SECRET_KEY"] = nil
        #expect(
            try places.refusal(needsSource: false)?.message == "There are no keys for the vault bucket minio-backups.")
    }

    @Test("A lock is for the buckets: flag, file, variable; nothing switches it off")
    func lock() throws {
        var places = Places.minio
        places.environment["HOLDFAST_VAULT_DIRECTORY"] = ""
        func vault(_ flags: [String] = []) throws -> [String] {
            try places.resolve(flags).configuration.vault.map(\.summary)
        }
        #expect(try places.refusal(["--vault-lock-mode", "compliance"])?.message.contains("for how long") == true)
        places.environment["HOLDFAST_VAULT_LOCK"] = "30d"
        #expect(try vault() == ["s3://minio-backups on the source, locked 30d, governance"])
        places.environment["HOLDFAST_VAULT_LOCK_MODE"] = "compliance"
        #expect(try vault() == ["s3://minio-backups on the source, locked 30d, compliance"])
        #expect(
            try vault(["--vault-lock", "1y", "--vault-lock-mode", "governance"])
                == ["s3://minio-backups on the source, locked 1y, governance"])
        #expect(try vault(["--vault-lock", ""]) == ["s3://minio-backups on the source"])
        places.files["/etc/holdfast/holdfast.yaml"] = """
            vault:
              copies:
                - directory: /srv/one
                - {bucket: near, lock: 2w, lock_mode: governance}
                - {bucket: far, endpoint: "https://far:9000", lock: ''}
            """
        #expect(
            try vault() == [
                "/srv/one", "s3://near on the source, locked 2w, governance",
                "s3://far at https://far:9000 as minio-user",
            ])
        #expect(try vault(["--vault-directory", "/flag"]) == ["/flag"])
        #expect(
            try places.resolve(["--vault-directory", "/flag"]).warnings.contains { $0.contains("No archive is locked") }
        )
        places.files["/etc/holdfast/holdfast.yaml"] = "vault: {copies: [{directory: /srv/one, lock: 30d}]}"
        #expect(try places.refusal()?.code == .invalidConfiguration)
    }

    @Test(
        "What is no span or no mode is refused, with its place",
        arguments: ["30", "1m", "0d", "-1d", "101y", "30 d", "d"])
    func noLock(span: String) throws {
        var places = Places.minio
        places.environment["HOLDFAST_VAULT_LOCK"] = span
        let error = try places.refusal()
        #expect(error?.code == .invalidConfiguration)
        #expect(error?.message.hasPrefix("HOLDFAST_VAULT_LOCK") == true)
        places.environment["HOLDFAST_VAULT_LOCK"] = "30d"
        places.files["/etc/holdfast/holdfast.yaml"] = "vault: {bucket: safe, lock_mode: strict}"
        #expect(try places.refusal()?.message.contains("governance or compliance") == true)
    }

    @Test("Two copies in one place are refused")
    func twice() throws {
        var places = Places.minio
        places.files["/etc/holdfast/holdfast.yaml"] = "vault: {copies: [{directory: /srv/a}, {directory: /srv/b/../a}]}"
        #expect(try places.refusal()?.message == "The vault has two copies in the same place, /srv/a.")
    }

    @Test("The target of a restore has keys of its own, or the source's, and never half")
    func target() throws {
        var places = Places.minio
        func target(_ flags: [String]) throws -> StorageConfiguration? {
            try ResolvedConfiguration(
                try ConnectionOptions.parse([]), places.surroundings, needsSource: false,
                target: try TargetOptions.parse(flags)
            ).target
        }
        #expect(try target([]) == nil)
        #expect(try target(["--to-endpoint", "http://t:1"])?.credentials.accessKey == "minio-user")
        #expect(throws: HoldfastError.self) { try target(["--to-access-key", "t"]) }
        #expect(throws: HoldfastError.self) { try target(["--to-endpoint", "http://t:1", "--to-access-key", "t"]) }
        places.environment["HOLDFAST_TARGET_SECRET_KEY"] = "secret"
        let own = try #require(try target(["--to-endpoint", "http://t:1", "--to-access-key", "t"]))
        #expect(own.credentials == S3Credentials(accessKey: "t", secretKey: Secret("secret")))
        #expect(own.endpoint.description == "http://t:1")
    }
}
