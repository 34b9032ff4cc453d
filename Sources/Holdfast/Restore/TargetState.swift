// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Catalog
import ObjectStorage

/// What the target bucket holds before a restore, in a catalog of its own so that memory does not grow with it.
struct TargetState: Sendable {
    private let existing: CatalogReader?

    /// An empty target.
    static let empty = TargetState(existing: nil)

    private init(existing: CatalogReader?) {
        self.existing = existing
    }

    /// Lists the target.
    static func listing(of store: any ObjectStore, _ environment: RunEnvironment) async throws -> TargetState {
        TargetState(existing: try await CatalogReader.objects(of: store, prefix: [], environment))
    }

    /// What the target has under a key.
    func object(_ key: [UInt8]) async throws -> ListedObject? {
        try await existing?.object(key: key)?.listed
    }
}

extension CatalogReader {
    /// A bucket's current objects as a catalog without contents.
    static func objects(
        of store: any ObjectStore, prefix: [UInt8], _ environment: RunEnvironment
    ) async throws -> CatalogReader {
        let path = try await environment.state.workFile(name: "listing")
        do {
            let catalog = try await CatalogWriter.create(at: path)
            for try await page in ObjectStorage.listing(of: store, prefix: prefix) {
                let outcomes = try await catalog.list(page.objects.map(\.listed))
                // Neither a comparison nor `--overwrite never` may overlook an object.
                if let (object, outcome) = zip(page.objects, outcomes).first(where: { $0.1.fault != nil }) {
                    throw HoldfastError(
                        .failed,
                        "\(store.bucket) lists \(object.key) with \(outcome.fault ?? "a fault"): no server means that.",
                        hint: "Something else may answer in the server's place; holdfast check tells what does.")
                }
                let new = zip(page.objects, outcomes).filter { $0.1.isNew }.map { CatalogObject(listed: $0.0.listed) }
                try await catalog.store(new)
            }
            _ = try await catalog.finish()
            let reader = try await CatalogReader.open(at: path)
            // The open database keeps the file; its name can go.
            await environment.state.remove(path)
            return reader
        } catch {
            await environment.state.remove(path)
            throw error
        }
    }
}
