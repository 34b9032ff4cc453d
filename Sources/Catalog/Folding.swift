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
    ///
    /// Bytes that several objects share count for each of them: such an archive is kept longer than it need be.
    static func shares(of base: CatalogBase, in database: Database) throws -> [ArchiveShare] {
        var live: [Int: Int64] = [:]
        let sums = try Row.fetchAll(
            database,
            sql: """
                SELECT archive, CAST(total(size) AS INTEGER) FROM earlier.objects
                WHERE archive IS NOT NULL GROUP BY archive
                """)
        for row in sums {
            guard let archive = Int.fromDatabaseValue(row[0]), let sum = Int64.fromDatabaseValue(row[1]) else {
                throw RowFault(what: "what it uses of its archives cannot be counted")
            }
            live[archive] = sum
        }
        // Of an object in several pieces each archive has its own, and a piece that comes twice lies there once.
        try ExtentNumbers.eachOfSeveral(in: "earlier", database) { extents, size in
            // A row that cannot be read is not taken over either.
            guard let extents else { return }
            if let first = extents.first { live[first.archive, default: 0] &-= size }
            for extent in Set(extents) { live[extent.archive, default: 0] &+= extent.length }
        }
        let names = try Row.fetchAll(
            database,
            sql: """
                SELECT a.id, a.name, i.value FROM earlier.archives AS a
                LEFT JOIN earlier.info AS i ON i.name = 'content.' || a.name
                """)
        var shares: [ArchiveShare] = []
        for row in names {
            guard let id = Int.fromDatabaseValue(row[0]), let name = String.fromDatabaseValue(row[1]),
                let used = live[id], id != 0
            else { continue }
            let content = String.fromDatabaseValue(row[2])
            shares.append(ArchiveShare(name: name, live: used, content: content.flatMap { Int64($0) }))
        }
        // Its own archive was written with what it refers to there.
        if let own = live[0] { shares.append(ArchiveShare(name: base.archive, live: own, content: own)) }
        return shares
    }
}
