// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Catalog
import Foundation
import Holdfast
import NIOCore
import ObjectStorage
import SystemPackage
import TestSupport
import Testing

/// Objects of equal bytes: stored once, and each as it was.
@Suite(.timeLimit(.minutes(2))) struct SharedContentTests {
    private static func fill(_ scene: Scene) async throws {
        var random = SeededGenerator(seed: 1)
        let content = random.bytes(100_000)
        let plain = ObjectAttributes(headers: [Field("content-type", "text/plain")])
        try await scene.store.put("first", content, plain)
        for key in ["second", "folder/third", "zz//odd"] { try await scene.store.put(key, content, plain) }
        var tagged = plain
        tagged.tags = [ObjectStorage.Tag("colour", "red")]
        try await scene.store.put("tagged", content, tagged)
        // One file can have only one description: this one is stored for itself.
        try await scene.store.put("typed", content, ObjectAttributes(headers: [Field("content-type", "text/html")]))
        for key in ["small/1", "small/2"] { try await scene.store.put(key, [1, 2, 3], plain) }
        try await scene.store.put("zero", [], plain)
    }

    @Test func equalBytesAreStoredOnce() async throws {
        try await Scene.with { scene in
            try await Self.fill(scene)
            let report = try await scene.backUp()
            #expect(report.complete)
            #expect(report.storedCount == 9)
            #expect(report.sharedCount == 4)
            #expect(report.sharedBytes == 400_000)
            #expect(report.archiveBytes < 250_000)
            #expect(try await scene.verify(.contents).isSound)
            try await scene.restore()
            let contents = try await BucketContents(of: scene.store)
            #expect(contents.differences(from: try await BucketContents(of: scene.source.store(for: "target"))) == [])

            // What builds on it refers to the same bytes.
            try await scene.store.put("new", [9])
            let second = try await scene.backUp("second", isFull: false, sweep: .never)
            #expect(second.unchangedCount == 9)
            #expect(try await scene.verify(.contents, "second").isSound)
            try await scene.restore("second", into: "again")
            let later = try await BucketContents(of: scene.store)
            #expect(later.differences(from: try await BucketContents(of: scene.source.store(for: "again"))) == [])
        }
    }

    @Test func tarBringsEveryLinkBack() async throws {
        try await Scene.with { scene in
            try await Self.fill(scene)
            let report = try await scene.backUp()
            let folder = scene.root.appending("out")
            try FileManager.default.createDirectory(atPath: folder.string, withIntermediateDirectories: true)
            try await Tool(name: "tar", directory: folder).run(
                "--extract", "--file", scene.archives.appending(report.file).string)
            let first = try bytes(of: folder.appending("first"))
            #expect(first.count == 100_000)
            for key in ["second", "folder/third", "tagged", "typed"] {
                #expect(try bytes(of: folder.appending(key)) == first)
            }
        }
    }

    /// Without its catalog an archive still says what each link is.
    @Test func anArchiveWithoutItsEndHasEveryObject() async throws {
        try await Scene.with { scene in
            try await Self.fill(scene)
            try await scene.backUp()
            try scene.alter { $0.removeLast(200) }
            let contents = try await BucketContents(of: scene.store)
            #expect(try await scene.expectHonestRestore(of: contents, into: "target") == 9)
        }
    }

    /// The program of the page reads shared bytes once and writes them for each object.
    @Test func recoveryByHandWritesSharedBytes() async throws {
        try await Scene.with { scene in
            try await Self.fill(scene)
            let report = try await scene.backUp()
            let folder = try await scene.recoverByHand(report.file)
            let first = try bytes(of: folder.appending("first"))
            for key in ["second", "folder/third", "tagged", "typed"] {
                #expect(try bytes(of: folder.appending(key)) == first)
            }
            #expect(try bytes(of: folder.appending("small/2")) == [1, 2, 3])
        }
    }
}
