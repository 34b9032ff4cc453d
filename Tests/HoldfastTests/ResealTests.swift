// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Holdfast
import NIOCore
import ObjectStorage
import Streams
import SystemPackage
import TestSupport
import Testing

/// A sealed backup gets other recipients, whatever happens meanwhile.
@Suite struct ResealTests {
    private let old = TestIdentity()
    private let new = TestIdentity()

    /// A sealed backup whose archive is longer than the part that is sent with the front.
    private func withBackup(
        _ options: InMemoryOptions = InMemoryOptions(), megabytes: Int = 0, _ body: (Scene) async throws -> Void
    ) async throws {
        try await withTemporaryDirectory { root in
            let scene = Scene(
                root: root, source: InMemoryStorageService(), vaultService: InMemoryStorageService(options))
            try await scene.source.createBucket(Scene.bucket)
            var random = SeededGenerator(seed: 5)
            try await scene.store.put("o", random.bytes(1000))
            for number in 0..<megabytes / 4 { try await scene.store.put("large\(number)", random.bytes(4 << 20)) }
            try await scene.backUp(sealedTo: [old])
            try await body(scene)
        }
    }

    private func payload(_ file: [UInt8]) throws -> ArraySlice<UInt8> {
        file[(try #require(file.firstRange(of: Array("\n--- ".utf8))).upperBound + 44)...]
    }

    private func bucketBytes(_ scene: Scene) async throws -> [UInt8] {
        let store = scene.vaultService.store(for: "backups")
        let body = try await store.get(ObjectKey("buckets/first.tar.gz.age"), GetOptions())
        return Array(try await body.bytes.collect(upTo: 1 << 26).readableBytesView)
    }

    private func opens(_ scene: Scene, _ identity: TestIdentity, _ vault: Vault) async throws -> Bool {
        let reader = try scene.environment(opening: [identity], host: "reader")
        do {
            return try await content("o", of: scene.open(with: reader, in: vault)).count == 1000
        } catch let error as HoldfastError where error.code == .wrongKey {
            return false
        }
    }

    @Test(arguments: [0, 24], [true, false])
    func otherRecipientsReplaceThoseThereWere(megabytes: Int, hasPartCopies: Bool) async throws {
        let options = InMemoryOptions {
            $0.hasPartCopies = hasPartCopies
            $0.minimumPartSize = 5 << 20
        }
        try await withBackup(options, megabytes: megabytes) { scene in
            let before = try payload(scene.sealedBytes())
            let report = try await scene.reseal(to: [new], with: scene.environment(opening: [old]))
            #expect(report.resealed == scene.vault.copies.map(\.label) && report.failed.isEmpty)
            #expect(report.sealedTo == [new.shortForm])
            for copy in scene.vault.copies {
                #expect(try await opens(scene, new, Vault(copies: [copy])))
                #expect(try await !opens(scene, old, Vault(copies: [copy])))
            }
            #expect(try payload(scene.sealedBytes()) == before)
            #expect(try await payload(bucketBytes(scene)) == before)
            #expect(names(in: scene.archives) == ["first.tar.gz.age"])
            #expect(try await scene.vaultService.store(for: "backups").uploads(prefix: []).count == 0)
            let reader = try scene.environment(opening: [new], host: "reader")
            #expect(try await scene.verify(.contents, with: reader).isSound)
            // The host that made it still knows it, and whom it is sealed to.
            #expect(try await scene.verify(.seal, with: scene.environment).isSound)
            #expect(try await scene.list(with: scene.environment).first?.bucket == Scene.bucket)
            #expect(try await scene.open().missingKey?.message.contains(new.shortForm) == true)
        }
    }

    @Test func addedRecipientsComeBesideTheOthers() async throws {
        try await withBackup { scene in
            try await scene.reseal(to: [new], keeping: true, with: scene.environment(opening: [old]))
            for identity in [old, new] { #expect(try await opens(scene, identity, scene.vault)) }
            let message = try #require(try await scene.open().missingKey?.message)
            #expect(message.contains(old.shortForm) && message.contains(new.shortForm))
        }
    }

    @Test func whoCannotOpenItCannotResealIt() async throws {
        try await withBackup { scene in
            let before = try scene.sealedBytes()
            await expectError(.wrongKey) {
                try await scene.reseal(to: [new], with: scene.environment(opening: [new], host: "elsewhere"))
            }
            await expectError(.wrongKey) { try await scene.reseal(to: [new], with: scene.environment) }
            #expect(try scene.sealedBytes() == before)
        }
    }

    @Test func anUnsealedBackupIsRefused() async throws {
        try await Scene.with { scene in
            try await scene.fill(1)
            try await scene.backUp()
            await expectError(.invalidConfiguration) {
                try await scene.reseal(to: [new], with: scene.environment(opening: [old]))
            }
        }
    }

    @Test func aDamagedCopyIsLeftAlone() async throws {
        try await withBackup { scene in
            let whole = try scene.sealedBytes()
            try scene.alter("first.tar.gz.age") { $0.removeLast(10) }
            let report = try await scene.reseal(to: [new], with: scene.environment(opening: [old]))
            #expect(report.resealed == [scene.bucketCopy.label])
            #expect(report.failed.map(\.label) == [scene.directoryCopy.label])
            #expect(try scene.sealedBytes() == whole.dropLast(10))
        }
    }

    /// Cut off at every request to the vault bucket, the copy opens as before or as it was meant to, and resealing again
    /// brings it there.
    @Test(arguments: [0, 12], [false, true])
    func atEveryRequestTheCopyIsWhole(megabytes: Int, doesLast: Bool) async throws {
        var life = 0
        var isDone = false
        while !isDone {
            try await withBackup(megabytes: megabytes) { scene in
                let dying = DyingStore(scene.vaultService.store(for: "backups"), life: life, doesLast: doesLast)
                var service = AlteredService(scene.vaultService)
                service.stores["backups"] = dying
                let cut = Vault(copies: [BucketCopy(service: service, bucket: "backups")])
                let environment = try scene.environment(opening: [old, new])
                let report = try? await scene.reseal(to: [new], with: environment, in: cut)
                isDone = dying.count <= life
                if isDone { #expect(report?.failed.isEmpty == true) }

                let vault = Vault(copies: [scene.bucketCopy])
                let opensOld = try await opens(scene, old, vault)
                let opensNew = try await opens(scene, new, vault)
                #expect(opensOld != opensNew, "after \(life) requests")

                let later = SystemServices { Date().addingTimeInterval(700) }
                let again = try scene.environment(opening: [old, new], services: later)
                #expect(try await scene.reseal(to: [new], with: again, in: vault).failed.isEmpty)
                #expect(try await opens(scene, new, vault))
                #expect(try await !opens(scene, old, vault))
            }
            life += 1
        }
        #expect(life > 8)
    }

    /// What a kill leaves in a directory: the file beside the archive, which the next backup removes.
    @Test func whatAKillLeavesInADirectory() async throws {
        try await withBackup { scene in
            let whole = try scene.sealedBytes()
            try write(whole.prefix(500), to: scene.archives.appending(".partial-first.tar.gz.age"))
            #expect(try await opens(scene, old, scene.local))
            try await scene.reseal(to: [new], with: scene.environment(opening: [old]), in: scene.local)
            #expect(names(in: scene.archives) == ["first.tar.gz.age"])
            #expect(try await opens(scene, new, scene.local))
            try write(whole.prefix(500), to: scene.archives.appending(".partial-first.tar.gz.age"))
            try await scene.backUp("second", sealedTo: [new])
            #expect(names(in: scene.archives) == ["first.tar.gz.age", "second.tar.gz.age"])
        }
    }
}
