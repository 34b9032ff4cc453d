// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Holdfast
import ObjectStorage
import TestSupport
import Testing

/// A catalog may come from anybody: what it says is believed only as far as the bytes bear it out.
@Suite struct LyingCatalogTests {
    static let lies = [
        "UPDATE objects SET extents = '[[0,999999999999,3]]', position = 999999999999",
        "UPDATE objects SET extents = '[[0,9223372036854775807,3]]', position = 9223372036854775807",
        "UPDATE objects SET extents = '[[0,-5,3]]', position = -5",
        "UPDATE objects SET extents = '[[0,0,3]]', position = 0",
        "UPDATE objects SET extents = '[[7,1024,3]]', archive = 7",
        "UPDATE objects SET extents = '[[0,1024,1],[0,1025,2]]'",
        "UPDATE objects SET extents = '[]'",
        "UPDATE objects SET extents = '[[0'",
        "UPDATE objects SET extents = NULL, archive = NULL, position = NULL",
        "UPDATE objects SET extents = (SELECT extents FROM objects WHERE key = CAST('o01' AS BLOB))",
        "UPDATE objects SET size = 4",
        "UPDATE objects SET size = 2",
        "UPDATE objects SET size = -1",
        "UPDATE objects SET size = 9223372036854775807",
        "UPDATE objects SET size = 4611686018427387904, extents = '[[0,1,4611686018427387904]]'",
        "UPDATE objects SET size = 'three'",
        "UPDATE objects SET sha256 = zeroblob(32)",
        "UPDATE objects SET sha256 = zeroblob(5)",
        "UPDATE objects SET sha256 = 'text'",
        "UPDATE objects SET key = CAST('' AS BLOB) WHERE key = CAST('o01' AS BLOB)",
        "UPDATE objects SET key = CAST(key AS TEXT)",
        "UPDATE objects SET key = zeroblob(70000) WHERE key = CAST('o01' AS BLOB)",
        "UPDATE objects SET ordinal = -1",
        "UPDATE objects SET is_latest = 7",
        "UPDATE objects SET last_modified = 9223372036854775807",
        "UPDATE objects SET etag = zeroblob(9)",
        "UPDATE objects SET headers = '{'",
        "UPDATE objects SET metadata = '[[1,2]]'",
        "UPDATE objects SET tags = '[[\"a\"]]'",
        "DELETE FROM objects WHERE key = CAST('o01' AS BLOB)",
        "UPDATE info SET value = '-5'",
        "UPDATE info SET value = '99999999999999999999'",
        "DELETE FROM info",
        "DROP TABLE objects",
        "DROP TABLE exceptions",
        "DROP TABLE info",
        "PRAGMA application_id = 0",
        "PRAGMA user_version = 2000",
        "ALTER TABLE objects RENAME TO stolen; CREATE VIEW objects AS SELECT * FROM stolen",
    ]

    @Test(arguments: lies)
    func aLieIsFoundAndNothingWrongIsWritten(lie: String) async throws {
        try await Scene.with { scene in
            try await scene.fill(3)
            let truth = try await BucketContents(of: scene.store)
            try await scene.backUp(to: scene.local)
            try await scene.rewriteCatalog(lie)
            for depth in VerifyDepth.allCases {
                let report = try await scene.verify(depth, in: scene.local)
                if depth == .contents { #expect(!report.isSound) }
            }
            #expect(try await scene.list(scene.local).backups.count == 1)
            try await scene.expectHonestRestore(of: truth, into: "target")
            let options = RestoreRun.Options(dryRun: true)
            do {
                _ = try await scene.restore(from: scene.local, into: "dry", options: options)
            } catch is HoldfastError {}
            #expect(try await !scene.source.bucketExists("dry"))
        }
    }

    @Test func aRewrittenCatalogThatTellsTheTruthIsBelieved() async throws {
        try await Scene.with { scene in
            try await scene.fill(3)
            let truth = try await BucketContents(of: scene.store)
            try await scene.backUp(to: scene.local)
            try await scene.rewriteCatalog(
                "UPDATE objects SET member = NULL; ALTER TABLE objects ADD COLUMN later TEXT")
            #expect(try await scene.verify(.contents, in: scene.local).isSound)
            #expect(try await scene.expectHonestRestore(of: truth, into: "target") == 3)
        }
    }
}
