// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

package import Foundation

/// What a backup did. `complete` is said only of a backup that has every object that was listed.
package struct BackupReport: Codable, Sendable {
    package var name: String
    package var bucket: String
    package var source: String
    /// The backup of whose bytes it was made, by file name, when the source was not asked.
    package var syntheticOf: String?
    package var file: String
    /// UTC. The listing began and the last object was read between these two.
    package var started: Date
    package var finished: Date
    /// The one moment that the backup shows, UTC; `nil` for a bucket without versions, which changes while it is read.
    package var cut: Date?
    package var seconds: Double
    /// Objects that the listing named; with versions, each version and delete marker.
    package var listedCount: Int
    /// Objects in the backup.
    package var storedCount: Int
    /// Bytes of those objects.
    package var totalBytes: Int64
    /// The globs of the keys that were asked for, and of those that were not; both empty for the whole bucket.
    package var include: [String] = []
    package var exclude: [String] = []
    /// What was asked for of these keys; absent when everything was.
    package var filter: ObjectFilter?
    /// Whether older versions and delete markers were asked for.
    package var includesVersions: Bool
    /// Versions in the listing that are not the newest of their key, delete markers not counted.
    package var olderVersionCount: Int
    package var deleteMarkerCount: Int
    /// Objects among them whose bytes were not fetched: they lie in archives of earlier backups.
    package var unchangedCount: Int
    /// Those archives, by file name.
    package var dependsOn: [String]
    /// Objects whose bytes, or some of them, lay in this archive or an earlier one already, under whatever key, and how
    /// many bytes were not stored for that.
    package var sharedCount: Int
    package var sharedBytes: Int64
    /// Archives of earlier backups of which so little was in use that it was fetched again, so that they can go.
    package var folded: [String]
    /// When tags and metadata of unchanged objects were last asked for, UTC: both can change without a trace in a
    /// listing.
    package var sweptAt: Date?
    /// Rows of its catalog, where that says only what changed since the backup that it builds on.
    package var deltaRows: Int?
    /// Bytes of the archive file.
    package var archiveBytes: Int64
    /// SHA-256 of the archive file, hex; empty when nobody knows it.
    package var archiveSHA256: String
    /// Who can read it, in short forms; `nil` when everybody can who can read the vault.
    package var sealedTo: [String]?
    /// Objects that changed between listing and reading and were read again.
    package var changedCount: Int
    /// What of an interrupted run it went on with; `nil` when it was made in one go.
    package var resumed: ResumedPart?
    package var exceptionCount: Int
    /// Those of them that lie in an archive tier of the server, and can be read when they were brought back from there.
    package var deferredCount = 0
    /// The first 100; the rest is in the archive's catalog (`holdfast show NAME --exceptions`).
    package var exceptions: [ExceptionReport]
    package var complete: Bool
    /// Copies that hold the archive.
    package var copies: [String]
    /// Until when nobody can remove it, for each of these that locks archives.
    package var retention: [CopyRetention] = []
    /// Copies that should hold it and do not: the backup is degraded.
    package var degraded: [CopyProblem]
    package var warnings: [String]
}

/// What of a backup an earlier run had made that was interrupted.
package struct ResumedPart: Codable, Sendable {
    /// When that run began, UTC.
    package var begun: Date
    /// When it had last made durable what it had, UTC.
    package var saved: Date
    /// Objects that were durable and are still the same, and the sum of their sizes: they were not fetched again.
    package var objectCount: Int
    package var bytes: Int64
    /// Bytes of the archive file that were there.
    package var archiveBytes: Int64

    package init(begun: Date, saved: Date, objectCount: Int, bytes: Int64, archiveBytes: Int64) {
        self.begun = begun
        self.saved = saved
        self.objectCount = objectCount
        self.bytes = bytes
        self.archiveBytes = archiveBytes
    }
}

/// One object that is not in a backup, or not restored, and why.
package struct ExceptionReport: Codable, Sendable {
    /// The key for people; bytes that are not printable are escaped.
    package var key: String
    package var version: String?
    /// One word for programs.
    package var reason: String
    package var message: String

    package init(key: String, version: String? = nil, reason: String, message: String) {
        self.key = key
        self.version = version
        self.reason = reason
        self.message = message
    }
}

extension BackupReport {
    /// Which keys of the bucket it is a backup of.
    package var selection: KeySelection {
        KeySelection(includes: include, excludes: exclude, filter: filter ?? ObjectFilter())
    }
}
