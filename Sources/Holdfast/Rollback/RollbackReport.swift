// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

package import Foundation

/// What a rollback does to one key.
package struct RollbackStep: Codable, Sendable {
    package enum Kind: String, Codable, Sendable {
        /// An older version is written again, on top of the others.
        case broughtBack = "brought back"
        /// A delete marker is put on top: the key did not exist at the moment.
        case removed
    }

    /// For people; bytes that are not printable are escaped.
    package var key: String
    package var kind: Kind
    /// The version that is written again, and when it was made, UTC.
    package var version: String?
    package var modified: Date?
    /// Bytes of that version.
    package var size: Int64?
}

/// What a rollback did, or would do.
package struct RollbackReport: Codable, Sendable {
    package var bucket: String
    package var source: String
    /// The moment that the bucket is brought back to, UTC.
    package var moment: Date
    /// Whether nothing was written.
    package var planOnly: Bool
    package var seconds: Double = 0
    package var broughtBackCount = 0
    package var broughtBackBytes: Int64 = 0
    package var removedCount = 0
    package var unchangedCount = 0
    package var exceptionCount = 0
    /// The first 100.
    package var exceptions: [ExceptionReport] = []

    package var complete: Bool { exceptionCount == 0 }
}
