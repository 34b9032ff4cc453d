// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Catalog
import ObjectStorage

extension CatalogReader {
    /// A bucket's current objects as a catalog without contents.
    static func objects(
        of store: any ObjectStore, prefix: [UInt8] = [], pageSize: Int = 1000, _ environment: RunEnvironment
    ) async throws -> CatalogReader {
        let pages = ObjectStorage.listing(of: store, prefix: prefix, pageSize: pageSize).map(\.objects)
        return try await collecting(pages, of: store.bucket, environment)
    }

    /// The pages of a listing as a catalog in a file without a name: sorted, each key once, and in constant memory.
    ///
    /// - Throws: ``HoldfastError`` when the server says of an object what no catalog can hold: neither a comparison nor
    ///   `--overwrite never` may overlook an object.
    static func collecting(
        _ pages: some AsyncSequence<[ObjectInfo], any Error>, of bucket: String, _ environment: RunEnvironment
    ) async throws -> CatalogReader {
        let path = try await environment.state.workFile(name: "listing")
        do {
            let catalog = try await CatalogWriter.create(at: path)
            for try await objects in pages {
                let outcomes = try await catalog.list(objects.map { $0.listed() })
                let rows = zip(objects, outcomes)
                if let (object, outcome) = rows.first(where: { $0.1.fault != nil }) {
                    throw HoldfastError(
                        .failed,
                        "\(bucket) lists \(object.key) with \(outcome.fault ?? "a fault"): no server means that.",
                        hint: "Something else may answer in the server's place; holdfast check tells what does.")
                }
                try await catalog.store(rows.filter { $0.1.isNew }.map { CatalogObject(listed: $0.0.listed()) })
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
