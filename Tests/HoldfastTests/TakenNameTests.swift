// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Archive
import Holdfast
import NIOCore
import ObjectStorage
import Streams
import SystemPackage
import TestSupport
import Testing

/// A name belongs to one backup: a second one is refused and the first is not touched.
@Suite struct TakenNameTests {
    @Test(arguments: ArchiveCodec.allCases, ArchiveCodec.allCases)
    func aNameInAnyCopyIsTakenWhateverTheCodec(first: ArchiveCodec, second: ArchiveCodec) async throws {
        for taken in [0, 1] {
            try await Scene.with { scene in
                try await scene.fill(3)
                let holder = Vault(copies: [scene.vault.copies[taken]])
                let report = try await scene.backUp(to: holder, codec: first)
                let before = try await contents(of: holder, report.file)
                try await scene.store.put("more", [1])
                let error = await expectError(.conflict) { try await scene.backUp(codec: second) }
                #expect(error?.message.contains(scene.vault.copies[taken].label) == true)
                #expect(try await contents(of: holder, report.file) == before)
                #expect(try await scene.list().backups.map(\.file) == [report.file])
                #expect(try await scene.list().backups.map(\.copies) == [[scene.vault.copies[taken].label]])
            }
        }
    }

    private func contents(of vault: Vault, _ name: String) async throws -> ByteBuffer {
        let bytes = try await vault.open(try await vault.find(name)).bytes
        return try await bytes.read(0..<bytes.size)
    }

    @Test func aNameThatIsTakenMeanwhileInTheDirectoryStaysAsItIs() async throws {
        try await Scene.with { scene in
            try await scene.fill(3)
            let target = scene.archives.appending("first.tar.gz")
            let copy = FaultyCopy(scene.directoryCopy, .commit) { try write([1, 2, 3], to: target) }
            let report = try await scene.backUp(to: Vault(copies: [copy, scene.bucketCopy]))
            #expect(report.copies == [scene.bucketCopy.label])
            #expect(report.degraded.map(\.label) == [scene.directoryCopy.label])
            #expect(try bytes(of: target) == [1, 2, 3])
            #expect(names(in: scene.archives) == ["first.tar.gz"])
        }
    }

    @Test(arguments: [100, 9 << 20])
    func aNameThatIsTakenMeanwhileInTheBucketStaysAsItIs(size: Int) async throws {
        try await Scene.with { scene in
            var random = SeededGenerator(seed: 5)
            try await scene.store.put("x", random.bytes(size))
            let store = scene.vaultService.store(for: "backups")
            let copy = FaultyCopy(scene.bucketCopy, .commit) { try await store.put("buckets/first.tar.gz", [1, 2, 3]) }
            await expectError(.conflict) { try await scene.backUp(to: Vault(copies: [copy])) }
            #expect(try await store.text("buckets/first.tar.gz") == "\u{1}\u{2}\u{3}")
            #expect(try await store.keys() == ["buckets/first.tar.gz"])
            #expect(try await store.uploads(prefix: []).count == 0)
        }
    }
}
