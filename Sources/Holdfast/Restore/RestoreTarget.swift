// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Catalog
import ObjectStorage

/// The bucket of a restore as it was before anything is written, and what that means for each object.
struct RestoreTarget: Sendable {
    let store: any ObjectStore
    let limits: TargetLimits
    let state: TargetState
    /// Whether the server is asked to refuse a key that appeared since it was listed.
    let guardsAbsence: Bool
    /// Under which keys the objects of the backup are written.
    var mapping = KeyMapping.none

    /// What is to be done with one object of the backup.
    struct Decision: Sendable {
        enum Act: Sendable { case write(replacing: Bool), skip, refuse(String) }
        let object: CatalogObject
        let act: Act
    }

    /// - Parameters:
    ///   - object: with the key that it gets.
    ///   - catalog: the backup's, for keys that exclude one another.
    func decision(
        on object: CatalogObject, _ overwrite: OverwritePolicy, in catalog: CatalogReader
    ) async throws -> Decision {
        if let problem = limits.problem(key: object.key, size: object.size) {
            return Decision(object: object, act: .refuse(problem))
        }
        if limits.excludesNested, let parent = try await nestedParent(of: object.key, in: catalog) {
            return Decision(object: object, act: .refuse("this server cannot keep it beside \(ObjectKey(parent))"))
        }
        guard let existing = try await state.object(object.key) else {
            return Decision(object: object, act: .write(replacing: false))
        }
        let overwrites = overwrite.overwrites(existing, with: object)
        return Decision(object: object, act: overwrites ? .write(replacing: true) : .skip)
    }

    /// A key of the backup that is a folder of `key`, each as it is written.
    private func nestedParent(of key: [UInt8], in catalog: CatalogReader) async throws -> [UInt8]? {
        for (index, byte) in key.enumerated() where byte == UInt8(ascii: "/") && index > 0 {
            let parent = Array(key[..<index])
            for source in mapping.sources(of: parent) {
                if try await catalog.object(key: source) != nil { return parent }
            }
        }
        return nil
    }
}
