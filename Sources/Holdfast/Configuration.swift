// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

package import ObjectStorage
package import SystemPackage

/// A server and how to reach it.
package struct StorageConfiguration: Sendable {
    package var endpoint: S3Endpoint
    package var credentials: S3Credentials
    package var region: String
    /// A file of certificates to trust beside the system's, PEM.
    package var certificateAuthority: FilePath?
    /// For objects that are encrypted with keys of their own.
    package var customerKeys = CustomerKeys()
    /// Where each value came from, for `holdfast check`: never the values themselves.
    package var origin: String

    package init(
        endpoint: S3Endpoint, credentials: S3Credentials, region: String, certificateAuthority: FilePath? = nil,
        origin: String
    ) {
        self.endpoint = endpoint
        self.credentials = credentials
        self.region = region
        self.certificateAuthority = certificateAuthority
        self.origin = origin
    }
}

/// One copy of the vault.
package enum VaultCopyConfiguration: Sendable {
    case directory(FilePath)
    /// `nil` for the storage is the source's server; the lock is for how long archives there cannot be removed.
    case bucket(String, StorageConfiguration?, lock: ArchiveLock? = nil)
}

/// Everything the engine is told, checked, once.
package struct HoldfastConfiguration: Sendable {
    /// `nil` when no source is configured: enough to work on a vault in a directory.
    package var source: StorageConfiguration?
    package var vault: [VaultCopyConfiguration]
    package var stateDirectory: FilePath
    /// What opens sealed archives; empty for commands that read none.
    package var keys = Keyring()
    /// What may be received and sent, over all servers together.
    package var bandwidth = Bandwidth()
    /// How many requests a second each server gets; `nil` for no limit.
    package var requestRate: RateTimetable?

    package init(source: StorageConfiguration?, vault: [VaultCopyConfiguration], stateDirectory: FilePath) {
        self.source = source
        self.vault = vault
        self.stateDirectory = stateDirectory
    }
}
