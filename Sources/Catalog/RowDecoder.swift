// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import FoundationEssentials
import GRDB

/// Reads the columns of one row in their order and believes none of them.
///
/// SQLite lets any column of a foreign file hold any type; a value of another type than the schema's is a fault. The
/// limits are applied after SQLite has loaded a value, so a hostile file costs the memory of one such value at a time.
struct RowDecoder {
    private let row: Row
    private let columns: [String]
    private var index = 0

    init(_ row: Row, _ columns: [String]) {
        self.row = row
        self.columns = columns
    }

    mutating func optionalInteger() throws(RowFault) -> Int64? {
        switch next().storage {
        case .null: return nil
        case .int64(let value): return value
        default: throw fault("is not an integer")
        }
    }

    mutating func optionalText(limit: Int) throws(RowFault) -> String? {
        switch next().storage {
        case .null: return nil
        case .string(let value):
            guard value.utf8.count <= limit else { throw fault("has \(value.utf8.count) bytes") }
            return value
        default: throw fault("is not a text")
        }
    }

    mutating func optionalBytes(limit: Int) throws(RowFault) -> [UInt8]? {
        switch next().storage {
        case .null: return nil
        case .blob(let value):
            guard value.count <= limit else { throw fault("has \(value.count) bytes") }
            return [UInt8](value)
        default: throw fault("is not a blob")
        }
    }

    mutating func integer() throws(RowFault) -> Int64 {
        guard let value = try optionalInteger() else { throw fault("is missing") }
        return value
    }

    mutating func text(limit: Int) throws(RowFault) -> String {
        guard let value = try optionalText(limit: limit) else { throw fault("is missing") }
        return value
    }

    mutating func bytes(limit: Int) throws(RowFault) -> [UInt8] {
        guard let value = try optionalBytes(limit: limit) else { throw fault("is missing") }
        return value
    }

    mutating func flag() throws(RowFault) -> Bool {
        switch try integer() {
        case 0: return false
        case 1: return true
        default: throw fault("is neither 0 nor 1")
        }
    }

    /// A fault in the column that was read last.
    func fault(_ what: String) -> RowFault {
        let column = columns[index - 1]
        guard columns.prefix(2) == ["key", "ordinal"],
            case .blob(let key) = (row[0] as DatabaseValue).storage,
            case .int64(let ordinal) = (row[1] as DatabaseValue).storage
        else { return RowFault(what: "\(column) \(what)") }
        return RowFault(what: "\(column) of \(rowName([UInt8](key.prefix(201)), Int(ordinal))) \(what)")
    }

    private mutating func next() -> DatabaseValue {
        defer { index += 1 }
        return row[index]
    }
}

extension RowDecoder {
    /// One row of `objects`, read with the columns of ``CatalogSchema/objectColumns``.
    mutating func object() throws(RowFault) -> CatalogObject {
        let listed = ListedObject(
            key: try bytes(limit: CatalogLimits.keyBytes),
            ordinal: Int(try integer()),
            versionID: try optionalText(limit: CatalogLimits.wordBytes),
            isLatest: try flag(),
            isDeleteMarker: try flag(),
            size: try integer(),
            etag: try text(limit: CatalogLimits.wordBytes),
            lastModified: try integer(),
            storageClass: try optionalText(limit: CatalogLimits.wordBytes))
        var object = CatalogObject(
            listed: listed,
            headers: try fields(),
            metadata: try fields(),
            tags: try fields(),
            acl: try optionalText(limit: CatalogLimits.textBytes),
            retention: try optionalText(limit: CatalogLimits.textBytes),
            legalHold: try optionalText(limit: CatalogLimits.textBytes),
            partCount: try optionalInteger().map { Int($0) },
            partSize: try optionalInteger(),
            sha256: try optionalBytes(limit: 32),
            member: try optionalBytes(limit: CatalogLimits.memberBytes),
            extents: try extents())
        let archive = try optionalInteger()
        let position = try optionalInteger()
        guard archive == object.extents.first.map({ Int64($0.archive) }), position == object.extents.first?.offset
        else { throw fault("does not agree with the extents") }
        object.chunks = try chunks(size: object.size)
        try CatalogLimits.check(object)
        return object
    }

    /// One row of `exceptions`.
    mutating func exception() throws(RowFault) -> CatalogException {
        let exception = CatalogException(
            key: try bytes(limit: CatalogLimits.keyBytes),
            ordinal: Int(try integer()),
            versionID: try optionalText(limit: CatalogLimits.wordBytes),
            reason: try text(limit: CatalogLimits.wordBytes),
            message: try text(limit: CatalogLimits.textBytes))
        try CatalogLimits.check(exception)
        return exception
    }

    private mutating func fields() throws(RowFault) -> [CatalogField] {
        guard let text = try optionalText(limit: CatalogLimits.textBytes) else { return [] }
        guard let fields = FieldText.decode(text) else { throw fault("is not a list of names and values") }
        return fields
    }

    /// A list of chunks, of a content of `size` bytes.
    mutating func chunks(size: Int64) throws(RowFault) -> ChunkList? {
        guard let bytes = try optionalBytes(limit: CatalogLimits.chunkListBytes) else { return nil }
        guard let chunks = ChunkList(bytes: bytes, size: size) else {
            throw fault("is not a list of chunks of \(size) bytes in all")
        }
        return chunks
    }

    private mutating func extents() throws(RowFault) -> [Extent] {
        guard let text = try optionalText(limit: CatalogLimits.extentTextBytes) else { return [] }
        guard let extents = ExtentText.decode(text) else { throw fault("is not a list of extents") }
        return extents
    }
}
