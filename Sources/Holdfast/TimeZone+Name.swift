// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

package import Foundation

extension TimeZone {
    /// The zone of this name of the IANA database, `Europe/Berlin`.
    ///
    /// - Throws: ``HoldfastError`` `.invalidConfiguration` when there is none.
    package static func named(_ name: String) throws -> TimeZone {
        // Abbreviations are refused: CET knows no summer, and EST is not unique.
        let isName = ["UTC", "GMT"].contains(name) || name.contains("/")
        guard isName, let zone = TimeZone(identifier: name) else {
            throw HoldfastError(
                .invalidConfiguration, "There is no time zone “\(name.prefix(60))”.",
                hint: "Name it as the IANA database does: Europe/Berlin, America/New_York, UTC.")
        }
        return zone
    }
}
