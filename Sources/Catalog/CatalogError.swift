// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import GRDB
package import SystemPackage

/// What can go wrong with a catalog.
package enum CatalogError: Error, Hashable, CustomStringConvertible {
    /// There is a file at the path already, and a catalog is never written over anything.
    case exists(FilePath)
    /// The file system or SQLite would not do it: no space, no permission, an I/O error, a closed catalog.
    case storage(FilePath, String)
    /// Rows were listed that are neither stored nor excepted; `example` is one of them.
    case incomplete(pending: Int, example: String)
    /// The row was never listed, or is stored or excepted already.
    case notPending(String)
    /// A value that no catalog may hold; the row and what is wrong with it.
    case unacceptable(String)
    /// An interrupted run's archive cannot be gone on with, because of this row.
    case superseded(String)
    /// The file is not a catalog, or not one of Holdfast's.
    case notACatalog(FilePath, String)
    /// The catalog was written by a newer Holdfast whose schema this one cannot read.
    case tooNew(FilePath, version: Int)
    /// The file is a catalog and is damaged, or was made to deceive.
    case corrupt(FilePath, String)

    package var description: String {
        switch self {
        case .exists(let path):
            "\(path) exists already; a catalog is never written over another file: remove it or choose another place"
        case .storage(let path, let what):
            "the catalog \(path) cannot be used: \(what)"
        case .incomplete(let pending, let example):
            "\(pending) listed objects are neither in the backup nor on its list of exceptions, \(example) for one"
        case .notPending(let row):
            "\(row) was not listed, or is accounted for already"
        case .unacceptable(let what):
            "the catalog cannot hold this: \(what)"
        case .superseded(let row):
            "\(row) changed, and others share the bytes that it had"
        case .notACatalog(let path, let what):
            "\(path) is not a catalog of a backup: \(what)"
        case .tooNew(let path, let version):
            "the catalog \(path) has schema version \(version) and this program reads \(CatalogSchema.version): "
                + "use a newer Holdfast"
        case .corrupt(let path, let what):
            "the catalog \(path) is damaged: \(what); take the backup from another copy"
        }
    }
}

extension CatalogError {
    /// Whether the disk or SQLite would not do it, and neither the file's bytes nor its rows are at fault.
    package var isOfStorage: Bool {
        if case .storage = self { true } else { false }
    }

    /// Whether the file's bytes are at fault, and not the disk or the caller.
    package var isDamage: Bool {
        switch self {
        case .notACatalog, .corrupt: true
        case .exists, .storage, .incomplete, .notPending, .unacceptable, .superseded, .tooNew: false
        }
    }

    /// SQLite's errors in the words of this module; all others as they are.
    static func translating(_ error: any Error, at path: FilePath) -> any Error {
        switch error {
        case let error as DatabaseError:
            let text = error.message ?? "SQLite error \(error.resultCode.rawValue)"
            switch error.resultCode {
            case .SQLITE_NOTADB: return CatalogError.notACatalog(path, text)
            // A query of ours fails with the general code only when the foreign schema differs from what it claims.
            case .SQLITE_CORRUPT, .SQLITE_FORMAT, .SQLITE_ERROR: return CatalogError.corrupt(path, text)
            default: return CatalogError.storage(path, text)
            }
        case let error as RowFault:
            return CatalogError.corrupt(path, error.what)
        default:
            return error
        }
    }
}

/// What is wrong with a row, before it is known whether the row came from a file or goes into one.
struct RowFault: Error {
    let what: String
}
