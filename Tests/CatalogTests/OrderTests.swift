// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Catalog
import Testing

@Suite struct OrderTests {
    private static let keys: [[UInt8]] = [
        [0x00], [0x61], [0x61, 0x00], [0x61, 0x2F], [0x61, 0x2F, 0x62], [0x61, 0xFF], [0x61, 0xFF, 0xFF], [0x62],
        [0xC3, 0xA9], [0xFF], [0xFF, 0xFF],
    ]

    @Test func keysComeInByteOrderHoweverTheyWereListed() async throws {
        try await withPath { path in
            let objects = Self.keys.enumerated().map { stored(listed($1), at: Int64($0)) }
            try await makeCatalog(at: path, objects.reversed())
            let reader = try await CatalogReader.open(at: path)
            #expect(try await reader.objects(limit: .max).map(\.key) == Self.keys)
            #expect(try await reader.objects(limit: 0).isEmpty)
            #expect(try await reader.objects(limit: -1).isEmpty)
        }
    }

    @Test(
        arguments: [[], [0x61], [0x61, 0x2F], [0x61, 0xFF], [0xFF], [0xFF, 0xFF], [0x7A], [0xFF, 0xFF, 0xFF]]
            as [[UInt8]])
    func aPrefixIsPagedByKey(_ prefix: [UInt8]) async throws {
        try await withPath { path in
            let objects = Self.keys.flatMap { key in
                (0..<3).map { stored(listed(key, ordinal: $0), at: Int64($0)) }
            }
            try await makeCatalog(at: path, objects)
            let reader = try await CatalogReader.open(at: path)
            var seen: [[UInt8]] = []
            var ordinals: [Int] = []
            var after: (key: [UInt8], ordinal: Int)?
            while true {
                let page = try await reader.objects(prefix: prefix, after: after, limit: 2)
                seen += page.map(\.key)
                ordinals += page.map(\.ordinal)
                guard page.count == 2, let last = page.last else { break }
                after = (last.key, last.ordinal)
            }
            let expected = Self.keys.filter { $0.starts(with: prefix) }
            #expect(seen == expected.flatMap { [$0, $0, $0] })
            #expect(ordinals == expected.flatMap { _ in [0, 1, 2] })
        }
    }

    @Test func aMarkerBeforeThePrefixIsNoHarm() async throws {
        try await withPath { path in
            try await makeCatalog(at: path, Self.keys.map { stored(listed($0), at: 0) })
            let reader = try await CatalogReader.open(at: path)
            let page = try await reader.objects(prefix: [0x62], after: ([0x61], 0), limit: 9)
            #expect(page.map(\.key) == [[0x62]])
            #expect(try await reader.objects(prefix: [0x62], after: ([0x63], 0), limit: 9).isEmpty)
        }
    }

    @Test func thePositionOrderIsPagedThroughSharedOffsets() async throws {
        try await withPath { path in
            // Offsets 0, 0, 0, 0, 512, 512, … : duplicates and empty objects share the place of another.
            let objects = (0..<40).map { index in
                let size: Int64 = index % 2 == 0 ? 0 : 3
                return stored(listed("k\(39 - index)", size: size), at: Int64(index / 4) * 512)
            }
            let elsewhere = stored(listed("other"), at: 100, archive: 1)
            let writer = try await CatalogWriter.create(at: path)
            #expect(try await writer.archive("earlier") == 1)
            try await writer.add(objects + [elsewhere])
            _ = try await writer.finish()

            let reader = try await CatalogReader.open(at: path)
            try await reader.check()
            var seen: [CatalogObject] = []
            while true {
                let page = try await reader.objectsByPosition(after: seen.last?.position, limit: 3)
                seen += page
                if page.count < 3 { break }
            }
            #expect(Set(seen) == Set(objects))
            #expect(seen.count == objects.count)
            #expect(seen.map { $0.extents[0].offset } == seen.map { $0.extents[0].offset }.sorted())
            #expect(try await reader.objectsByPosition(archive: 1, limit: 9) == [elsewhere])
        }
    }

    @Test func theCurrentVersionIsTheLatest() async throws {
        try await withPath { path in
            var marker = listed("gone")
            marker.isDeleteMarker = true
            try await makeCatalog(
                at: path,
                [
                    stored(listed("a", ordinal: 0, isLatest: false), at: 0),
                    stored(listed("a", ordinal: 1, isLatest: true), at: 1),
                    CatalogObject(listed: marker), stored(listed("gone", ordinal: 1), at: 2),
                ])
            let reader = try await CatalogReader.open(at: path)
            #expect(try await reader.object(key: Array("a"))?.ordinal == 1)
            #expect(try await reader.object(key: Array("gone")) == nil)
            #expect(try await reader.object(key: Array("b")) == nil)
        }
    }
}
