// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

/// A page of a listing of either kind.
protocol ListingPage: Sendable {
    associatedtype Position: Equatable & Sendable
    /// Where the next page begins; `nil` on the last.
    var position: Position? { get set }
    var commonPrefixes: [[UInt8]] { get set }
    var hasRows: Bool { get }
    mutating func keepRows(below prefix: [UInt8])
}

extension ListPage: ListingPage {
    var position: String? {
        get { continuation }
        set { continuation = newValue }
    }

    var hasRows: Bool { !objects.isEmpty }

    mutating func keepRows(below prefix: [UInt8]) {
        objects.removeAll { !$0.key.bytes.starts(with: prefix) }
    }
}

extension VersionPage: ListingPage {
    var position: VersionMarker? {
        get { marker }
        set { marker = newValue }
    }

    var hasRows: Bool { !versions.isEmpty }

    mutating func keepRows(below prefix: [UInt8]) {
        versions.removeAll { !$0.info.key.bytes.starts(with: prefix) }
    }
}

/// Where pages come from.
struct PageSource<Page: ListingPage>: Sendable {
    let bucket: String
    let emptyPages: Int
    let page: @Sendable (_ prefix: [UInt8], _ position: Page.Position?) async throws -> Page
}

extension PageSource<ListPage> {
    static func objects(
        of store: any ObjectStore, delimiter: String?, pageSize: Int, emptyPages: Int
    ) -> PageSource {
        PageSource(bucket: store.bucket, emptyPages: emptyPages) { prefix, token in
            try await store.list(
                ListQuery(prefix: prefix, delimiter: delimiter, continuation: token, limit: pageSize))
        }
    }
}

extension PageSource<VersionPage> {
    static func versions(
        of store: any ObjectStore, delimiter: String?, pageSize: Int, emptyPages: Int
    ) -> PageSource {
        PageSource(bucket: store.bucket, emptyPages: emptyPages) { prefix, marker in
            try await store.listVersions(
                VersionQuery(prefix: prefix, delimiter: delimiter, marker: marker, limit: pageSize))
        }
    }
}

/// The pages below one prefix, checked for progress.
struct Pages<Page: ListingPage>: AsyncSequence, Sendable {
    typealias Element = Page
    typealias Failure = any Error
    let prefix: [UInt8]
    let source: PageSource<Page>

    struct AsyncIterator: AsyncIteratorProtocol {
        let prefix: [UInt8]
        let source: PageSource<Page>
        private var progress: PagingProgress<Page.Position>
        private var position: Page.Position?
        private var isFinished = false

        init(prefix: [UInt8], source: PageSource<Page>) {
            self.prefix = prefix
            self.source = source
            progress = PagingProgress(emptyPages: source.emptyPages)
        }

        mutating func next() async throws -> Page? {
            guard !isFinished else { return nil }
            var page = try await source.page(prefix, position)
            position = page.position
            if let position {
                let isEmpty = !page.hasRows && page.commonPrefixes.isEmpty
                if let stall = progress.advance(to: position, isEmpty: isEmpty) {
                    throw ObjectStoreError(
                        .badAnswer,
                        "the listing of \(ObjectKey(prefix)) in bucket \(source.bucket) does not end: \(stall.rawValue)"
                    )
                }
            } else {
                isFinished = true
            }
            page.position = nil
            page.keepRows(below: prefix)
            return page
        }
    }

    func makeAsyncIterator() -> AsyncIterator {
        AsyncIterator(prefix: prefix, source: source)
    }
}

/// Tells a listing that goes on from one that goes in circles, in constant memory.
///
/// Circles of any length are found by Brent's method: each position is compared with one kept from before, which is
/// replaced at doubling distances. So a circle of n pages is noticed at the latest after about 3n further pages.
struct PagingProgress<Position: Equatable>: Sendable where Position: Sendable {
    enum Stall: String {
        case repeatedPosition = "the server gave the same position again"
        case emptyPages = "page after page is empty"
    }

    private let emptyPages: Int
    private var emptyInARow = 0
    private var last: Position?
    private var kept: Position?
    private var steps = 0
    private var span = 1

    init(emptyPages: Int) {
        self.emptyPages = emptyPages
    }

    mutating func advance(to position: Position, isEmpty: Bool) -> Stall? {
        emptyInARow = isEmpty ? emptyInARow + 1 : 0
        if emptyInARow > emptyPages { return .emptyPages }
        if position == last || position == kept { return .repeatedPosition }
        last = position
        steps += 1
        if steps == span {
            kept = position
            steps = 0
            span &*= 2
        }
        return nil
    }
}
