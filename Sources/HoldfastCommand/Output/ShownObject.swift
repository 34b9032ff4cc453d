// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Catalog
import Holdfast
import ObjectStorage

/// One object of a backup, as `holdfast show` tells people of it.
extension ShownObject {
    /// The line of the list: size, time, key, and the version where these are asked for.
    static func line(_ object: CatalogObject, versions: Bool) -> String {
        let size = object.listed.isDeleteMarker ? "deleted" : AmountText.bytes(object.size)
        let blanks = String(repeating: " ", count: max(0, 10 - size.count))
        let time = AmountText.time(TimeText.date(milliseconds: object.listed.lastModified))
        let version =
            versions ? "  \(object.listed.versionID ?? "null")\(object.listed.isLatest ? " (latest)" : "")" : ""
        return "\(blanks)\(size)  \(time)  \(ObjectKey(object.key))\(version)"
    }

    /// Everything else that is known, a line each.
    static func details(_ object: CatalogObject) -> [String] {
        var lines = ["etag \(object.listed.etag)"]
        if let sha256 = object.sha256 { lines.append("sha256 \(Hex.text(sha256))") }
        if let storageClass = object.listed.storageClass { lines.append("storage-class \(storageClass)") }
        if let version = object.listed.versionID { lines.append("version \(version)") }
        for (kind, fields) in [("header", object.headers), ("metadata", object.metadata), ("tag", object.tags)] {
            lines += fields.map { "\(kind) \($0.name): \(ObjectKey($0.value))" }
        }
        for (kind, text) in [("acl", object.acl), ("retention", object.retention), ("legal-hold", object.legalHold)] {
            if let text { lines.append("\(kind) \(text)") }
        }
        return lines.map { "            \($0)" }
    }
}
