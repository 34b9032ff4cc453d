// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Archive
import Foundation
import Holdfast
import NIOCore
import ObjectStorage
import Streams
import SystemPackage
import TestSupport
import Testing

/// What is sealed comes back to whoever has the key, and tells nobody else anything.
@Suite struct SealedBackupTests {
    private let mine = TestIdentity()
    private let yours = TestIdentity()

    @Test(arguments: ArchiveCodec.allCases)
    func awkwardBucketsComeBack(codec: ArchiveCodec) async throws {
        try await Scene.with { scene in
            var bucket = AwkwardBucket(seed: 21)
            try await bucket.fill(scene.store, random: 40, sizes: RoundTripTests.smallSizes + [200_000, 9 << 20])
            let before = try await BucketContents(of: scene.store)
            let report = try await scene.backUp(sealedTo: [mine, yours], codec: codec)
            #expect(report.complete && report.degraded.isEmpty && report.sealedTo == [mine.shortForm, yours.shortForm])
            #expect(report.file == "first.\(codec.fileExtension).age")
            #expect(report.archiveBytes == Int64(try scene.sealedBytes(report.file).count))
            for (number, identity) in [mine, yours].enumerated() {
                let reader = try scene.environment(opening: [TestIdentity(), identity], host: "reader")
                for copy in scene.vault.copies {
                    let target = "target-\(number)-\(copy is DirectoryCopy)"
                    let restored = try await scene.restore(with: reader, from: Vault(copies: [copy]), into: target)
                    #expect(restored.complete && restored.warnings.isEmpty)
                    let after = try await BucketContents(of: scene.source.store(for: target))
                    #expect(before.differences(from: after) == [])
                }
                for depth in VerifyDepth.allCases {
                    let verified = try await scene.verify(depth, with: reader)
                    #expect(verified.isSound && !verified.isUnopened, "\(verified)")
                }
            }
        }
    }

    @Test func nothingOfItLiesInPlainInTheVault() async throws {
        try await Scene.with { scene in
            let marker = "a-key-that-nobody-should-read"
            try await scene.store.put(
                marker, Array(marker.utf8), ObjectAttributes(metadata: [Field("note", marker)]))
            try await scene.backUp(sealedTo: [mine])
            #expect(names(in: scene.archives) == ["first.tar.gz.age"])
            #expect(names(in: scene.root.appending("vault").appending("locks")).isEmpty)
            let store = scene.vaultService.store(for: "backups")
            #expect(try await store.keys() == ["buckets/first.tar.gz.age"])
            let kept = try await store.get(ObjectKey("buckets/first.tar.gz.age"), GetOptions())
            let sealed = try await kept.bytes.collect(upTo: 1 << 20)
            #expect(Array(sealed.readableBytesView) == (try scene.sealedBytes()))
            #expect(sealed.readableBytesView.firstRange(of: Array("nobody-should".utf8)) == nil)
            #expect(kept.info.attributes.metadata.isEmpty && kept.info.attributes.tags.isEmpty)
            #expect(kept.info.attributes.headers == [Field("content-type", "application/octet-stream")])
            // On a host that reads it, neither.
            let reader = try scene.environment(opening: [mine], host: "reader")
            #expect(try await content(marker, of: scene.open(with: reader)) == Array(marker.utf8))
            #expect(names(in: scene.root.appending("reader").appending("cache")).isEmpty)
            #expect(names(in: scene.root.appending("reader").appending("work")).isEmpty)
        }
    }

    /// Cut off at any request, it is there and whole, or not there.
    @Test(arguments: [false, true])
    func aBackupThatIsCutOffIsNeverHalf(doesLast: Bool) async throws {
        var life = 0
        var isDone = false
        while !isDone {
            try await Scene.with { scene in
                try await scene.fill(3)
                let dying = DyingStore(scene.vaultService.store(for: "backups"), life: life, doesLast: doesLast)
                var service = AlteredService(scene.vaultService)
                service.stores["backups"] = dying
                let report = try? await scene.backUp(
                    sealedTo: [mine], in: Vault(copies: [BucketCopy(service: service, bucket: "backups")]))
                isDone = dying.count <= life
                let vault = Vault(copies: [scene.bucketCopy])
                let reader = try scene.environment(opening: [mine], host: "reader")
                let listed = try await vault.backups().entries
                if report != nil { #expect(listed.count == 1, "after \(life) requests") }
                if !listed.isEmpty { #expect(try await scene.verify(.contents, with: reader, in: vault).isSound) }
            }
            life += 1
        }
        #expect(life > 5)
    }

    /// The programs of others: what anybody can do who has the key and no Holdfast.
    @Test func ageAndTarOpenIt() async throws {
        try await Scene.with { scene in
            try await scene.fill(30)
            let report = try await scene.backUp(sealedTo: [yours, mine])
            let key = scene.root.appending("key.txt")
            try write(mine.text.reveal().utf8, to: key)
            let plain = scene.root.appending("plain.tar.gz")
            let archive = scene.archives.appending(report.file).string
            try await Tool(name: "age", directory: scene.root).run("-d", "-i", key.string, "-o", plain.string, archive)
            let listed = try await Tool(name: "tar", directory: scene.root).run("-tzf", plain.string)
            let members = String(decoding: listed, as: UTF8.self).split(separator: "\n").map(String.init)
            #expect(members.count == 33)
            #expect(members.contains("o07") && members.contains(".holdfast/catalog.db"))
        }
    }

    /// The other way round: an archive that tar made and age sealed.
    @Test func whatAgeSealsIsRestored() async throws {
        try await Scene.with { scene in
            let folder = scene.root.appending("files")
            try FileManager.default.createDirectory(atPath: folder.string, withIntermediateDirectories: true)
            try write("hello".utf8, to: folder.appending("greeting.txt"))
            try await scene.directoryCopy.prepare()
            let plain = scene.root.appending("plain.tar.gz")
            try await Tool(name: "tar", directory: folder).run("-czf", plain.string, "./greeting.txt")
            let archive = scene.archives.appending("first.tar.gz.age")
            try await Tool(name: "age", directory: scene.root).run(
                "-r", mine.recipient, "-o", archive.string, plain.string)
            let reader = try scene.environment(opening: [mine])
            try await scene.restore(with: reader, from: scene.local, into: "target")
            #expect(try await scene.source.store(for: "target").text("greeting.txt") == "hello")
            #expect(try await scene.verify(.contents, with: reader, in: scene.local).isSound)
        }
    }

    @Test func aPassphraseSealsAndOpens() async throws {
        try await Scene.with { scene in
            try await scene.fill(3)
            let recipients = try SealRecipients(passphrase: Secret("kupfer lampe zebra vulkan nadel"))
            _ = try await BackupRun(
                bucket: Scene.bucket, name: BackupName("first"), source: scene.source, vault: scene.local,
                options: BackupRun.Options(recipients: recipients), environment: scene.environment
            ).run()
            let reader = try scene.environment(
                opening: [mine], passphrase: "kupfer lampe zebra vulkan nadel", host: "reader")
            #expect(try await content("o01", of: scene.open(with: reader, in: scene.local)) == Array("o01".utf8))
            let wrong = try scene.environment(opening: [], passphrase: "kupfer lampe zebra vulkan nagel", host: "other")
            let error = await expectError(.wrongKey) { _ = try await scene.open(with: wrong, in: scene.local) }
            #expect(error?.message.contains("passphrase is not the one") == true)
            let none = try scene.environment(opening: [mine], host: "other")
            await expectError(.wrongKey) { _ = try await scene.open(with: none, in: scene.local) }
        }
    }

    @Test(arguments: [
        ("", "0 characters"), ("short", "5 characters"), ("aaaaaaaaaaaaaaaaaaaa", "repetitions"),
        ("0123456789012345", "repetitions"), ("passwordpassword", "says little"),
        ("Holdfast-backup-password", "little"),
        ("abcdefghijklmnopqrstuvwxyz", "neighbours"), ("193746028465", "bits"), ("kupferlampe\tzebra", "control"),
        ("Minio-Admin-2024", "little"),
    ])
    func weakPassphrasesAreRefusedWithTheReason(passphrase: String, reason: String) {
        let error = #expect(throws: HoldfastError.self) { try SealRecipients(passphrase: Secret(passphrase)) }
        #expect(error?.code == .invalidConfiguration)
        #expect(error?.message.contains(reason) == true, "\(error?.message ?? "")")
        if !passphrase.isEmpty { #expect(error?.message.contains(passphrase) == false) }
    }

    @Test(arguments: ["kupfer lampe zebra vulkan nadel", "xK9#mP2$vL7q", "übergänge östlich Zürich 7"])
    func strongPassphrasesAreTaken(passphrase: String) throws {
        #expect(try SealRecipients(passphrase: Secret(passphrase)).labels == ["a passphrase"])
    }
}
