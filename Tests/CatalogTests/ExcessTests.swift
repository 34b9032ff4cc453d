// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Catalog
import Testing

/// What a server says beyond every limit is told of one object and keeps no other out.
@Suite struct ExcessTests {
    private static let long = String(repeating: "v", count: 5_000)

    @Test func aRowBeyondTheLimitsIsListedAndToldOf() async throws {
        try await withPath { path in
            let writer = try await CatalogWriter.create(at: path)
            var version = listed("version")
            version.versionID = Self.long
            var negative = listed("negative")
            negative.size = -1
            let outcomes = try await writer.list([listed("a"), version, negative, listed("b")])
            #expect(outcomes.map(\.isNew) == [true, true, true, true])
            #expect(
                outcomes.map(\.fault) == [
                    nil, "a version id of 5000 bytes, and a catalog holds at most 4096", "a negative size", nil,
                ])
            #expect(try await writer.totals().listedBytes == 15)

            try await writer.store([stored(listed("a"), at: 0), stored(listed("b"), at: 512)])
            try await writer.except([
                CatalogException(key: version.key, ordinal: 0, versionID: Self.long, reason: "limit", message: "x\0y"),
                CatalogException(key: negative.key, ordinal: 0, reason: "limit", message: "negative"),
            ])
            _ = try await writer.finish()
            let reader = try await CatalogReader.open(at: path)
            #expect(try await reader.objects(limit: 9).map(\.key) == [Array("a".utf8), Array("b".utf8)])
            let exception = try #require(try await reader.exceptions().last)
            #expect(exception.key == version.key)
            #expect(exception.versionID == nil)
            #expect(exception.message == "x\u{FFFD}y")
            try await reader.check()
        }
    }

    @Test func keysTooLongForACatalogStayApart() async throws {
        let keys = ["1", "2"].map { [UInt8](repeating: 0x61, count: 70_000) + Array($0.utf8) }
        try await withPath { path in
            let writer = try await CatalogWriter.create(at: path)
            let outcomes = try await writer.list(keys.map { listed($0) } + [listed(keys[0])])
            #expect(outcomes.map(\.isNew) == [true, true, false])
            #expect(outcomes[0].fault == "a key of 70001 bytes, and a catalog holds 1 to 65535")
            try await writer.except(
                keys.map { CatalogException(key: $0, ordinal: 0, reason: "limit", message: "too long") })
            #expect(try await writer.finish().exceptions == 2)
            let reader = try await CatalogReader.open(at: path)
            let shown = try await reader.exceptions().map(\.key)
            #expect(Set(shown).count == 2)
            #expect(shown.allSatisfy { $0.count < 65_536 && keys[0].starts(with: $0.prefix(60_000)) })
        }
    }

    @Test func aMessageTooLongIsCut() async throws {
        try await withPath { path in
            let writer = try await CatalogWriter.create(at: path)
            _ = try await writer.list([listed("a")])
            let message = String(repeating: "é", count: 1 << 20)
            let exception = CatalogException(key: Array("a".utf8), ordinal: 0, reason: "failed", message: message)
            try await writer.except([exception])
            _ = try await writer.finish()
            let kept = try #require(try await CatalogReader.open(at: path).exceptions().first).message
            #expect(kept.utf8.count <= 1 << 20)
            #expect(kept.hasPrefix("éé") && kept.hasSuffix("…"))
        }
    }

    @Test(arguments: [true, false])
    func twoNotesOnOneObjectAreOneRow(inOneCall: Bool) async throws {
        let notes = [("metadata", "no tags"), ("acl", "no ACL"), ("metadata", "no tags")].map { reason, message in
            CatalogException(key: Array("a".utf8), ordinal: 0, reason: reason, message: message)
        }
        try await withPath { path in
            let writer = try await CatalogWriter.create(at: path)
            try await writer.add([stored(listed("a"), at: 0)])
            if inOneCall {
                try await writer.note(notes)
            } else {
                for note in notes { try await writer.note([note]) }
            }
            let totals = try await writer.finish()
            #expect(totals.exceptions == 1 && totals.flawed == 1 && totals.pending == 0)
            let reader = try await CatalogReader.open(at: path)
            let exception = try #require(try await reader.exceptions().first)
            #expect(exception.reason == "metadata+acl")
            #expect(exception.message == "no tags; no ACL")
            try await reader.check()
        }
    }
}
