// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Holdfast
import ObjectStorage
import SystemPackage

extension SettingPlaces {
    /// The bucket that backups go to when nobody says otherwise: that of the older system.
    static let usualBucket = "minio-backups"

    /// The copies of the vault: those of the flags, else `vault.copies`, else a directory and a bucket.
    ///
    /// - Parameter source: `nil` leaves out every bucket that would lie there.
    mutating func vault(source: StorageConfiguration?) throws -> [VaultCopyConfiguration] {
        let isNamedByFlags = flags.vaultDirectory != nil || flags.vaultBucket != nil
        let copies: [VaultCopyConfiguration]
        if let listed = file?.vaultCopies, !isNamedByFlags {
            copies = try listed.compactMap { try copy($0, source: source) }
        } else {
            // A list is replaced by the flags as a whole: it has no “the directory” for a flag to stand for.
            let hasList = file?.vaultCopies != nil
            let directory = try directoryCopy(usual: !hasList)
            let bucket = try bucketCopy(source: source, usual: !hasList)
            copies = [directory, bucket].compactMap { $0 }
        }
        guard !copies.isEmpty else {
            throw HoldfastError(
                .invalidConfiguration, "The vault has no copy that can be used: neither a directory nor a bucket.",
                hint: "Set HOLDFAST_VAULT_DIRECTORY, or HOLDFAST_VAULT_BUCKET and the server it is on.")
        }
        try refuseTwice(copies)
        try warnOfIdleLock(copies)
        return copies
    }

    private func directoryCopy(usual: Bool) throws -> VaultCopyConfiguration? {
        if let flag = flags.vaultDirectory { return flag.isEmpty ? nil : .directory(surroundings.path(flag)) }
        guard usual else { return nil }
        if let setting = file?.vaultDirectory {
            return setting.value.isEmpty ? nil : .directory(surroundings.path(setting.value, below: base))
        }
        if let setting = surroundings.settingOrNothing("HOLDFAST_VAULT_DIRECTORY") {
            return setting.value.isEmpty ? nil : .directory(surroundings.path(setting.value))
        }
        return .directory(try usualDirectory().appending("vault"))
    }

    private mutating func bucketCopy(source: StorageConfiguration?, usual: Bool) throws -> VaultCopyConfiguration? {
        let named =
            Setting(flag: flags.vaultBucket, "--vault-bucket")
            ?? (usual ? file?.vaultBucket ?? surroundings.settingOrNothing("HOLDFAST_VAULT_BUCKET") : nil)
        guard usual || named != nil else { return nil }
        guard named?.value != "" else { return nil }
        let bucket = named?.value ?? Self.usualBucket
        let endpoint =
            Setting(flag: flags.vaultEndpoint, "--vault-endpoint") ?? file?.vaultServer.endpoint
            ?? surroundings.setting("HOLDFAST_VAULT_ENDPOINT")
        let keys = try vaultKeys()
        let lock = try lock(file?.vaultLock ?? ConfigurationFile.Lock())
        guard endpoint != nil || keys != nil else { return onSource(bucket, named: named, source, lock) }
        let server = file?.vaultServer ?? ConfigurationFile.Server()
        return try elsewhere(bucket, named: named, endpoint, keys, server, source, lock)
    }

    private func vaultKeys() throws -> Setting<S3Credentials>? {
        if let pair = try flagKeys(
            flags.vaultAccessKey, "--vault-access-key", secretFile: flags.vaultSecretKeyFile, "--vault-secret-key-file")
        {
            return pair
        }
        if let server = file?.vaultServer, let pair = try keys(of: server) { return pair }
        return try environmentKeys("HOLDFAST_VAULT_ACCESS_KEY", "HOLDFAST_VAULT_SECRET_KEY")
    }

    private mutating func copy(
        _ copy: ConfigurationFile.Copy, source: StorageConfiguration?
    ) throws -> VaultCopyConfiguration? {
        switch copy {
        case .directory(let setting): return .directory(surroundings.path(setting.value, below: base))
        case .bucket(let bucket, let server, let own):
            let keys = try keys(of: server)
            let lock = try lock(own)
            guard server.endpoint != nil || keys != nil else {
                return onSource(bucket.value, named: bucket, source, lock)
            }
            return try elsewhere(bucket.value, named: bucket, server.endpoint, keys, server, source, lock)
        }
    }

    /// A bucket on the source's server, with the source's keys; `nil` when there is no source.
    private mutating func onSource(
        _ bucket: String, named: Setting<String>?, _ source: StorageConfiguration?, _ lock: ArchiveLock?
    ) -> VaultCopyConfiguration? {
        guard source == nil else { return .bucket(bucket, nil, lock: lock) }
        if let named {
            warnings.append(
                "The vault bucket \(bucket) (\(named.origin)) is left out: no server is configured for it.")
        }
        return nil
    }

    /// A bucket with an endpoint or keys of its own; what it lacks, it takes from the source.
    private mutating func elsewhere(
        _ bucket: String, named: Setting<String>?, _ endpoint: Setting<String>?, _ keys: Setting<S3Credentials>?,
        _ server: ConfigurationFile.Server, _ source: StorageConfiguration?, _ lock: ArchiveLock?
    ) throws -> VaultCopyConfiguration? {
        guard let credentials = keys?.value ?? source?.credentials else {
            throw HoldfastError(
                .invalidConfiguration, "There are no keys for the vault bucket \(bucket).",
                hint: "Set HOLDFAST_VAULT_ACCESS_KEY and HOLDFAST_VAULT_SECRET_KEY.")
        }
        let addressing = try addressing(nil, server.addressing)
        guard let address = try endpoint?.endpoint(addressing) ?? source?.endpoint else {
            return onSource(bucket, named: named, source, lock)
        }
        let places = [endpoint.map { "endpoint from \($0.origin)" }, keys.map { "keys from \($0.origin)" }]
        return .bucket(
            bucket,
            StorageConfiguration(
                endpoint: address, credentials: credentials,
                region: server.region?.value ?? source?.region ?? Self.usualRegion,
                certificateAuthority: server.caFile.map { surroundings.path($0.value, below: base) }
                    ?? source?.certificateAuthority,
                origin: places.compactMap { $0 }.joined(separator: ", ")), lock: lock)
    }

    /// Two copies in one place would be one copy, and take its name twice.
    private func refuseTwice(_ copies: [VaultCopyConfiguration]) throws {
        var seen: Set<String> = []
        for copy in copies {
            let place =
                switch copy {
                case .directory(let path): path.lexicallyNormalized().string
                case .bucket(let bucket, let storage, _): "s3://\(bucket) \(storage.map { "\($0.endpoint)" } ?? "")"
                }
            guard seen.insert(place).inserted else {
                throw HoldfastError(
                    .invalidConfiguration, "The vault has two copies in the same place, \(place).",
                    hint: "Keep one of them, or give the other a place of its own.")
            }
        }
    }
}
