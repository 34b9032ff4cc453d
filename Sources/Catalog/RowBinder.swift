// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import FoundationEssentials
import GRDB

/// Binds the values of one row to a statement in their order, then executes it.
///
/// GRDB's own way puts each row into an array of `DatabaseValue` and looks for named arguments: half of the time of an
/// insertion. Binding goes to the statement directly, which GRDB allows for whatever is a `StatementBinding`.
struct RowBinder: ~Copyable {
    private let statement: Statement
    private var index: CInt = 0
    private var isRefused = false

    /// Resets the statement; values that are not bound are NULL.
    init(_ statement: Statement) {
        self.statement = statement
        statement.setUncheckedArguments(StatementArguments())
    }

    mutating func bind(_ value: (some StatementBinding)?) {
        index += 1
        guard let value else { return }
        // Fails only for a value beyond SQLite's limit of a billion bytes, or out of memory.
        if value.bind(to: statement.sqliteStatement, at: index) != 0 { isRefused = true }
    }

    /// Bytes become a BLOB.
    mutating func bind(_ bytes: [UInt8]?) {
        bind(bytes.map { Data($0) })
    }

    /// Executes the statement with what was bound.
    consuming func execute() throws {
        guard !isRefused else { throw RowFault(what: "a value that SQLite refuses") }
        try statement.execute()
    }
}

extension RowBinder {
    /// Binds all columns of `objects`, in the order of ``CatalogSchema/objectColumns``.
    mutating func bind(_ object: CatalogObject) {
        let listed = object.listed
        bind(listed.key)
        bind(listed.ordinal)
        bind(listed.versionID)
        bind(listed.isLatest)
        bind(listed.isDeleteMarker)
        bind(listed.size)
        bind(listed.etag)
        bind(listed.lastModified)
        bind(listed.storageClass)
        bind(FieldText.encode(object.headers))
        bind(FieldText.encode(object.metadata))
        bind(FieldText.encode(object.tags))
        bind(object.acl)
        bind(object.retention)
        bind(object.legalHold)
        bind(object.partCount)
        bind(object.partSize)
        bind(object.sha256)
        bind(object.member)
        bind(ExtentText.encode(object.extents))
        bind(object.extents.first?.archive)
        bind(object.extents.first?.offset)
        bind(object.chunks?.bytes)
    }
}
