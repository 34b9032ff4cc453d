// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

/// The account of a backup: in a finished catalog `listed` is `stored` plus the exceptions that are not `flawed`.
package struct CatalogTotals: Hashable, Sendable {
    /// Object versions seen in listings.
    package var listed = 0
    /// Object versions in the backup.
    package var stored = 0
    /// Object versions that are not in the backup as they are, each with its reason.
    package var exceptions = 0
    /// Those exceptions whose bytes are in the backup and only a part of their description is not.
    package var flawed = 0
    /// The sum of the sizes as listed; no more than `Int64.max`, whatever a server claims.
    package var listedBytes: Int64 = 0
    /// The sum of the sizes as stored; likewise.
    package var storedBytes: Int64 = 0

    /// Listed and neither stored nor excepted.
    package var pending: Int { listed - stored - (exceptions - flawed) }

    package init(
        listed: Int = 0, stored: Int = 0, exceptions: Int = 0, flawed: Int = 0, listedBytes: Int64 = 0,
        storedBytes: Int64 = 0
    ) {
        self.listed = listed
        self.stored = stored
        self.exceptions = exceptions
        self.flawed = flawed
        self.listedBytes = listedBytes
        self.storedBytes = storedBytes
    }
}

extension Int64 {
    /// The sum, or `Int64.max` where it would be more: sizes come from servers and from foreign files.
    func addingUpToMax(_ other: Int64) -> Int64 {
        let (sum, overflow) = addingReportingOverflow(other)
        return overflow ? .max : sum
    }
}
