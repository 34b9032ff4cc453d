// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import SystemPackage

/// Where an archive lies, for people and programs that look for the file itself.
package struct ArchivePlace: Sendable {
    /// The label of the copy.
    package let label: String
    /// Below the copy's root: `buckets/<name>.tar.gz`.
    package let key: String
    /// The path on this host; `nil` in a bucket.
    package let path: String?
}

extension Vault {
    /// The directories among the copies.
    package var directories: [String] { copies.compactMap { ($0 as? DirectoryCopy)?.root.string } }

    /// Where an archive of this name lies, or would lie, in each copy.
    package func places(of file: ArchiveFile) -> [ArchivePlace] {
        copies.map { copy in
            let key = VaultLayout.archives + file.fileName
            return ArchivePlace(
                label: copy.label, key: key, path: (copy as? DirectoryCopy).map { $0.root.appending(key).string })
        }
    }
}
