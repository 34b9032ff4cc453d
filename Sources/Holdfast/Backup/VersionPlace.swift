// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Catalog
import ObjectStorage

/// Where a version stands among those of its key, as the backup shows them.
struct VersionPlace: Hashable, Sendable {
    /// 0 for the newest at the cut.
    let ordinal: Int
    var isDeleteMarker = false

    /// The object that a read without a version id gets.
    static let current = VersionPlace(ordinal: 0)

    var isCurrent: Bool { ordinal == 0 && !isDeleteMarker }
}

extension ObjectInfo {
    /// The row that a listing makes of an object.
    func listed(at place: VersionPlace = .current) -> ListedObject {
        ListedObject(
            key: key.bytes, ordinal: place.ordinal, versionID: version?.rawValue, isLatest: place.ordinal == 0,
            isDeleteMarker: place.isDeleteMarker, size: place.isDeleteMarker ? 0 : size,
            etag: place.isDeleteMarker ? "" : etag, lastModified: TimeText.milliseconds(lastModified),
            storageClass: attributes.storageClass)
    }
}

extension CatalogObject {
    /// Whether a read without a version id got this.
    package var isCurrent: Bool { listed.isLatest && !listed.isDeleteMarker }
}
