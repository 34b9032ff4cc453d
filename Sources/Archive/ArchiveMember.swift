// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

/// One name and value of a PAX extended header (POSIX.1-2001, `pax`, "Extended Header").
package struct PaxRecord: Hashable, Sendable {
    /// The keyword; not empty, without `=` and NUL.
    package let name: String
    /// Any bytes, also none.
    package let value: [UInt8]

    package init(name: String, value: [UInt8]) {
        self.name = name
        self.value = value
    }
}

/// What a tar stream says about one of its members, apart from the content.
package struct ArchiveMember: Hashable, Sendable {
    /// What a member stands for. Targets of links are bytes as they stand in the archive, never checked.
    package enum Kind: Hashable, Sendable {
        case file
        case hardLink(to: [UInt8])
        case directory
        case symbolicLink(to: [UInt8])
        /// Devices, FIFOs and whatever else foreign archives have, by type flag; the writer refuses it.
        case other(UInt8)
    }

    /// The path as it stands in the archive: bytes, not cleaned. `../x` is possible; so is a leading `./`.
    package var name: [UInt8]
    package var kind: Kind
    /// Bytes of content; 0 unless `kind` is a file (or unknown).
    package var size: Int64
    /// Milliseconds since 1970 UTC, also negative.
    package var modified: Int64
    /// PAX records apart from `path`, `size`, `mtime`, `linkpath` and `hdrcharset`, which the other fields hold.
    package var records: [PaxRecord]

    package init(
        name: [UInt8], kind: Kind = .file, size: Int64 = 0, modified: Int64 = 0, records: [PaxRecord] = []
    ) {
        self.name = name
        self.kind = kind
        self.size = size
        self.modified = modified
        self.records = records
    }
}
