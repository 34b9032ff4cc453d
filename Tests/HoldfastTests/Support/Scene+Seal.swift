// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Archive
import Catalog
import Foundation
import Holdfast
import Logging
import NIOCore
import ObjectStorage
import SystemPackage
import Testing

/// A key pair of a test.
struct TestIdentity: Sendable {
    let text: Secret
    let recipient: String

    init() {
        (text, recipient) = IdentityFile.generate()
    }

    /// As messages name it.
    var shortForm: String { "\(recipient.prefix(12))…\(recipient.suffix(4))" }
}

extension SealRecipients {
    /// Those of these identities.
    static func of(_ identities: [TestIdentity]) throws -> SealRecipients {
        try SealRecipients(keys: identities.map { ($0.recipient, "test") })
    }
}

extension Scene {
    /// What a host with these identities uses.
    ///
    /// - Parameter host: hosts keep their state apart; the backups are made on the one called `state`.
    func environment(
        opening identities: [TestIdentity], passphrase: String? = nil, host: String = "state",
        services: SystemServices = .live
    ) throws -> RunEnvironment {
        var keys = Keyring()
        for identity in identities { try keys.add(identities: identity.text, from: "test") }
        if let passphrase { keys.use(passphrase: Secret(passphrase)) }
        return RunEnvironment(
            services: services, logger: Logger(label: "tests") { _ in SwiftLogNoOpLogHandler() },
            state: StateDirectory(root.appending(host)), progress: ProgressMeter(), keys: keys)
    }

    @discardableResult
    func backUp(
        _ name: String = "first", sealedTo identities: [TestIdentity], in vault: Vault? = nil,
        codec: ArchiveCodec = .gzip, isFull: Bool = true, deltas: Bool = false
    ) async throws -> BackupReport {
        var options = BackupRun.Options(codec: codec, isFull: isFull, recipients: try .of(identities))
        if deltas { options.deltaLimits = .short }
        return try await BackupRun(
            bucket: Self.bucket, name: BackupName(name), source: source, vault: vault ?? self.vault, options: options,
            environment: environment
        ).run()
    }

    func open(
        _ name: String = "first", with environment: RunEnvironment, in vault: Vault? = nil
    ) async throws -> OpenedBackup {
        let vault = vault ?? self.vault
        return try await OpenedBackup.open(try await vault.find(name), in: vault, environment)
    }

    @discardableResult
    func restore(
        _ name: String = "first", with environment: RunEnvironment, from vault: Vault? = nil, into bucket: String
    ) async throws -> RestoreReport {
        try await RestoreRun(
            backup: try await open(name, with: environment, in: vault), target: source, bucket: bucket,
            options: RestoreRun.Options(), environment: environment
        ).run()
    }

    func verify(
        _ depth: VerifyDepth, with environment: RunEnvironment, in vault: Vault? = nil
    ) async throws -> VerifyReport {
        let vault = vault ?? self.vault
        return try await VerifyRun(
            entry: try await vault.find("first"), vault: vault, depth: depth, environment: environment
        ).run()
    }

    func list(with environment: RunEnvironment) async throws -> [BackupSummary] {
        try await BackupList(vault: vault, environment: environment).read().backups
    }

    @discardableResult
    func reseal(
        _ name: String = "first", to identities: [TestIdentity], keeping keepsRecipients: Bool = false,
        with environment: RunEnvironment,
        in vault: Vault? = nil
    ) async throws -> ResealReport {
        let vault = vault ?? self.vault
        return try await ResealRun(
            entry: try await vault.find(name), vault: vault, recipients: try .of(identities),
            keepsRecipients: keepsRecipients, environment: environment
        ).run()
    }

    /// The sealed archive as the directory copy has it.
    func sealedBytes(_ file: String = "first.tar.gz.age") throws -> [UInt8] {
        try bytes(of: archives.appending(file))
    }
}

extension ResealReport {
    /// Copies that have a new header, of all archives.
    var resealed: [String] { archives.flatMap(\.resealed) }

    var failed: [CopyProblem] { archives.flatMap(\.failed) }
}

/// The bytes of one object, read and compared with their checksum.
func content(_ key: String, of backup: OpenedBackup) async throws -> [UInt8] {
    var bytes: [UInt8] = []
    try await CheckedContent(backup: backup, object: try await backup.object(Array(key.utf8))).read {
        bytes += $0.readableBytesView
    }
    return bytes
}
