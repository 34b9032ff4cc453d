// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import GRDB

/// How much of an earlier archive is still in use.
struct ArchiveShare: Hashable {
    let name: String
    /// Bytes of contents in it that the earlier backup refers to.
    let live: Int64
    /// Bytes of contents that it was written with; `nil` when nobody knows.
    let content: Int64?
}

/// Which earlier archives a backup stops referring to, so that they can go: what it still needs of them is fetched again
/// and lies in its own archive then.
///
/// Else a chain would grow with each backup, and an archive stay for ever for the sake of one object.
enum Folding {
    /// An archive is folded when less than one part in so many of it is in use: then less than that is fetched to free
    /// the rest.
    private static let usedPart: Int64 = 3
    /// A backup refers to so many archives at most: each must be opened to verify it. When there are more, those with the
    /// least in use are folded until half of the limit is left.
    private static let archiveLimit = 100

    /// The names of those to fold.
    static func folded(_ shares: [ArchiveShare]) -> Set<String> {
        var folded = Set(
            shares.filter { share in share.content.map { share.live < $0 / usedPart } ?? false }.map(\.name))
        let kept = shares.filter { !folded.contains($0.name) }
        if kept.count > archiveLimit {
            let least = kept.sorted { ($0.live, $0.name) < ($1.live, $1.name) }
            folded.formUnion(least.prefix(kept.count - archiveLimit / 2).map(\.name))
        }
        return folded
    }

    /// The name of the fact that tells how many bytes of contents an archive was written with.
    static func contentFact(_ archive: String) -> String { "content.\(archive)" }

    /// Looks at what the catalog attached as `earlier` uses. Reads every row of it.
    static func shares(of base: CatalogBase, in database: Database) throws -> [ArchiveShare] {
        let rows = try Row.fetchAll(
            database,
            sql: """
                SELECT coalesce(a.name, ?1) AS name, o.archive = 0 AS is_own, CAST(total(o.size) AS INTEGER) AS live, i.value AS content
                FROM earlier.objects AS o LEFT JOIN earlier.archives AS a ON a.id = o.archive
                LEFT JOIN earlier.info AS i ON i.name = 'content.' || a.name
                WHERE o.archive IS NOT NULL GROUP BY o.archive
                """, arguments: [base.archive])
        return try rows.map { row in
            guard let name = String.fromDatabaseValue(row["name"]), let isOwn = Bool.fromDatabaseValue(row["is_own"]),
                let live = Int64.fromDatabaseValue(row["live"])
            else { throw RowFault(what: "what it uses of its archives cannot be counted") }
            // Its own archive was written with what it refers to there.
            if isOwn { return ArchiveShare(name: name, live: live, content: live) }
            let content = String.fromDatabaseValue(row["content"])
            return ArchiveShare(name: name, live: live, content: content.flatMap { Int64($0) })
        }
    }
}
