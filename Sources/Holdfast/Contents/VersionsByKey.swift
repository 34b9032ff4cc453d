// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Catalog

/// All versions of one key, newest first; never empty.
struct KeyVersions: Sendable {
    let key: [UInt8]
    var versions: [CatalogObject]
}

/// The versions of a catalog, key by key in byte order.
///
/// In memory: the rows of one key, some 500 bytes for each of its versions, and a page of 1,000.
struct VersionsByKey: AsyncSequence, Sendable {
    typealias Element = KeyVersions
    let catalog: CatalogReader
    let prefix: [UInt8]

    struct AsyncIterator: AsyncIteratorProtocol {
        fileprivate var rows: KeyOrder.AsyncIterator
        private var waiting: CatalogObject?
        private var hasBegun = false

        fileprivate init(rows: KeyOrder.AsyncIterator) {
            self.rows = rows
        }

        mutating func next() async throws -> KeyVersions? {
            if !hasBegun {
                waiting = try await rows.next()
                hasBegun = true
            }
            guard let first = waiting else { return nil }
            var group = KeyVersions(key: first.key, versions: [first])
            waiting = nil
            while let row = try await rows.next() {
                guard row.key == group.key else {
                    waiting = row
                    break
                }
                group.versions.append(row)
            }
            return group
        }
    }

    func makeAsyncIterator() -> AsyncIterator {
        AsyncIterator(rows: KeyOrder(catalog: catalog, prefix: prefix).makeAsyncIterator())
    }
}
