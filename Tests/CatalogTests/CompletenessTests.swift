// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Catalog
import Foundation
import SystemPackage
import Testing

@Suite struct CompletenessTests {
    @Test func repeatedEntriesAreTold() async throws {
        try await withPath { path in
            let writer = try await CatalogWriter.create(at: path)
            #expect(
                try await writer.list([listed("a"), listed("b"), listed("a"), listed("a", ordinal: 1)])
                    .map(\.isNew) == [true, true, false, true])
            #expect(try await writer.list([listed("b"), listed("c")]).map(\.isNew) == [false, true])
            #expect(try await writer.totals() == CatalogTotals(listed: 4, listedBytes: 20))
        }
    }

    @Test func keysThatDifferInNormalisationAreTwo() async throws {
        try await withPath { path in
            let writer = try await CatalogWriter.create(at: path)
            #expect(try await writer.list([listed("e\u{301}"), listed("\u{E9}")]).map(\.isNew) == [true, true])
        }
    }

    @Test func everyListedRowMustBeAccountedFor() async throws {
        try await withPath { path in
            let writer = try await CatalogWriter.create(at: path)
            _ = try await writer.list([listed("a"), listed("b"), listed("c")])
            try await writer.store([stored(listed("a", size: 7), at: 512)])
            let expected = CatalogError.incomplete(pending: 2, example: "'b', version 0")
            await #expect(throws: expected) { try await writer.finish() }

            let gone = CatalogException(key: Array("b"), ordinal: 0, reason: "vanished", message: "404")
            let denied = CatalogException(
                key: Array("c"), ordinal: 0, versionID: "v", reason: "denied", message: "403")
            try await writer.except([denied, gone])
            let totals = try await writer.finish()
            #expect(totals == CatalogTotals(listed: 3, stored: 1, exceptions: 2, listedBytes: 15, storedBytes: 7))
            #expect(totals.pending == 0)

            let reader = try await CatalogReader.open(at: path)
            #expect(try await reader.totals() == totals)
            #expect(try await reader.objects(limit: 9).map(\.size) == [7])
            #expect(try await reader.exceptions() == [gone, denied])
            #expect(try await reader.exceptions(limit: 1) == [gone])
            try await reader.check()
        }
    }

    @Test func aRefusedCallLeavesNoTrace() async throws {
        try await withPath { path in
            let writer = try await CatalogWriter.create(at: path)
            _ = try await writer.list([listed("a"), listed("b")])
            let unlisted = CatalogError.notPending("'x', version 0")
            await #expect(throws: unlisted) {
                try await writer.store([stored(listed("a"), at: 0), stored(listed("x"), at: 1)])
            }
            #expect(try await writer.totals().pending == 2)

            try await writer.store([stored(listed("a"), at: 0)])
            let twice = CatalogError.notPending("'a', version 0")
            await #expect(throws: twice) { try await writer.store([stored(listed("a"), at: 0)]) }
            await #expect(throws: twice) {
                try await writer.except([CatalogException(key: Array("a"), ordinal: 0, reason: "failed", message: "")])
            }
            await #expect(throws: CatalogError.self) { try await writer.list([listed("c"), listed("d", ordinal: -1)]) }
            #expect(try await writer.missing([Array("c")]) == [Array("c")])

            try await writer.store([stored(listed("b"), at: 5)])
            #expect(try await writer.finish().stored == 2)
            try await CatalogReader.open(at: path).check()
        }
    }

    @Test func theCrossCheckFindsLostKeys() async throws {
        try await withPath { path in
            let writer = try await CatalogWriter.create(at: path)
            _ = try await writer.list([listed("a", ordinal: 1), listed("c")])
            let keys = ["d", "a", "b", "c"].map { Array($0) }
            #expect(try await writer.missing(keys) == [Array("d"), Array("b")])
        }
    }

    @Test func sizesThatNoBucketHoldsDoNotOverflow() async throws {
        try await withPath { path in
            let writer = try await CatalogWriter.create(at: path)
            _ = try await writer.list([listed("a", size: .max), listed("b", size: .max)])
            _ = try await writer.list([listed("c", size: .max)])
            #expect(try await writer.totals().listedBytes == .max)
        }
    }

    private static let unwritable: [String: CatalogObject] = [
        "no key": CatalogObject(listed: listed("")),
        "a long key": CatalogObject(listed: listed([UInt8](repeating: 0x61, count: 65_536))),
        "a negative ordinal": CatalogObject(listed: listed("a", ordinal: -1)),
        "a zero byte": CatalogObject(listed: ListedObject(key: [1], size: 0, etag: "a\u{0}b", lastModified: 0)),
        "the end of time": CatalogObject(listed: ListedObject(key: [1], size: 0, etag: "", lastModified: .max)),
        "a short hash": CatalogObject(listed: listed("a"), sha256: [1, 2, 3]),
        "a negative count": CatalogObject(listed: listed("a"), partCount: -1),
        "an empty name": CatalogObject(listed: listed("a"), member: []),
        "an end that overflows": CatalogObject(listed: listed("a"), extents: [Extent(offset: .max, length: 1)]),
        "a negative archive": CatalogObject(
            listed: listed("a"), extents: [Extent(archive: -1, offset: 0, length: 1)]),
        "large metadata": CatalogObject(
            listed: listed("a"), metadata: [CatalogField(name: "x", value: [UInt8](repeating: 1, count: 200_000))]),
    ]

    @Test(arguments: unwritable.keys.sorted())
    func whatCouldNotBeReadIsNotWritten(_ name: String) async throws {
        let object = try #require(Self.unwritable[name])
        try await withPath { path in
            let writer = try await CatalogWriter.create(at: path)
            await #expect {
                try await writer.add([object])
            } throws: { error in
                if case CatalogError.unacceptable = error { true } else { false }
            }
        }
    }

    /// The largest lists that are written are read back, however badly they encode.
    @Test func theLimitsOfWritingAreWithinThoseOfReading() async throws {
        var object = stored(listed("a"), at: 0)
        object.metadata = [CatalogField(name: "", value: [UInt8](repeating: 1, count: 128 << 10))]
        object.tags = (0..<1_000).map {
            CatalogField(name: "\u{1}\u{2}\($0)", value: [UInt8](repeating: 0xFF, count: 125))
        }
        object.extents = (0..<300_000).map { _ in Extent(archive: Int(Int32.max), offset: .max, length: 0) }
        try await withPath { [object] path in
            try await makeCatalog(at: path, [object])
            #expect(try await CatalogReader.open(at: path).objects(limit: 1) == [object])
        }
    }

    @Test func nothingIsOverwritten() async throws {
        try await withPath { path in
            try Data("precious".utf8).write(to: URL(fileURLWithPath: path.string))
            await #expect(throws: CatalogError.exists(path)) { try await CatalogWriter.create(at: path) }
            #expect(FileManager.default.contents(atPath: path.string) == Data("precious".utf8))
        }
    }

    @Test func oneFileIsLeftAndItIsPrivate() async throws {
        try await withPath { path in
            let writer = try await CatalogWriter.create(at: path)
            _ = try await writer.list([listed("a")])
            let folder = path.removingLastComponent().string
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == ["catalog.db"])
            let mode = try FileManager.default.attributesOfItem(atPath: path.string)[.posixPermissions] as? Int
            #expect(mode == 0o600)
        }
    }

    @Test func aFinishedCatalogTakesNoMore() async throws {
        try await withPath { path in
            let writer = try await CatalogWriter.create(at: path)
            _ = try await writer.finish()
            await #expect(throws: CatalogError.self) { try await writer.list([listed("a")]) }
        }
    }

    @Test(arguments: [
        (["a", "a/b"], [false, true]), (["a/b", "a"], [false, true]),
        (["a", "a-b", "a/b/c", "ab"], [false, false, true, false]),
        (["x/y/z", "x/y", "x/q", "x/y/w"], [false, true, false, true]), (["/a", "a"], [false, false]),
    ])
    func keysThatCannotBothBeFilesAreTold(keys: [String], collide: [Bool]) async throws {
        try await withPath { path in
            let writer = try await CatalogWriter.create(at: path)
            #expect(try await writer.list(keys.map { listed($0) }).map(\.collides) == collide)
        }
        try await withPath { path in
            let writer = try await CatalogWriter.create(at: path)
            var outcomes: [Bool] = []
            for key in keys { outcomes += try await writer.list([listed(key)]).map(\.collides) }
            #expect(outcomes == collide)
        }
    }

    @Test func notesLeaveTheRow() async throws {
        try await withPath { path in
            let writer = try await CatalogWriter.create(at: path)
            try await writer.add([stored(listed("a"), at: 0)])
            _ = try await writer.list([listed("b")])
            let note = CatalogException(key: Array("a".utf8), ordinal: 0, reason: "metadata", message: "tags")
            try await writer.note([note])
            await #expect(throws: CatalogError.self) {
                try await writer.note([CatalogException(key: Array("b".utf8), ordinal: 0, reason: "r", message: "m")])
            }
            try await writer.except([CatalogException(key: Array("b".utf8), ordinal: 0, reason: "r", message: "m")])
            let totals = try await writer.finish()
            #expect(totals.exceptions == 2 && totals.flawed == 1 && totals.stored == 1 && totals.pending == 0)
            let reader = try await CatalogReader.open(at: path)
            #expect(try await reader.object(key: Array("a".utf8)) != nil)
            #expect(try await reader.exceptions().count == 2)
            #expect(try await reader.totals() == totals)
            try await reader.check()
        }
    }

    @Test func aRowCanBeReplaced() async throws {
        try await withPath { path in
            let writer = try await CatalogWriter.create(at: path)
            try await writer.add([stored(listed("a", size: 5), at: 0)])
            try await writer.replace(stored(listed("a", size: 9), at: 512))
            #expect(
                try await writer.stored(key: Array("a".utf8), ordinal: 0)?.extents == [Extent(offset: 512, length: 9)])
            #expect(try await writer.stored(key: Array("b".utf8), ordinal: 0) == nil)
            await #expect(throws: CatalogError.self) { try await writer.replace(stored(listed("b"), at: 0)) }
            #expect(try await writer.finish().storedBytes == 9)
        }
    }
}
