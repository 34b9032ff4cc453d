// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

/// Why a listed object version is not in the backup.
package struct CatalogException: Hashable, Sendable {
    package var key: [UInt8]
    package var ordinal: Int
    package var versionID: String?
    /// One word for programs: `vanished`, `unreadable`, `denied`, `changed`, `corrupt`, `limit`, `failed` or another;
    /// several with `+` between them where an object has several flaws.
    package var reason: String
    /// One sentence for people.
    package var message: String

    package init(key: [UInt8], ordinal: Int, versionID: String? = nil, reason: String, message: String) {
        self.key = key
        self.ordinal = ordinal
        self.versionID = versionID
        self.reason = reason
        self.message = message
    }
}
