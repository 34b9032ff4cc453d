// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Catalog
import ObjectStorage

/// Why an object, or a part of its description, is not in a backup.
struct ObjectProblem: Error, Sendable {
    /// One word for programs: `vanished`, `unreadable`, `encrypted`, `denied`, `changed`, `corrupt`, `limit`, `failed`, `metadata`,
    /// ``archived``.
    let reason: String
    let message: String

    /// It lies in an archive tier: the server has it and does not give it. It can be read when it was brought back.
    static let archived = "archived"

    init(reason: String, message: String) {
        self.reason = reason
        self.message = message
    }

    /// A value of the object is larger than anything that a catalog holds, as `fault` says.
    init(beyondLimit fault: String) {
        self.init(reason: "limit", message: "the server gives it \(fault)")
    }

    /// Two flaws of one object as one that tells of both; `nil` where there is none.
    static func joining(_ first: ObjectProblem?, _ second: ObjectProblem?) -> ObjectProblem? {
        guard let first, let second else { return first ?? second }
        let reason = first.reason == second.reason ? first.reason : "\(first.reason)+\(second.reason)"
        return ObjectProblem(reason: reason, message: "\(first.message); \(second.message)")
    }
}

extension ObjectInfo {
    /// Before a byte of the object is written: what the catalog cannot hold must not be in the archive.
    ///
    /// - Throws: ``ObjectProblem``.
    func checkFitsCatalog() throws {
        // Where the bytes will lie, and under which name, is the archive's own and always fits.
        let row = CatalogObject(self, member: key.bytes, extent: 0..<0, sha256: nil)
        if let fault = row.fault { throw ObjectProblem(beyondLimit: fault) }
    }
}
