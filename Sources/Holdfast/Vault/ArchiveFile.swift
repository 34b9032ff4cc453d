// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

package import Archive

/// The file of a backup in a vault: its name and what the extension says of it.
package struct ArchiveFile: Hashable, Sendable {
    package let name: BackupName
    package let codec: ArchiveCodec
    /// Whether the file is sealed with age.
    package let isSealed: Bool

    package init(name: BackupName, codec: ArchiveCodec, isSealed: Bool = false) {
        self.name = name
        self.codec = codec
        self.isSealed = isSealed
    }

    /// The last component: `<name>.tar.gz`, `<name>.tar.zst.age`, …
    package var fileName: String { name.rawValue + "." + codec.fileExtension + (isSealed ? ".age" : "") }

    /// Reads a last component; `nil` for what is not an archive of ours (partial files, strangers).
    package init?(fileName: String) {
        for codec in ArchiveCodec.allCases {
            for isSealed in [false, true] {
                let suffix = "." + codec.fileExtension + (isSealed ? ".age" : "")
                guard fileName.hasSuffix(suffix) else { continue }
                guard let name = try? BackupName(String(fileName.dropLast(suffix.count))) else { return nil }
                self.init(name: name, codec: codec, isSealed: isSealed)
                return
            }
        }
        return nil
    }

    /// Every extension an archive may have, the dot included.
    package static let suffixes = ArchiveCodec.allCases.flatMap {
        ["." + $0.fileExtension, "." + $0.fileExtension + ".age"]
    }
}

/// Where things lie below a vault copy's root (format, vault layout).
package enum VaultLayout {
    package static let archives = "buckets/"
    package static let locks = "locks/"
    /// One file for each archive that was deleted while other backups need it.
    package static let hidden = "hidden/"
}
