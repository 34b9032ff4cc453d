// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

/// Walks from common prefix to common prefix, depth first, and gives the pages on the way.
struct PrefixWalk<Page: ListingPage>: AsyncSequence, Sendable {
    typealias Element = Page
    typealias Failure = any Error
    let prefix: [UInt8]
    let source: PageSource<Page>

    /// A key has at most 1,024 bytes (S3 API, Object keys), so a longer chain of prefixes is no honest answer.
    private static var deepest: Int { 1024 }

    private struct Level {
        let prefix: [UInt8]
        var pages: Pages<Page>.AsyncIterator
        /// Prefixes of the page at hand that are still to be walked, last first.
        var pending: [[UInt8]] = []
    }

    struct AsyncIterator: AsyncIteratorProtocol {
        private let source: PageSource<Page>
        private var levels: [Level]

        init(prefix: [UInt8], source: PageSource<Page>) {
            self.source = source
            levels = [Level(prefix: prefix, pages: Pages(prefix: prefix, source: source).makeAsyncIterator())]
        }

        mutating func next() async throws -> Page? {
            while let top = levels.indices.last {
                if let child = levels[top].pending.popLast() {
                    try descend(to: child)
                    continue
                }
                guard var page = try await levels[top].pages.next() else {
                    levels.removeLast()
                    continue
                }
                let parent = levels[top].prefix
                levels[top].pending = page.commonPrefixes.filter { $0.starts(with: parent) }.reversed()
                page.commonPrefixes = []
                if page.hasRows { return page }
            }
            return nil
        }

        private mutating func descend(to child: [UInt8]) throws {
            let parent = levels.last?.prefix ?? []
            guard child.count > parent.count, levels.count <= PrefixWalk.deepest else {
                throw ObjectStoreError(
                    .badAnswer,
                    "the listing of \(ObjectKey(parent)) in bucket \(source.bucket) leads nowhere: "
                        + "it names \(ObjectKey(child)) as a part of itself")
            }
            let pages = Pages(prefix: child, source: source).makeAsyncIterator()
            levels.append(Level(prefix: child, pages: pages))
        }
    }

    func makeAsyncIterator() -> AsyncIterator {
        AsyncIterator(prefix: prefix, source: source)
    }
}
