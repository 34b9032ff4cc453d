// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

package import Foundation
package import NIOCore
package import ObjectStorage
package import Streams

/// One place where backups lie: a directory or a bucket, with the same layout below.
///
/// Two kinds conform, ``DirectoryCopy`` and ``BucketCopy``. Names have been checked before they come here.
package protocol VaultCopy: Sendable {
    /// For people: the directory, or `s3://bucket at endpoint`.
    var label: String { get }

    /// For how long archives here are locked; `nil` where nobody asked for it.
    var lock: ArchiveLock? { get }

    /// Makes the directory or the bucket if it is missing.
    func prepare() async throws

    /// Looks whether archives can be locked here as they are to be.
    ///
    /// - Throws: ``HoldfastError`` `.invalidConfiguration` when they cannot: nothing must be written then.
    func checkProtection() async throws

    /// Until when an archive cannot be removed; `nil` when nothing says so.
    func retention(of file: ArchiveFile) async throws -> ObjectRetention?

    /// Locks an archive for at least as long as one that is written now. Nothing is ever shortened.
    ///
    /// - Returns: what should be known of it, a sentence.
    /// - Throws: when it is not here, or cannot be locked.
    func renewRetention(of file: ArchiveFile) async throws -> String?

    /// The archives that are complete; partial ones are never among them. None when the place is not made yet.
    func archives() async throws -> [StoredArchive]

    /// Opens an archive for reading; `nil` when it is not here.
    func open(_ file: ArchiveFile) async throws -> (any RandomAccessBytes)?

    /// Begins to write an archive. It appears under its name when `commit` returns, and not before.
    func beginArchive(_ file: ArchiveFile) async throws -> any ArchiveSink

    /// Goes on with an archive that another run began and left behind; what is behind the checkpoint is dropped.
    ///
    /// - Throws: ``HoldfastError`` that says why that cannot be; what is there stays as it is then.
    func resumeArchive(_ file: ArchiveFile, from checkpoint: SinkCheckpoint) async throws -> any ArchiveSink

    /// The bytes of an archive that is not whole yet, up to a length; `nil` where they cannot be read, as in a bucket.
    func unfinished(_ file: ArchiveFile, upTo length: Int64) async throws -> (any RandomAccessBytes)?

    /// Begins to write an archive that takes the place of the one that has its name when `commit` returns, at once and
    /// whole; before that, the old one stays as it is.
    func beginReplacement(of file: ArchiveFile) async throws -> any ArchiveSink

    /// Puts `front` in the place of the first `end` bytes of an archive, at once and whole: whoever opens it, or is
    /// killed meanwhile, finds the old file or the new one.
    ///
    /// - Throws: ``HoldfastError`` `.notFound` when it is not here.
    func replaceFront(of file: ArchiveFile, upTo end: Int64, with front: ByteBuffer) async throws

    /// Removes an archive; `false` when there was none.
    ///
    /// - Throws: ``HeldArchive`` when it is locked; then all of it is still there.
    func remove(_ file: ArchiveFile) async throws -> Bool

    /// Removes what killed writers left behind, except where `isAlive` says that the writer of a name is at work, and
    /// except what is to be gone on with: the files of those names. Returns what was removed, for the log.
    func removeLeftovers(
        keeping files: Set<String>, isAlive: @Sendable (BackupName) async throws -> Bool
    ) async throws -> [String]

    /// Removes what is left of small files that are gone: half-written ones that are older than a day, and in a bucket
    /// with versioning the versions and delete markers that nothing shows any more.
    ///
    /// - Returns: how many traces were removed.
    func removeTraces(now: Date) async throws -> Int

    /// The names of the small files in a folder of the vault, `/` at its end; none when there is no such folder.
    func files(in folder: String) async throws -> [String]

    /// Creates a small file (a lock) only if it does not exist; `false` when it does.
    func createFile(_ path: String, _ content: ByteBuffer) async throws -> Bool

    /// Replaces a small file, or makes it.
    func replaceFile(_ path: String, _ content: ByteBuffer) async throws

    /// Reads a small file (at most 1 MiB); `nil` when there is none.
    func readFile(_ path: String) async throws -> ByteBuffer?

    /// Removes a small file; a missing one is a success.
    func removeFile(_ path: String) async throws
}

extension VaultCopy {
    // Of a directory: it locks nothing.
    package var lock: ArchiveLock? { nil }
    package func checkProtection() async throws {}
    package func retention(of file: ArchiveFile) async throws -> ObjectRetention? { nil }
    package func renewRetention(of file: ArchiveFile) async throws -> String? { nil }

    /// For copies that leave none.
    package func removeTraces(now: Date) async throws -> Int { 0 }
}

/// A complete archive in one copy.
package struct StoredArchive: Sendable {
    package let file: ArchiveFile
    /// Bytes.
    package let size: Int64
    package let modified: Date

    package init(file: ArchiveFile, size: Int64, modified: Date) {
        self.file = file
        self.size = size
        self.modified = modified
    }
}

/// An archive being written to one copy. Used by one task in sequence.
package protocol ArchiveSink: Sendable {
    /// Takes the next bytes; returns when they are written or safely queued (back-pressure).
    func write(_ bytes: ByteBuffer) async throws

    /// Makes the archive durable and visible under its name, at once and whole.
    ///
    /// - Throws: ``HoldfastError`` `.conflict` when the name was taken meanwhile; the other archive stays. Not so for a
    ///   replacement.
    func commit() async throws

    /// Makes durable what was written so far, under no name that anybody lists, for a later run to go on from.
    func checkpoint() async throws -> SinkCheckpoint

    /// Stops, and leaves what is durable where it is. Never throws.
    func suspend() async

    /// Gives up; nothing stays behind. Never throws: what cannot be removed now, the next run removes.
    func abort() async
}
