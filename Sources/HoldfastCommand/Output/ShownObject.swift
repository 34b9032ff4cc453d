// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Catalog
import Foundation
import Holdfast
import ObjectStorage

/// One object of a backup, as `holdfast show` tells of it.
struct ShownObject: Encodable {
    /// For people; the exact key when it is text.
    let key: String
    /// The key's bytes in hex, when they are no text: what `holdfast cat --key-hex` takes.
    let keyHex: String?
    let size: Int64
    let lastModified: Date
    let etag: String
    let storageClass: String?
    let versionID: String?
    let isLatest: Bool
    let isDeleteMarker: Bool
    let sha256: String?
    let headers: [String: String]
    let metadata: [String: String]
    let tags: [String: String]
    /// JSON, as the catalog has them.
    let acl: String?
    let retention: String?
    let legalHold: String?

    init(_ object: CatalogObject) {
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
