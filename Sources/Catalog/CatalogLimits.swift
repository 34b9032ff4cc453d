// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

/// What a row may hold: checked before it is written, so that every catalog can be read, and again when it is read,
/// because a catalog may come from anybody.
enum CatalogLimits {
    /// S3 allows 1,024 bytes; a server that allows more is still backed up.
    static let keyBytes = 65_535
    /// A tar member's name is the key percent-encoded at most, with room for the folders it is cut into.
    static let memberBytes = 4 * keyBytes
    /// A version id, ETag or storage class.
    static let wordBytes = 4_096
    /// An ACL or the text of a list of fields. S3's own limits are a hundredth of it.
    static let textBytes = 1 << 20
    /// Names and values of the headers, the metadata or the tags of one object, in all. As text, where a byte takes six
    /// at most and a field forty more, they stay within ``textBytes``.
    static let fieldBytes = 128 << 10
    static let fieldCount = 1_000
    /// As text, fifty bytes each, they stay within ``extentTextBytes``.
    static let extentCount = 300_000
    static let extentTextBytes = 16 << 20
    static let chunkListBytes = 36 * ChunkList.limit
    /// The first moment of the year 1 to the last of the year 9999, in milliseconds since 1970.
    static let moments: ClosedRange<Int64> = -62_135_596_800_000...253_402_300_799_999
    /// S3 allows 10,000.
    static let partCounts = 0...1_000_000

    /// What keeps a row of a listing out of a catalog, with the limit; `nil` when it fits.
    static func fault(of object: ListedObject) -> String? {
        if object.size < 0 {
            "a negative size"
        } else if !moments.contains(object.lastModified) {
            "a last-modified outside the years 1 to 9999"
        } else {
            keyFault(object.key) ?? wordFault(object.versionID, "version id") ?? wordFault(object.etag, "ETag")
                ?? wordFault(object.storageClass, "storage class")
        }
    }

    /// What keeps a row out of a catalog, with the limit; `nil` when it fits.
    static func fault(of object: CatalogObject) -> String? {
        if let problem = fault(of: object.listed) {
            problem
        } else if let sha256 = object.sha256, sha256.count != 32 {
            "a SHA-256 of \(sha256.count) bytes, where there are 32"
        } else if let count = object.partCount, !partCounts.contains(count) {
            "\(count) parts, and a catalog holds at most \(partCounts.upperBound)"
        } else if let size = object.partSize, size < 0 {
            "a negative part size"
        } else if let member = object.member, !(1...memberBytes).contains(member.count) {
            "a member name of \(member.count) bytes, and a catalog holds 1 to \(memberBytes)"
        } else {
            textFault(object.acl, "ACL") ?? textFault(object.retention, "retention")
                ?? textFault(object.legalHold, "legal hold") ?? fieldFault(object.headers, "headers")
                ?? fieldFault(object.metadata, "metadata") ?? fieldFault(object.tags, "tags")
                ?? extentFault(object.extents) ?? chunkFault(object)
        }
    }

    static func check(_ object: CatalogObject) throws(RowFault) {
        try checkOrdinal(object.key, object.ordinal)
        try refuse(fault(of: object), object.key, object.ordinal)
    }

    static func check(_ exception: CatalogException) throws(RowFault) {
        try checkOrdinal(exception.key, exception.ordinal)
        let fault =
            keyFault(exception.key) ?? wordFault(exception.versionID, "version id")
            ?? wordFault(exception.reason, "reason") ?? textFault(exception.message, "message")
        try refuse(fault, exception.key, exception.ordinal)
    }

    /// No server gives ordinals; a negative one is the caller's mistake.
    static func checkOrdinal(_ key: [UInt8], _ ordinal: Int) throws(RowFault) {
        guard ordinal >= 0 else { throw RowFault(what: "object \(rowName(key, ordinal)): a negative ordinal") }
    }

    private static func refuse(_ fault: String?, _ key: [UInt8], _ ordinal: Int) throws(RowFault) {
        if let fault { throw RowFault(what: "object \(rowName(key, ordinal)): \(fault)") }
    }

    private static func keyFault(_ key: [UInt8]) -> String? {
        (1...keyBytes).contains(key.count) ? nil : "a key of \(key.count) bytes, and a catalog holds 1 to \(keyBytes)"
    }

    private static func wordFault(_ text: String?, _ name: String) -> String? {
        self.fault(text, name, limit: wordBytes)
    }

    private static func textFault(_ text: String?, _ name: String) -> String? {
        self.fault(text, name, limit: textBytes)
    }

    private static func fault(_ text: String?, _ name: String, limit: Int) -> String? {
        guard let text else { return nil }
        let count = text.utf8.count
        if count > limit { return "a \(name) of \(count) bytes, and a catalog holds at most \(limit)" }
        // SQLite would take the rest of the text for absent.
        if text.utf8.contains(0) { return "a \(name) with a zero byte" }
        return nil
    }

    private static func fieldFault(_ fields: [CatalogField], _ name: String) -> String? {
        if fields.count > fieldCount { return "\(fields.count) \(name), and a catalog holds at most \(fieldCount)" }
        let bytes = fields.reduce(0) { $0 + $1.name.utf8.count + $1.value.count }
        return bytes > fieldBytes ? "\(name) of \(bytes) bytes, and a catalog holds at most \(fieldBytes)" : nil
    }

    private static func chunkFault(_ object: CatalogObject) -> String? {
        guard let chunks = object.chunks else { return nil }
        if chunks.count > ChunkList.limit {
            return "\(chunks.count) chunks, and a catalog holds at most \(ChunkList.limit)"
        }
        return chunks.size == object.size && object.size >= ChunkList.smallestContent
            ? nil : "chunks of \(chunks.size) bytes in all"
    }

    private static func extentFault(_ extents: [Extent]) -> String? {
        if extents.count > extentCount { return "\(extents.count) extents, and a catalog holds at most \(extentCount)" }
        for extent in extents
        where extent.archive < 0 || extent.archive > Int32.max || extent.offset < 0 || extent.length < 0
            || extent.offset.addingReportingOverflow(extent.length).overflow
        {
            return "the impossible extent \(extent.archive), \(extent.offset), \(extent.length)"
        }
        return nil
    }
}
