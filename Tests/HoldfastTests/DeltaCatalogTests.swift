// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Catalog
import Foundation
import Holdfast
import ObjectStorage
import SystemPackage
import TestSupport
import Testing

/// Backups whose catalog says only what changed: as good as any, as long as what they build on is there.
@Suite struct DeltaCatalogTests {
    private static func chain(_ scene: Scene) async throws {
        try await scene.fill(10)
        for name in ["first", "second", "third"] {
            let report = try await scene.backUp(name, isFull: false, sweep: .never, deltas: true)
            #expect(report.deltaRows == (name == "first" ? nil : 1))
            try await scene.store.put("changed", Array(name.utf8))
        }
    }

    @Test func anArchiveIsKeptForTheSakeOfItsCatalog() async throws {
        try await Scene.with { scene in
            try await scene.store.put("a", [1])
            try await scene.backUp("first", isFull: false, deltas: true)
            try await scene.store.put("a", [2])
            let second = try await scene.backUp("second", isFull: false, deltas: true)
            #expect(second.unchangedCount == 0 && second.deltaRows == 1)
            #expect(second.dependsOn == ["first.tar.gz"])
            _ = try await scene.delete("first")
            #expect(try await scene.vault.backups().hidden.map(\.file.fileName) == ["first.tar.gz"])
            try scene.forgetState()
            #expect(try await scene.expectListedIsSound() == ["second"])
            try await scene.restore("second")
            #expect(try await scene.source.store(for: "target").keys() == ["a"])
            // A whole one needs nobody.
            let full = try await scene.backUp("third", isFull: true, deltas: true)
            #expect(full.deltaRows == nil && full.dependsOn == [])
        }
    }

    @Test func withoutWhatItBuildsOnItIsNotOpenedWithLess() async throws {
        try await Scene.with { scene in
            try await Self.chain(scene)
            for copy in scene.vault.copies {
                #expect(try await copy.remove(try #require(ArchiveFile(fileName: "second.tar.gz"))))
            }
            // Whoever knows the whole catalog needs no other.
            #expect(try await scene.open("third").catalog.totals().stored == 11)
            try scene.forgetState()
            let error = await #expect(throws: HoldfastError.self) { try await scene.open("third") }
            #expect(error?.code == .corrupt)
            #expect(error?.message.contains("only what changed since second.tar.gz") == true, "\(error?.message ?? "")")
            let verified = try await scene.verify(.structure, "third")
            #expect(!verified.isSound)
            // The next backup builds on nothing that is broken.
            let next = try await scene.backUp("fourth", isFull: false, deltas: true)
            #expect(next.complete && !next.dependsOn.contains("second.tar.gz"))
            #expect(try await scene.verify(.contents, "fourth").isSound)
        }
    }

    /// A copy of what it builds on is damaged: the other one is read.
    @Test func theCatalogsItBuildsOnAreReadFromAnyCopy() async throws {
        try await Scene.with { scene in
            try await Self.chain(scene)
            let path = scene.archives.appending("first.tar.gz")
            var content = try bytes(of: path)
            for place in stride(from: 0, to: content.count - 2000, by: 50) { content[place] ^= 0x55 }
            try FileManager.default.removeItem(atPath: path.string)
            try write(content, to: path)
            try scene.forgetState()
            #expect(try await scene.open("third").catalog.totals().stored == 11)
        }
    }
}
