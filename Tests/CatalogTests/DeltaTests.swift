// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Catalog
import SystemPackage
import Testing

/// Catalogs that say only what changed.
@Suite struct DeltaTests {
    private static func everything() -> CatalogDelta.Limits {
        var limits = CatalogDelta.Limits()
        limits.wholeRows = 0
        limits.part = 1
        return limits
    }

    private static let keys = (0..<20).map { "key/\($0)" }

    /// A chain on disk: each catalog whole, and what stands in its archive.
    private struct Chain {
        let folder: FilePath
        var bases: [CatalogBase] = []
        var parts: [CatalogBase] = []

        /// The next backup: `changed` keys are stored in its archive, the others taken over.
        mutating func add(
            _ keys: [String], changed: Set<String>, limits: CatalogDelta.Limits = DeltaTests.everything(),
            folded: [String] = []
        ) async throws -> CatalogDelta? {
            let number = bases.count
            let path = folder.appending("whole-\(number)")
            let writer = try await CatalogWriter.create(at: path, base: bases.last)
            for (place, key) in keys.enumerated() {
                let row = listed(key, size: changed.contains(key) ? Int64(100 + number) : size(of: key))
                let outcome = try await writer.list([row])
                sizes[key] = row.size
                guard !outcome[0].isUnchanged else { continue }
                var object = stored(row, at: Int64(place * 1000))
                object.sha256 = [UInt8](repeating: 7, count: 32)
                try await writer.store([object])
            }
            _ = try await writer.referredArchives()
            try await writer.set(CatalogDelta.idFact, "id \(number)")
            _ = try await writer.finish()
            let base = CatalogBase(path: path, archive: "archive-\(number)")
            var delta: CatalogDelta?
            let target = folder.appending("delta-\(number)")
            if let earlier = bases.last {
                delta = try await CatalogDelta.write(
                    of: path, since: earlier, without: folded, to: target, limits: limits)
            }
            if delta == nil { parts = [] }
            parts.append(CatalogBase(path: delta == nil ? path : target, archive: base.archive))
            bases.append(base)
            return delta
        }

        private var sizes: [String: Int64] = [:]
        private func size(of key: String) -> Int64 { sizes[key] ?? 5 }

        init(folder: FilePath) { self.folder = folder }
    }

    private func rows(_ path: FilePath) async throws -> [CatalogObject] {
        try await CatalogReader.open(at: path).objects(limit: 1000)
    }

    @Test func aChainGivesTheWholeCatalogAgain() async throws {
        try await withPath { path in
            var chain = Chain(folder: path.removingLastComponent())
            #expect(try await chain.add(Self.keys, changed: []) == nil)
            let first = try #require(try await chain.add(Self.keys + ["new"], changed: ["key/3", "key/4"]))
            #expect(first.rowCount == 3)
            #expect(first.chain == ["archive-0"])
            let second = try #require(
                try await chain.add(Self.keys.filter { $0 != "key/7" } + ["new"], changed: ["key/3", "key/5"]))
            #expect(second.rowCount == 3)
            #expect(second.chain == ["archive-0", "archive-1"])
            let third = try #require(try await chain.add(Self.keys, changed: ["key/9"]))
            #expect(third.chain.count == 3)
            for count in 1...4 {
                let target = path.removingLastComponent().appending("merged-\(count)")
                try await CatalogMerge.merge(Array(chain.parts.prefix(count)), to: target)
                #expect(try await rows(target) == rows(chain.bases[count - 1].path))
                let (merged, whole) = (
                    try await CatalogReader.open(at: target),
                    try await CatalogReader.open(at: chain.bases[count - 1].path)
                )
                try await merged.check()
                #expect(try await merged.totals() == whole.totals())
                #expect(try await merged.info() == whole.info())
                #expect(try await merged.archives().map(\.name) == whole.archives().map(\.name))
            }
            for part in chain.parts { try await CatalogReader.check(part.path) }
        }
    }

    @Test func whatDoesNotPayIsWhole() async throws {
        try await withPath { path in
            var chain = Chain(folder: path.removingLastComponent())
            _ = try await chain.add(Self.keys, changed: [])
            var limits = Self.everything()
            limits.wholeRows = 20
            #expect(try await chain.add(Self.keys, changed: ["key/1"], limits: limits) == nil)
            limits = Self.everything()
            limits.part = 4
            // A quarter of 20 rows is 5, in all deltas together.
            #expect(try await chain.add(Self.keys, changed: Set(Self.keys.prefix(3)), limits: limits) != nil)
            #expect(try await chain.add(Self.keys, changed: Set(Self.keys.prefix(2)), limits: limits) != nil)
            #expect(try await chain.add(Self.keys, changed: ["key/1"], limits: limits) == nil)
            limits = Self.everything()
            limits.chainLength = 2
            #expect(try await chain.add(Self.keys, changed: ["key/1"], limits: limits) != nil)
            #expect(try await chain.add(Self.keys, changed: ["key/1"], limits: limits) != nil)
            #expect(try await chain.add(Self.keys, changed: ["key/1"], limits: limits) == nil)
            // It would keep an archive that is to go.
            #expect(try await chain.add(Self.keys, changed: ["key/1"], folded: ["archive-7"]) == nil)
            #expect(try await chain.add(Self.keys, changed: ["key/1"], folded: ["archive-1"]) != nil)
        }
    }

    @Test func whatDoesNotFitTogetherIsRefused() async throws {
        try await withPath { path in
            var chain = Chain(folder: path.removingLastComponent())
            _ = try await chain.add(Self.keys, changed: [])
            _ = try await chain.add(Self.keys, changed: ["key/1"])
            _ = try await chain.add(Self.keys, changed: ["key/2"])
            let target = path.removingLastComponent().appending("merged")
            var stranger = chain.parts[0]
            stranger.path = path
            try await makeCatalog(at: path, Self.keys.map { stored(listed($0), at: 0) })
            for parts in [
                [chain.parts[0], chain.parts[2]], [chain.parts[1]], [chain.parts[1], chain.parts[2]],
                [stranger, chain.parts[1]], [chain.parts[0], chain.bases[1]],
            ] {
                let error = await #expect(throws: CatalogError.self) { try await CatalogMerge.merge(parts, to: target) }
                #expect(error?.isDamage == true)
            }
            // Nor is a delta taken for a whole catalog.
            await #expect(throws: CatalogError.self) { try await CatalogReader.open(at: chain.parts[1].path) }
            // A row of an archive that is no longer named, and one too many.
            for change in ["DELETE FROM archives", "DELETE FROM objects"] {
                try sqlite(chain.parts[1].path, change)
                await #expect(throws: CatalogError.self) {
                    try await CatalogMerge.merge(Array(chain.parts.prefix(2)), to: target)
                }
            }
        }
    }
}
