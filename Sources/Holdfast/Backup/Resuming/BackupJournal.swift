// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Archive
import Foundation
import ObjectStorage

/// How far an interrupted backup had come: enough to go on, and to see that nothing changed that it rests on.
///
/// Kept beside the rows of its objects (`CatalogJournal`), whose file lies in the state directory. What is read from it is
/// believed only as far as the copies of the vault and the source bear it out.
struct BackupJournal: Codable, Sendable {
    /// Raised with each change of what is below.
    static let currentVersion = 1
    /// The name under which it lies beside the rows.
    static let fact = "journal"

    var version = Self.currentVersion
    var bucket: String
    var source: String
    /// The name of the archive's file.
    var file: String
    var choices: Choices
    /// When the interrupted run began, or the first of several.
    var started: Date
    /// The one moment that the backup shows; `nil` for a bucket without versions.
    var cut: Date?
    /// When this was written.
    var saved: Date
    /// What tells the interrupted run's lock in the vault from every other one.
    var lockToken: String
    /// Bytes of tar stream and of the file that are durable.
    var tarLength: Int64
    var fileLength: Int64
    /// SHA-256 of these bytes of the file, hex; `nil` where it is not known because they could not be read again.
    var sha256: String?
    /// By the labels of the copies.
    var copies: [String: SinkCheckpoint]
    var counts: Counts

    /// What of the options is in what was written, so that it must be the same.
    struct Choices: Codable, Equatable, Sendable {
        var codec: String
        var compression: String
        var allVersions: Bool
        var acls: Bool
        var moment: Date?
        var includes: [String]
        var excludes: [String]
        var filter: ObjectFilter

        init(_ options: BackupRun.Options) {
            codec = options.codec.fileExtension
            compression = options.compression.rawValue
            allVersions = options.allVersions
            acls = options.acls
            moment = options.moment
            includes = options.selection.canonical.includes
            excludes = options.selection.canonical.excludes
            filter = options.selection.filter
        }
    }

    /// What a report tells of the objects that are packed.
    struct Counts: Codable, Sendable {
        var changed = 0
        var shared = 0
        var sharedBytes: Int64 = 0
    }

    /// For how long an interrupted backup is kept to be gone on with: a week of nightly runs that fail.
    static let lifetime: TimeInterval = 7 * 86_400

    func encoded() throws -> [UInt8] { Array(try JSONEncoder().encode(self)) }

    /// Reads a journal; `nil` when it is none of this version, or contradicts itself.
    init?(_ bytes: [UInt8], frames: FrameIndex) {
        guard let journal = try? JSONDecoder().decode(BackupJournal.self, from: Data(bytes)),
            journal.version == Self.currentVersion, ArchiveFile(fileName: journal.file) != nil,
            journal.tarLength == frames.tarLength, journal.fileLength == frames.fileLength, journal.tarLength > 0,
            !journal.copies.isEmpty, journal.copies.values.allSatisfy({ $0.fits(journal.fileLength) })
        else { return nil }
        self = journal
    }

    init(
        _ run: BackupRun, _ span: BackupRun.Span, lockToken: String, frames: FrameIndex, sha256: String?,
        copies: [String: SinkCheckpoint], counts: Counts
    ) {
        bucket = run.bucket
        source = run.origin.name
        file = run.file.fileName
        choices = Choices(run.options)
        started = span.started
        cut = span.scope.cut
        saved = run.environment.services.now()
        self.lockToken = lockToken
        tarLength = frames.tarLength
        fileLength = frames.fileLength
        self.sha256 = sha256
        self.copies = copies
        self.counts = counts
    }
}
