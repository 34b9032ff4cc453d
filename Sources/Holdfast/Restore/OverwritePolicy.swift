// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Catalog

/// What a restore does with a key that the target has already.
package enum OverwritePolicy: String, CaseIterable, Codable, Sendable {
    /// Leave it; count and name it.
    case never
    /// Write it when size or ETag differ.
    case changed
    /// Write it when the backup's object is the younger one.
    case newer
    case always

    /// Whether the backup's object is written over `existing`.
    func overwrites(_ existing: ListedObject, with object: CatalogObject) -> Bool {
        switch self {
        case .never: false
        case .changed: existing.size != object.size || existing.etag != object.listed.etag
        case .newer: object.listed.lastModified > existing.lastModified
        case .always: true
        }
    }
}
