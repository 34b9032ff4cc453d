// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Crypto
import Holdfast
import NIOCore
import ObjectStorage
import SystemPackage
import TestSupport
import Testing

/// The vault's copies are the same, and one that fails takes none of the others with it.
@Suite struct CopiesTests {
    /// Enough for several frames, and for a multipart upload.
    private func fill(_ scene: Scene) async throws {
        var random = SeededGenerator(seed: 3)
        for number in 0..<4 { try await scene.store.put("o\(number)", random.bytes(3 << 20)) }
    }

    private func archive(_ file: String, in bucket: BucketCopy) async throws -> ByteBuffer {
        let store = bucket.service.store(for: bucket.bucket)
        let body = try await store.get(ObjectKey("buckets/" + file), GetOptions())
        return try await body.bytes.collect(upTo: 1 << 26)
    }

    @Test func bothCopiesHoldTheSameBytes() async throws {
        try await Scene.with { scene in
            try await fill(scene)
            let report = try await scene.backUp()
            #expect(report.copies == scene.vault.copies.map(\.label))
            #expect(report.degraded.isEmpty)
            let local = try bytes(of: scene.archives.appending(report.file))
            #expect(try await archive(report.file, in: scene.bucketCopy) == ByteBuffer(bytes: local))
            #expect(report.archiveBytes == Int64(local.count))
            #expect(Hex.text(SHA256.hash(data: local)) == report.archiveSHA256)
            #expect(names(in: scene.archives) == [report.file])
            #expect(names(in: scene.root.appending("vault").appending("locks")).isEmpty)
        }
    }

    @Test(
        arguments: [.prepare, .begin, .write(1), .write(3), .write(9), .commit] as [FaultyCopy.Step], [0, 1])
    func oneCopyThatFailsLeavesTheOtherGood(step: FaultyCopy.Step, failing: Int) async throws {
        try await Scene.with { scene in
            try await fill(scene)
            var copies = scene.vault.copies
            let label = copies[failing].label
            copies[failing] = FaultyCopy(copies[failing], step)
            let report = try await scene.backUp(to: Vault(copies: copies))
            #expect(report.complete)
            #expect(report.copies == [copies[1 - failing].label])
            #expect(report.degraded.map(\.label) == [label])
            #expect(report.degraded.first?.problem.contains("lunch") == true)

            #expect(try await scene.verify(.contents, in: Vault(copies: [copies[1 - failing]])).isSound)
            let summary = try #require(try await scene.list().backups.first)
            #expect(summary.missingCopies == [label])
            let whole = try await scene.verify(.structure)
            #expect(!whole.isSound)
            #expect(whole.missing.map(\.label) == [label])
            if failing == 0 {
                #expect(names(in: scene.archives).isEmpty)
            } else if try await scene.vaultService.bucketExists("backups") {
                let store = scene.vaultService.store(for: "backups")
                #expect(try await store.keys().count == 0)
                #expect(try await store.uploads(prefix: []).count == 0)
            }
        }
    }

    @Test(arguments: [.prepare, .begin, .write(1), .write(3), .commit] as [FaultyCopy.Step])
    func whenAllCopiesFailThereIsNoBackup(step: FaultyCopy.Step) async throws {
        try await Scene.with { scene in
            try await fill(scene)
            let vault = Vault(copies: scene.vault.copies.map { FaultyCopy($0, step) })
            let error = await expectError(.failed) { try await scene.backUp(to: vault) }
            #expect(error?.message.contains("lunch") == true)
            try await scene.expectNothingLeft()
            #expect(try await scene.backUp().complete)
        }
    }

    @Test func aServerThatMakesAnotherObjectOfTheUploadIsNotBelieved() async throws {
        try await Scene.with { scene in
            try await fill(scene)
            try await scene.vaultService.createBucket("backups")
            let lie = Fault.on(.head, key: "buckets/first.tar.gz", calls: 2...Int.max, .claim(size: 17))
            var service = AlteredService(scene.vaultService)
            service.stores["backups"] = FaultyObjectStore(scene.vaultService.store(for: "backups"), [lie])
            let report = try await scene.backUp(
                to: Vault(copies: [scene.directoryCopy, BucketCopy(service: service, bucket: "backups")]))
            #expect(report.copies == [scene.directoryCopy.label])
            #expect(report.degraded.first?.problem.contains("17 bytes") == true)
            #expect(try await scene.vaultService.store(for: "backups").keys().count == 0)
        }
    }

    @Test func aDirectoryThatCannotBeMadeIsNamed() async throws {
        try await Scene.with { scene in
            try await scene.fill(2)
            try write([1], to: scene.root.appending("file"))
            let impossible = DirectoryCopy(scene.root.appending("file").appending("vault"))
            let report = try await scene.backUp(to: Vault(copies: [impossible, scene.bucketCopy]))
            #expect(report.degraded.map(\.label) == [impossible.label])
            await expectError(.unreachable) { try await scene.backUp("second", to: Vault(copies: [impossible])) }
        }
    }

    @Test func aVaultOnTheSourcesServerIsAWarning() async throws {
        try await Scene.with { scene in
            try await scene.fill(2)
            let same = BucketCopy(service: scene.source, bucket: "backups")
            let alone = try await scene.backUp("alone", to: Vault(copies: [same]))
            #expect(alone.warnings.contains { $0.contains("same server") && $0.contains("only kind of copy") })
            let both = try await scene.backUp("both", to: Vault(copies: [scene.directoryCopy, same]))
            #expect(both.warnings.contains { $0.contains("same server") && !$0.contains("only kind of copy") })
            var elsewhere = AlteredService(scene.vaultService)
            elsewhere.name = "https://elsewhere"
            let far = try await scene.backUp(
                "far", to: Vault(copies: [BucketCopy(service: elsewhere, bucket: "backups")]))
            #expect(far.warnings.isEmpty)
        }
    }

    @Test func aServerWithoutConditionalWritesWillDo() async throws {
        try await Scene.with { scene in
            try await fill(scene)
            let plain = InMemoryStorageService(InMemoryOptions { $0.hasConditionalWrites = false })
            let vault = Vault(copies: [BucketCopy(service: plain, bucket: "backups")])
            #expect(try await scene.backUp(to: vault).complete)
            #expect(try await scene.verify(.contents, in: vault).isSound)
            await expectError(.conflict) { try await scene.backUp(to: vault) }
            #expect(try await plain.store(for: "backups").keys() == ["buckets/first.tar.gz"])
        }
    }
}
