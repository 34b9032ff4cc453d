// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import ObjectStorage

import struct Foundation.Date

/// Picks from a listing of versions what a backup of one moment shows, and numbers it: the newest version of a key that is
/// not younger than the cut is its version 0.
///
/// The order is the document's: times have whole seconds on some servers, and do not tell two versions apart.
struct VersionOrder {
    /// A version with its place.
    typealias Row = (info: ObjectInfo, place: VersionPlace)

    let cut: Date
    /// Whether older versions and delete markers are wanted too.
    let includesAll: Bool
    private var key: [UInt8]?
    private var version: VersionID?
    private var ordinal = 0

    init(cut: Date, includesAll: Bool) {
        self.cut = cut
        self.includesAll = includesAll
    }

    /// The wanted ones of the next versions of the listing.
    mutating func rows(_ versions: [ObjectVersion]) -> [Row] {
        versions.compactMap { version in
            if version.info.key.bytes != key {
                key = version.info.key.bytes
                ordinal = 0
            } else if version.info.version == self.version {
                return nil  // Some servers begin a page with the row that ended the one before.
            }
            self.version = version.info.version
            guard version.info.lastModified <= cut else { return nil }
            let place = VersionPlace(ordinal: ordinal, isDeleteMarker: version.isDeleteMarker)
            ordinal += 1
            return includesAll || place.isCurrent ? (version.info, place) : nil
        }
    }
}
