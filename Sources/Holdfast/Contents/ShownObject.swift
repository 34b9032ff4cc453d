// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

package import Catalog
package import Foundation
import ObjectStorage

/// One object of a backup, as it is told to programs.
package struct ShownObject: Encodable, Sendable {
    /// For people; the exact key when it is text.
    package let key: String
    /// The key's bytes in hex, when they are no text: what `holdfast cat --key-hex` takes.
    package let keyHex: String?
    package let size: Int64
    package let lastModified: Date
    package let etag: String
    package let storageClass: String?
    package let versionID: String?
    package let isLatest: Bool
    package let isDeleteMarker: Bool
    package let sha256: String?
    package let headers: [String: String]
    package let metadata: [String: String]
    package let tags: [String: String]
    /// JSON, as the catalog has them.
    package let acl: String?
    package let retention: String?
    package let legalHold: String?

    package init(_ object: CatalogObject) {
        let text = String(validating: object.key, as: UTF8.self)
        key = text ?? "\(ObjectKey(object.key))"
        keyHex = text == nil ? Hex.text(object.key) : nil
        size = object.size
        lastModified = TimeText.date(milliseconds: object.listed.lastModified)
        etag = object.listed.etag
        storageClass = object.listed.storageClass
        versionID = object.listed.versionID
        isLatest = object.listed.isLatest
        isDeleteMarker = object.listed.isDeleteMarker
        sha256 = object.sha256.map { Hex.text($0) }
        headers = Self.values(object.headers)
        metadata = Self.values(object.metadata)
        tags = Self.values(object.tags)
        acl = object.acl
        retention = object.retention
        legalHold = object.legalHold
    }

    private static func values(_ fields: [CatalogField]) -> [String: String] {
        let pairs = fields.map { ($0.name, String(decoding: $0.value, as: UTF8.self)) }
        return Dictionary(pairs, uniquingKeysWith: { "\($0), \($1)" })
    }
}
