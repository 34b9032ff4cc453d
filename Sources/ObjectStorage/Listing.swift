// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

/// All current objects below `prefix`, page by page, in the server's order.
///
/// One page is in memory. Objects outside the prefix, which some servers slip in, are left out.
///
/// - Parameters:
///   - pageSize: keys to ask for at once; servers may give more.
///   - emptyPages: pages without content to follow in a row before the listing is given up.
/// - Returns: pages without `continuation`. The sequence throws ``ObjectStoreError`` with `.badAnswer` when the server's tokens
///   go in circles.
package func listing(
    of store: any ObjectStore, prefix: [UInt8] = [], pageSize: Int = 1000, emptyPages: Int = 100
) -> some AsyncSequence<ListPage, any Error> & Sendable {
    Pages(prefix: prefix, source: .objects(of: store, delimiter: nil, pageSize: pageSize, emptyPages: emptyPages))
}

/// All versions and delete markers below `prefix`, page by page in document order; as ``listing(of:prefix:pageSize:emptyPages:)``.
///
/// Some servers lose keys here without a sign: what must be complete is compared with
/// ``listing(of:prefix:pageSize:emptyPages:)`` or read by
/// ``versionListingByDelimiter(of:prefix:pageSize:emptyPages:)``.
package func versionListing(
    of store: any ObjectStore, prefix: [UInt8] = [], pageSize: Int = 1000, emptyPages: Int = 100
) -> some AsyncSequence<VersionPage, any Error> & Sendable {
    Pages(prefix: prefix, source: .versions(of: store, delimiter: nil, pageSize: pageSize, emptyPages: emptyPages))
}

/// All current objects below `prefix`, found by walking from common prefix to common prefix with the delimiter `/`.
///
/// For servers whose flat listing cannot be trusted. Each level is listed on its own, so that keys of different
/// levels never meet on a page. In memory: one page of common prefixes for each level of depth, and at most 1,024 levels.
package func listingByDelimiter(
    of store: any ObjectStore, prefix: [UInt8] = [], pageSize: Int = 1000, emptyPages: Int = 100
) -> some AsyncSequence<ListPage, any Error> & Sendable {
    PrefixWalk(
        prefix: prefix, source: .objects(of: store, delimiter: "/", pageSize: pageSize, emptyPages: emptyPages))
}

/// All versions and delete markers below `prefix`, found as ``listingByDelimiter(of:prefix:pageSize:emptyPages:)`` finds objects.
package func versionListingByDelimiter(
    of store: any ObjectStore, prefix: [UInt8] = [], pageSize: Int = 1000, emptyPages: Int = 100
) -> some AsyncSequence<VersionPage, any Error> & Sendable {
    PrefixWalk(
        prefix: prefix, source: .versions(of: store, delimiter: "/", pageSize: pageSize, emptyPages: emptyPages))
}
