// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Archive
import Catalog
import Foundation
import Holdfast
import NIOCore
import ObjectStorage
import SystemPackage
import TestSupport
import Testing

/// A stranger follows the kit with `tar`, `age` and `python3`, and has the objects.
@Suite struct KitTests {
    private func kit(
        _ scene: Scene, _ folder: String = "kit", recipients: [String] = [], with environment: RunEnvironment? = nil
    ) async throws -> KitReport {
        try await KitRun(
            directory: scene.root.appending(folder), vault: scene.vault, source: scene.source.name,
            recipients: recipients, environment: environment ?? scene.environment
        ).run()
    }

    /// Does what the page says under a backup's name, in a new directory, with a shell.
    private func follow(_ scene: Scene, _ name: String, identity: TestIdentity? = nil) async throws -> FilePath {
        let page = String(decoding: try bytes(of: scene.root.appending("kit/README.md")), as: UTF8.self)
        let section = try #require(page.components(separatedBy: "## \(name)\n").last)
        let commands = try #require(
            section.components(separatedBy: "```sh\n").dropFirst().first?.components(separatedBy: "```").first)
        let work = scene.root.appending("stranger-\(name)")
        try FileManager.default.createDirectory(atPath: work.string, withIntermediateDirectories: true)
        for file in ["recover.py", "SHA256SUMS"] {
            try FileManager.default.copyItem(
                atPath: scene.root.appending("kit").appending(file).string, toPath: work.appending(file).string)
        }
        if let identity { try write(Array(identity.text.reveal().utf8), to: work.appending("identity.txt")) }
        try write(Array(commands.utf8), to: work.appending("commands"))
        try await Tool(name: "sh", directory: work).run("-eu", "commands")
        return work.appending(name)
    }

    private func expect(_ folder: FilePath, holds truth: BucketContents, of backup: OpenedBackup) async throws {
        for (key, seen) in truth.objects {
            let member = try #require(try await backup.object(key.bytes).member)
            let found = try? bytes(of: folder.appending(String(decoding: member, as: UTF8.self)))
            let content = try found ?? bytes(of: folder.appending("key-" + Hex.text(key.bytes)))
            #expect(ByteBuffer(bytes: content) == seen.bytes, "\(key) has other bytes")
        }
    }

    @Test(arguments: ArchiveCodec.allCases)
    func aStrangerBringsBackPlainBackups(codec: ArchiveCodec) async throws {
        try await Scene.with { scene in
            var bucket = AwkwardBucket(seed: 6)
            try await bucket.fill(scene.store, random: 20, sizes: [0, 1, 600, 2 << 20])
            try await scene.backUp("full", codec: codec, isFull: false)
            let before = try await BucketContents(of: scene.store)
            try await scene.store.put("added/later", Array("later".utf8))
            let report = try await scene.backUp("incremental", codec: codec, isFull: false)
            #expect(report.dependsOn.count == 1)
            let made = try await kit(scene)
            #expect(made.contents.backups.map(\.name) == ["incremental", "full"])
            #expect(made.contents.archives.allSatisfy { $0.sha256 != nil })
            try await expect(try await follow(scene, "full"), holds: before, of: try await scene.open("full"))
            try await expect(
                try await follow(scene, "incremental"), holds: try await BucketContents(of: scene.store),
                of: try await scene.open("incremental"))
        }
    }

    @Test func aStrangerWithAnIdentityBringsBackSealedBackups() async throws {
        try await Scene.with { scene in
            let mine = TestIdentity()
            try await scene.fill(12)
            try await scene.backUp("sealed", sealedTo: [mine])
            try await scene.store.put("added", Array("later".utf8))
            let report = try await scene.backUp("sealed-2", sealedTo: [mine], isFull: false)
            #expect(report.dependsOn == ["sealed.tar.gz.age"])
            let made = try await kit(scene, recipients: [mine.recipient])
            #expect(made.contents.archives.allSatisfy { $0.sealedTo == [mine.recipient] })
            let opened = try await scene.open("sealed-2", with: scene.environment(opening: [mine]))
            try await expect(
                try await follow(scene, "sealed-2", identity: mine), holds: try await BucketContents(of: scene.store),
                of: opened)
        }
    }

    @Test func itHoldsNoSecrets() async throws {
        try await Scene.with { scene in
            let mine = TestIdentity()
            try await scene.fill(2)
            try await scene.backUp("sealed", sealedTo: [mine])
            _ = try await kit(scene, recipients: [mine.recipient], with: scene.environment(opening: [mine]))
            let secret = try #require(
                mine.text.reveal().split(separator: "\n").first { $0.hasPrefix("AGE-SECRET-KEY-") })
            for name in names(in: scene.root.appending("kit")) {
                let text = String(decoding: try bytes(of: scene.root.appending("kit").appending(name)), as: UTF8.self)
                #expect(!text.contains(secret), "\(name)")
            }
        }
    }

    @Test func onlyTheNewestAreListedAndTheRestCounted() async throws {
        try await Scene.with { scene in
            try await scene.fill(1)
            for number in 1...5 { try await scene.backUp("b\(number)") }
            let contents = try await kit(scene).contents
            #expect(contents.backups.count == 3 && contents.olderCount == 2)
            #expect(contents.archives.count == 3)
        }
    }

    @Test func whatIsNoKitIsNotTouched() async throws {
        try await Scene.with { scene in
            try await scene.fill(1)
            try await scene.backUp()
            let folder = scene.root.appending("mine")
            try FileManager.default.createDirectory(atPath: folder.string, withIntermediateDirectories: true)
            try write([1], to: folder.appending("README.md"))
            await expectError(.conflict) { _ = try await kit(scene, "mine") }
            #expect(try bytes(of: folder.appending("README.md")) == [1])
            // An older kit is written over, one with a stranger's file in it is not.
            _ = try await kit(scene)
            try write([1], to: scene.root.appending("kit/README.md.partial"))
            _ = try await kit(scene)
            #expect(
                names(in: scene.root.appending("kit")).sorted() == [
                    "README.md", "SHA256SUMS", "backups.json", "recover.py",
                ])
            try write([1], to: scene.root.appending("kit/notes.txt"))
            await expectError(.conflict) { _ = try await kit(scene) }
        }
    }

    @Test func theProgramIsThatOfTheManual() throws {
        let root = FilePath(#filePath).removingLastComponent().removingLastComponent().removingLastComponent()
        let page = String(
            decoding: try bytes(of: root.appending("Documentation").appending("recover-by-hand.md")), as: UTF8.self)
        let program = page.components(separatedBy: "```python\n").last?.components(separatedBy: "```").first
        #expect(KitRun.program == program)
    }
}
