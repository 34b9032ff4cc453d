// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

package import Catalog

/// The objects of a catalog in the order in which they lie in its archive, and then in each earlier one, a page of 1,000
/// at a time.
package struct PositionOrder: AsyncSequence, Sendable {
    package typealias Element = CatalogObject
    private let catalog: CatalogReader

    package init(catalog: CatalogReader) {
        self.catalog = catalog
    }

    package struct AsyncIterator: AsyncIteratorProtocol {
        fileprivate let catalog: CatalogReader
        private var page: ArraySlice<CatalogObject> = []
        private var last: CatalogPosition?
        /// The archives still to come, the one being read first; `nil` before the beginning.
        private var archives: ArraySlice<Int>?

        fileprivate init(catalog: CatalogReader) {
            self.catalog = catalog
        }

        package mutating func next() async throws -> CatalogObject? {
            var left: ArraySlice<Int>
            if let archives { left = archives } else { left = [0] + (try await catalog.archives().map(\.id)) }
            while page.isEmpty, let archive = left.first {
                page = try await catalog.objectsByPosition(archive: archive, after: last, limit: 1000)[...]
                last = page.last?.position
                if page.count < 1000 {
                    left.removeFirst()
                    last = nil
                }
            }
            archives = left
            return page.popFirst()
        }
    }

    package func makeAsyncIterator() -> AsyncIterator { AsyncIterator(catalog: catalog) }
}

/// The objects of a catalog by key, in byte order, a page of 1,000 at a time.
package struct KeyOrder: AsyncSequence, Sendable {
    package typealias Element = CatalogObject
    private let catalog: CatalogReader
    private let prefix: [UInt8]

    package init(catalog: CatalogReader, prefix: [UInt8] = []) {
        self.catalog = catalog
        self.prefix = prefix
    }

    package struct AsyncIterator: AsyncIteratorProtocol {
        fileprivate let catalog: CatalogReader
        fileprivate let prefix: [UInt8]
        private var page: ArraySlice<CatalogObject> = []
        private var last: (key: [UInt8], ordinal: Int)?
        private var isDone = false

        fileprivate init(catalog: CatalogReader, prefix: [UInt8]) {
            self.catalog = catalog
            self.prefix = prefix
        }

        package mutating func next() async throws -> CatalogObject? {
            if page.isEmpty, !isDone {
                page = try await catalog.objects(prefix: prefix, after: last, limit: 1000)[...]
                last = page.last.map { ($0.key, $0.ordinal) }
                isDone = page.count < 1000
            }
            return page.popFirst()
        }
    }

    package func makeAsyncIterator() -> AsyncIterator { AsyncIterator(catalog: catalog, prefix: prefix) }
}
