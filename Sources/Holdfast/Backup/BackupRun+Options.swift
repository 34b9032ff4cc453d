// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

package import Archive
package import Catalog
package import Foundation

extension BackupRun {
    /// What the operator chose.
    package struct Options: Sendable {
        package var codec: ArchiveCodec
        package var compression: CompressionLevel
        /// Back up a bucket that lists no objects. Without it that is an error: an empty answer looks like a lost source.
        package var allowEmpty: Bool
        /// Fetch every object, whatever earlier backups have.
        package var isFull: Bool
        package var sweep: MetadataSweep
        /// Older versions and delete markers too, where the bucket keeps them.
        package var allVersions: Bool
        /// The moment to show, of a bucket with versions; `nil` for now.
        package var moment: Date?
        /// Ask every object for its ACL, a request each.
        package var acls: Bool
        /// Who can read the backup; `nil` for everybody who can read the vault.
        package var recipients: SealRecipients?
        /// Whether a backup may be open that is made of a sealed one.
        package var leavesSeal = false
        /// Words that retention can be told to keep.
        package var tags: [String] = []
        /// The keys to back up.
        package var selection = KeySelection()
        /// When the catalog in the archive is a whole one, and when it says only what changed.
        package var deltaLimits = CatalogDelta.Limits()

        package init(
            codec: ArchiveCodec = .gzip, compression: CompressionLevel = .fast, allowEmpty: Bool = false,
            isFull: Bool = false, sweep: MetadataSweep = .daily, allVersions: Bool = false, moment: Date? = nil,
            acls: Bool = false, recipients: SealRecipients? = nil
        ) {
            self.codec = codec
            self.compression = compression
            self.allowEmpty = allowEmpty
            self.isFull = isFull
            self.sweep = sweep
            self.allVersions = allVersions
            self.moment = moment
            self.acls = acls
            self.recipients = recipients
        }
    }
}
