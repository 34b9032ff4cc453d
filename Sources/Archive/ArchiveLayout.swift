// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

/// The members that Holdfast adds to an archive, in the order in which they follow the objects.
package enum ArchiveLayout {
    /// The name of the JSON document about the backup.
    package static let metadataName = ".backup_metadata.json"
    /// The name of the catalog, a SQLite database.
    package static let catalogName = ".holdfast/catalog.db"
    /// The folder of chunks of large objects, each under its SHA-256 in hex digits.
    package static let chunkFolder = ".holdfast/chunks/"
    /// The name of the frame index; the writer adds this member itself.
    package static let indexName = ".holdfast/index"
}

/// Bounds on what an archive may demand of its reader. The writer keeps to them too.
enum ArchiveLimits {
    /// Bytes of tar stream in one frame.
    static let frameContent = 64 << 20
    /// Bytes of one frame in the file: ``frameContent`` stored, with room for either codec's block headers.
    static let frameInFile = 65 << 20
    /// Frames before the index member: 30 TiB of tar stream in frames of 1 MiB, and an index of 240 MB.
    static let frames = 30_000_000
    /// Bytes of tar stream in the frames that hold the index.
    static let indexContent = 256 << 20
    /// Bytes of a member's name or link target. Object keys have at most 1,024, paths 4,096.
    static let name = 32 << 10
    /// Bytes of the PAX records of one member, and of all global records together.
    static let extendedHeader = 1 << 20
    /// Records that hold for all members that follow. `git archive` writes one, other programs a handful.
    static let globalRecords = 1000
    /// Bytes of one member's content: far above any object, far below where sums of offsets overflow.
    static let memberContent: Int64 = 1 << 56
}
