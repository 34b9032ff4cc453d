// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Catalog
import SystemPackage
import Testing

/// Objects in several pieces, and what is known of them later.
@Suite struct ChunkTests {
    private static func hash(_ number: UInt8) -> [UInt8] { [UInt8](repeating: number, count: 32) }

    private static func list(_ chunks: [(Int, UInt8)]) -> ChunkList {
        var list = ChunkList()
        for (length, number) in chunks { list.append(length: length, sha256: hash(number)) }
        return list
    }

    private static let length = 16 << 20

    /// A row of chunks of 16 MiB, the n-th in the n-th extent.
    private static func row(_ key: String, _ extents: [(Int, Int64)], _ numbers: [UInt8]) -> CatalogObject {
        var row = stored(listed(key, size: Int64(numbers.count * length)), at: 0)
        row.sha256 = hash(200)
        row.extents = extents.map { Extent(archive: $0.0, offset: $0.1, length: Int64(length)) }
        row.chunks = list(numbers.map { (length, $0) })
        return row
    }

    /// The catalog of `archive-0`: `large` lies in three pieces, two in `older` and one in its own archive.
    private static func makeBase(
        in folder: FilePath, _ more: [CatalogObject] = [], alteredBy sql: String? = nil
    ) async throws -> CatalogBase {
        let path = folder.appending("base")
        let writer = try await CatalogWriter.create(at: path)
        let unused = try await writer.archive("unused")
        let older = try await writer.archive("older")
        #expect(unused == 1 && older == 2)
        try await writer.add([row("large", [(2, 5000), (0, 7000), (2, 90 << 20)], [1, 2, 3])] + more)
        try await writer.set(CatalogDelta.idFact, "base")
        #expect(try await writer.referredArchives() == ["older"])
        _ = try await writer.finish()
        if let sql { try sqlite(path, sql) }
        return CatalogBase(path: path, archive: "archive-0")
    }

    @Test func aRowInSeveralPiecesIsTakenOverWithAllItsNumbers() async throws {
        try await withPath { path in
            let base = try await Self.makeBase(in: path.removingLastComponent())
            let writer = try await CatalogWriter.create(at: path, base: base)
            let outcome = try await writer.list([listed("large", size: 48 << 20)])
            #expect(outcome[0].isUnchanged)
            let row = try #require(try await writer.stored(key: .init("large"), ordinal: 0))
            let own = try await writer.archive("archive-0")
            let older = try await writer.archive("older")
            #expect(row.extents.map(\.archive) == [older, own, older])
            #expect(row.extents.map(\.offset) == [5000, 7000, 90 << 20])
            #expect(row.chunks == Self.list([(16 << 20, 1), (16 << 20, 2), (16 << 20, 3)]))
            // Neither of them is only named in the first place of a row.
            #expect(try await writer.referredArchives() == ["archive-0", "older"])
            _ = try await writer.finish()
            try await CatalogReader.open(at: path).check()
            let reader = try await CatalogReader.open(at: path)
            let read = try #require(try await reader.object(key: .init("large")))
            #expect(read.chunks == nil)
            #expect(try await reader.chunks(of: read)?.count == 3)
        }
    }

    /// Two thirds of `older` are in use no more.
    @Test func aRowOfWhichAPieceIsFoldedIsReadAgain() async throws {
        try await withPath { path in
            let base = try await Self.makeBase(
                in: path.removingLastComponent(),
                alteredBy: "INSERT INTO info VALUES ('content.older', \(100 << 20))")
            let writer = try await CatalogWriter.create(at: path, base: base)
            #expect(writer.foldedArchives == ["older"])
            #expect(try await !writer.list([listed("large", size: 48 << 20)])[0].isUnchanged)
            // Nor are its chunks there found, but the one that lies elsewhere is.
            #expect(try await writer.extent(of: .chunk, sha256: Self.hash(1), length: Self.length) == nil)
            #expect(try await writer.extent(of: .chunk, sha256: Self.hash(2), length: Self.length)?.offset == 7000)
        }
    }

    @Test func whatIsInUseIsCountedByPiece() async throws {
        try await withPath { path in
            // The same piece twice lies there once: three of nine chunks are enough to stay, three of ten are not.
            let twice = Self.row("twice", [(2, 5000), (2, 5000)], [1, 1])
            let base = try await Self.makeBase(
                in: path.removingLastComponent(), [twice],
                alteredBy: "INSERT INTO info VALUES ('content.older', \(144 << 20))")
            #expect(try await CatalogWriter.create(at: path, base: base).foldedArchives == [])
            let other = path.removingLastComponent().appending("other")
            try sqlite(base.path, "UPDATE info SET value = \(160 << 20) WHERE name = 'content.older'")
            #expect(try await CatalogWriter.create(at: other, base: base).foldedArchives == ["older"])
        }
    }

    @Test func chunksAndContentsAreFoundWhereTheyLie() async throws {
        try await withPath { path in
            var content = stored(listed("content", size: 5000), at: 12_345)
            content.sha256 = Self.hash(50)
            var small = stored(listed("small", size: 4095), at: 1)
            small.sha256 = Self.hash(51)
            // One run of bytes that holds three chunks.
            var run = Self.row("run", [(0, 1000)], [10, 11, 12])
            run.extents = [Extent(archive: 0, offset: 1000, length: 48 << 20)]
            let base = try await Self.makeBase(in: path.removingLastComponent(), [content, small, run])
            let writer = try await CatalogWriter.create(at: path, base: base)
            func place(_ number: UInt8, _ piece: CatalogWriter.Piece, _ length: Int) async throws -> Extent? {
                try await writer.extent(of: piece, sha256: Self.hash(number), length: length)
            }
            let own = try await writer.archive("archive-0")
            #expect(try await place(50, .content, 5000) == Extent(archive: own, offset: 12_345, length: 5000))
            #expect(try await place(50, .content, 5001) == nil)
            #expect(try await place(51, .content, 4095) == nil)
            #expect(try await place(12, .chunk, 16 << 20)?.offset == 1000 + 32 << 20)
            #expect(try await place(11, .chunk, 16 << 20)?.offset == 1000 + 16 << 20)
            #expect(try await place(99, .chunk, 16 << 20) == nil)
            // What this run stores is found as well.
            try await writer.add(chunk: Self.hash(99), at: 777..<777 + 16 << 20)
            #expect(try await place(99, .chunk, 16 << 20) == Extent(archive: 0, offset: 777, length: 16 << 20))
        }
    }

    @Test func nothingIsKnownWithoutAnEarlierCatalog() async throws {
        try await withPath { path in
            let writer = try await CatalogWriter.create(at: path)
            #expect(!writer.hasBase)
            #expect(try await writer.extent(of: .chunk, sha256: Self.hash(1), length: 1) == nil)
        }
    }

    /// A catalog of the first minor version has no column for chunks.
    @Test func anOlderCatalogIsBuiltOn() async throws {
        try await withPath { path in
            let base = try await Self.makeBase(
                in: path.removingLastComponent(),
                [stored(listed("a"), at: 5)].map { row in
                    var row = row
                    row.sha256 = Self.hash(9)
                    return row
                },
                alteredBy: """
                    DROP INDEX objects_by_chunks; ALTER TABLE objects DROP COLUMN chunks; PRAGMA user_version = 1000
                    """)
            let reader = try await CatalogReader.open(at: base.path)
            try await reader.check()
            let large = try #require(try await reader.object(key: .init("large")))
            #expect(try await reader.chunks(of: large) == nil)
            let writer = try await CatalogWriter.create(at: path, base: base)
            let outcome = try await writer.list([listed("a"), listed("large", size: 48 << 20)])
            // In several pieces and without chunks it is nobody's row.
            #expect(outcome.map { $0.isUnchanged } == [true, false])
            #expect(try await writer.extent(of: .chunk, sha256: Self.hash(1), length: Self.length) == nil)
        }
    }

    /// Deltas have rows of several pieces when these change, and a merge gives them the later numbers.
    @Test func aMergeKeepsEveryNumber() async throws {
        try await withPath { path in
            let folder = path.removingLastComponent()
            let base = try await Self.makeBase(in: folder, [Self.row("other", [(2, 1 << 30)], [4])])
            let later = folder.appending("later")
            let writer = try await CatalogWriter.create(at: later, base: base)
            let listed = try await writer.list([
                listed("large", size: 48 << 20), listed("other", size: 16 << 20), listed("new", size: 32 << 20),
            ])
            #expect(listed.map { $0.isUnchanged } == [true, true, false])
            let own = try await writer.archive("archive-0")
            let new = Self.row("new", [(own, 7000), (0, 512)], [2, 5])
            try await writer.store([new])
            _ = try await writer.referredArchives()
            try await writer.set(CatalogDelta.idFact, "later")
            _ = try await writer.finish()
            var limits = CatalogDelta.Limits()
            limits.wholeRows = 0
            limits.part = 1
            let part = folder.appending("delta")
            let delta = try await CatalogDelta.write(of: later, since: base, without: [], to: part, limits: limits)
            #expect(delta?.rowCount == 1)
            try await CatalogMerge.merge([base, CatalogBase(path: part, archive: "archive-1")], to: path)
            let merged = try await CatalogReader.open(at: path)
            let whole = try await CatalogReader.open(at: later)
            #expect(try await merged.objects(limit: 10) == whole.objects(limit: 10))
            for object in try await merged.objects(limit: 10) {
                #expect(try await merged.chunks(of: object) == whole.chunks(of: object))
            }
            try await merged.check()
        }
    }

    static let lies = [
        "chunks = zeroblob(35)", "size = 7, chunks = CAST(x'07000000' || zeroblob(32) AS BLOB)",
        "chunks = zeroblob(36)", "chunks = 'text'", "chunks = x''",
        // A chunk less, one more, a chunk of nothing, one of more than 16 MiB.
        "chunks = substr(chunks, 1, 72)", "chunks = CAST(chunks || substr(chunks, 1, 36) AS BLOB)",
        "chunks = CAST(chunks || zeroblob(36) AS BLOB)",
        "chunks = CAST(x'01000001' || zeroblob(32) AS BLOB), size = 16777217",
        "extents = replace(extents, '[2,', '[9,'), archive = 9", "extents = replace(extents, ',[0,', ',[9,')",
    ]

    @Test(arguments: lies)
    func aListThatLiesIsRefused(lie: String) async throws {
        try await withPath { path in
            let base = try await Self.makeBase(
                in: path.removingLastComponent(), alteredBy: "UPDATE objects SET \(lie)")
            let reader = try await CatalogReader.open(at: base.path)
            let error = await #expect(throws: CatalogError.self) { try await reader.check() }
            #expect(error?.isDamage == true)
            // Who builds on it finds nothing by it, or only what lies where it says.
            let writer = try await CatalogWriter.create(at: path, base: base)
            let found = try await writer.extent(of: .chunk, sha256: Self.hash(1), length: Self.length)
            #expect(found == nil || lie.hasSuffix("',[9,')"))
        }
    }

    @Test func aListThatDoesNotFitIsNotWritten() async throws {
        try await withPath { path in
            let writer = try await CatalogWriter.create(at: path)
            var row = Self.row("large", [(0, 1)], [1])
            row.listed.size = 7
            _ = try await writer.list([row.listed])
            await #expect(throws: CatalogError.self) { try await writer.store([row]) }
        }
    }
}
