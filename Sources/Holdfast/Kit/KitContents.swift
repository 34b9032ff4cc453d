// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

package import Foundation

/// What a recovery kit tells: where the backups are and what each of them needs. No secrets.
package struct KitContents: Codable, Sendable {
    /// A place of the vault.
    package struct Place: Codable, Sendable {
        /// As reports name it.
        package var label: String
        /// The directory, when it is one.
        package var directory: String?
        /// The bucket and its server, when it is one.
        package var bucket: String?
        package var endpoint: String?
    }

    /// An archive file.
    package struct Archive: Codable, Sendable {
        package var file: String
        /// Bytes.
        package var size: Int64
        /// SHA-256 of the file, hex, where this host knows it: it is not read for it.
        package var sha256: String?
        /// Places that have it, by label.
        package var copies: [String]
        /// To whom it is sealed, public keys in full as far as this host knows them; `nil` when it is not sealed.
        package var sealedTo: [String]?
    }

    package struct Backup: Codable, Sendable {
        package var name: String
        package var file: String
        /// `nil` when nothing at hand tells.
        package var bucket: String?
        /// UTC.
        package var time: Date
        package var complete: Bool?
        package var objectCount: Int?
        package var totalBytes: Int64?
        /// The archives that must be at hand beside its own; `nil` when nothing at hand tells.
        package var dependsOn: [String]?
    }

    /// The version of this document's form.
    package var kitVersion = 1
    package var made: Date
    package var holdfastVersion = HoldfastVersion.current
    /// The server that is backed up; `nil` when none is configured.
    package var source: String?
    package var places: [Place]
    /// To whom new backups are sealed, as it is configured.
    package var recipients: [String]
    /// The newest of each bucket, the newest first.
    package var backups: [Backup]
    /// How many older ones are not listed.
    package var olderCount: Int
    /// All archives that the backups above need, by name.
    package var archives: [Archive]
    /// Places that could not be asked when the kit was made.
    package var unreachable: [CopyProblem]
}
