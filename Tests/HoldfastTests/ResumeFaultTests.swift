// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Archive
import Foundation
import NIOCore
import ObjectStorage
import Streams
import SystemPackage
import TestSupport
import Testing

@testable import Holdfast

/// What an interrupted backup rests on may be gone, damaged or a lie: then it is made anew, and says so.
@Suite(.timeLimit(.minutes(5))) struct ResumeFaultTests {
    private func with(_ body: (Scene) async throws -> Void) async throws {
        try await Scene.with { scene in
            var scene = scene
            scene.vaultService = InMemoryStorageService(InMemoryOptions { $0.minimumPartSize = 5 << 20 })
            try await scene.fillWithNoise(150)
            try await body(scene)
        }
    }

    private func bucketVault(_ scene: Scene) -> Vault { Vault(copies: [scene.bucketCopy]) }

    private func partial(_ scene: Scene) -> FilePath { scene.archives.appending(".partial-first.tar.gz") }

    private func upload(_ scene: Scene) async throws -> (store: any ObjectStore, upload: PendingUpload) {
        let store = scene.vaultService.store(for: "backups")
        return (store, try #require(try await store.uploads(prefix: []).first))
    }

    private func journal(_ scene: Scene) throws -> FilePath {
        let name = try #require(scene.interruptedFiles.first { $0.hasSuffix(".db") })
        return scene.root.appending("state").appending("interrupted").appending(name)
    }

    /// The next run makes the backup anew, says why, and leaves nothing of the interrupted one.
    private func expectAnew(
        _ scene: Scene, in vault: Vault, why: String, options: BackupRun.Options = BackupRun.Options(isFull: true),
        sourceLocation: SourceLocation = #_sourceLocation
    ) async throws {
        let counted = TrippingStore(scene.store)
        let report = try await scene.run(from: counted, to: vault, options: options)
        #expect(report.resumed == nil && report.complete && report.degraded.isEmpty, sourceLocation: sourceLocation)
        #expect(counted.read.count == report.storedCount, sourceLocation: sourceLocation)
        #expect(
            report.warnings.contains { $0.contains(why) }, "\(report.warnings)", sourceLocation: sourceLocation)
        #expect(!report.archiveSHA256.isEmpty, sourceLocation: sourceLocation)
        try await scene.expectListedIsSound(in: vault, sourceLocation: sourceLocation)
        try await scene.expectRestoredIsSource(in: vault, sourceLocation: sourceLocation)
        try await scene.expectNoTraces(sourceLocation: sourceLocation)
    }

    @Test func thePartialFileIsGone() async throws {
        try await with { scene in
            try await scene.interrupt(to: scene.local, at: Scene.noiseKey(140))
            try FileManager.default.removeItem(atPath: partial(scene).string)
            try await expectAnew(scene, in: scene.local, why: "is gone")
        }
    }

    @Test func thePartialFileIsShorter() async throws {
        try await with { scene in
            try await scene.interrupt(to: scene.local, at: Scene.noiseKey(140))
            let file = try SystemPackage.FileDescriptor.open(partial(scene), .readWrite)
            try file.closeAfter { try file.resize(to: 1_000_000) }
            try await expectAnew(scene, in: scene.local, why: "is not as it was left")
        }
    }

    @Test func thePartialFileIsDamaged() async throws {
        try await with { scene in
            try await scene.interrupt(to: scene.local, at: Scene.noiseKey(140))
            let file = try SystemPackage.FileDescriptor.open(partial(scene), .readWrite)
            _ = try file.closeAfter { try file.writeAll(toAbsoluteOffset: 500_000, [UInt8(1), 2, 3]) }
            try await expectAnew(scene, in: scene.local, why: "holds other bytes than were written")
        }
    }

    /// Killed between the commit and the removal of the other name, and the backup's name removed by hand then put back
    /// elsewhere: what has two names is never cut short.
    @Test func thePartialFileHasASecondName() async throws {
        try await with { scene in
            try await scene.interrupt(to: scene.local, at: Scene.noiseKey(140))
            let other = scene.root.appending("kept-by-somebody")
            try FileManager.default.linkItem(atPath: partial(scene).string, toPath: other.string)
            let before = try bytes(of: other)
            try await expectAnew(scene, in: scene.local, why: "is not as it was left")
            #expect(try bytes(of: other) == before)
        }
    }

    @Test func theUploadIsGone() async throws {
        try await with { scene in
            let vault = bucketVault(scene)
            try await scene.interrupt(to: vault, at: Scene.noiseKey(140))
            let (store, upload) = try await upload(scene)
            try await store.abortUpload(upload.key, upload.upload)
            try await expectAnew(scene, in: vault, why: "is gone")
        }
    }

    @Test func aPartIsAnother() async throws {
        try await with { scene in
            let vault = bucketVault(scene)
            try await scene.interrupt(to: vault, at: Scene.noiseKey(140))
            let (store, upload) = try await upload(scene)
            _ = try await store.uploadPart(
                upload.key, upload.upload, number: 1, ReplayableBody(ByteBuffer(string: "x")))
            try await expectAnew(scene, in: vault, why: "has other parts than it had")
        }
    }

    /// Parts behind the checkpoint were sent before the run was killed; they are sent again.
    @Test func partsBehindTheCheckpointDoNotMatter() async throws {
        try await with { scene in
            let vault = bucketVault(scene)
            try await scene.interrupt(to: vault, at: Scene.noiseKey(140))
            let (store, upload) = try await upload(scene)
            let count = try await store.parts(of: upload.key, upload.upload).count
            for number in (count + 1)...(count + 3) {
                _ = try await store.uploadPart(
                    upload.key, upload.upload, number: number, ReplayableBody(ByteBuffer(string: "x")))
            }
            #expect(try await scene.run(to: vault).resumed != nil)
            try await scene.expectListedIsSound(in: vault)
            try await scene.expectRestoredIsSource(in: vault)
            try await scene.expectNoTraces()
        }
    }

    /// What one copy lost is filled in from the other; nothing is fetched again for it.
    @Test(arguments: [false, true])
    func oneCopyIsFilledFromTheDirectory(isGone: Bool) async throws {
        try await with { scene in
            try await scene.interrupt(at: Scene.noiseKey(140))
            let (store, upload) = try await upload(scene)
            if isGone {
                try await store.abortUpload(upload.key, upload.upload)
            } else {
                let body = ReplayableBody(ByteBuffer(string: "x"))
                _ = try await store.uploadPart(upload.key, upload.upload, number: 1, body)
            }
            let counted = TrippingStore(scene.store)
            let report = try await scene.run(from: counted)
            #expect(counted.read.count == 150 - (try #require(report.resumed).objectCount))
            #expect(report.degraded.isEmpty && report.copies.count == 2)
            try await scene.expectListedIsSound()
            try await scene.expectRestoredIsSource()
        }
    }

    @Test func theDirectoryIsFilledFromNowhere() async throws {
        try await with { scene in
            try await scene.interrupt(at: Scene.noiseKey(140))
            try FileManager.default.removeItem(atPath: partial(scene).string)
            try await expectAnew(scene, in: scene.vault, why: "is gone")
        }
    }

    @Test(arguments: [0, 100, 4096, 20_000, 70_000])
    func theJournalIsDamaged(at offset: Int) async throws {
        try await with { scene in
            try await scene.interrupt(at: Scene.noiseKey(140))
            let path = try journal(scene)
            let size = try bytes(of: path).count
            let file = try SystemPackage.FileDescriptor.open(path, .readWrite)
            let noise = [UInt8](repeating: 0x5a, count: 3000)
            _ = try file.closeAfter { try file.writeAll(toAbsoluteOffset: Int64(min(offset, size - 3000)), noise) }
            let report = try await scene.run()
            // Damage that SQLite does not see lies in no row, or in one that does not fit the bucket any more.
            #expect(report.complete && report.degraded.isEmpty)
            try await scene.expectListedIsSound()
            try await scene.expectRestoredIsSource()
            try await scene.expectNoTraces()
        }
    }

    @Test(arguments: [0, 1, 5000])
    func theJournalIsCutShort(length: Int64) async throws {
        try await with { scene in
            try await scene.interrupt(at: Scene.noiseKey(140))
            let path = try journal(scene)
            let file = try SystemPackage.FileDescriptor.open(path, .readWrite)
            try file.closeAfter { try file.resize(to: length) }
            try await expectAnew(scene, in: scene.vault, why: "An interrupted backup was given up")
        }
    }

    @Test func otherOptions() async throws {
        try await with { scene in
            try await scene.interrupt(at: Scene.noiseKey(140))
            let options = BackupRun.Options(compression: .dense, isFull: true)
            try await expectAnew(scene, in: scene.vault, why: "begun with other options", options: options)
        }
    }

    @Test func versioningWasSwitchedOn() async throws {
        try await with { scene in
            try await scene.interrupt(at: Scene.noiseKey(140))
            try await scene.source.setDocument(.versioning, of: Scene.bucket, to: VersioningStatus.enabled.document)
            try await expectAnew(scene, in: scene.vault, why: "versioning of the bucket")
        }
    }

    /// A name taken meanwhile is a conflict as ever; what was interrupted is given up.
    @Test func theNameIsTaken() async throws {
        try await with { scene in
            try await scene.interrupt("monday", at: Scene.noiseKey(140))
            let elsewhere = DirectoryCopy(scene.root.appending("elsewhere"))
            try await scene.run("monday", to: Vault(copies: [elsewhere]), checkpoints: CheckpointRule())
            try FileManager.default.moveItem(
                atPath: scene.root.appending("elsewhere/buckets/monday.tar.gz").string,
                toPath: scene.archives.appending("monday.tar.gz").string)
            let report = try await scene.run("tuesday", isNameChosen: false)
            #expect(report.name == "tuesday" && report.resumed == nil)
            #expect(report.warnings.contains { $0.contains("there is a backup of that name by now") })
            #expect(try await scene.expectListedIsSound() == ["monday", "tuesday"])
            try await scene.expectNoTraces()
        }
    }

    /// Python's tarfile writes through hard links: what shares its bytes and changed is not stored a second time.
    @Test func sharedContentsChanged() async throws {
        try await with { scene in
            let first = try await scene.store.get(ObjectKey(Scene.noiseKey(0)), GetOptions()).bytes
                .collect(upTo: 1 << 20)
            try await scene.store.put(Scene.noiseKey(5), Array(first.readableBytesView))
            try await scene.interrupt(at: Scene.noiseKey(140))
            try await scene.store.put(Scene.noiseKey(0), [1])
            try await expectAnew(scene, in: scene.vault, why: "others share the bytes")
        }
    }

    /// Sealed archives are not gone on with: their key is in memory only.
    @Test func sealedBackupsLeaveNothing() async throws {
        try await with { scene in
            let source = TrippingStore(scene.store, at: Scene.noiseKey(140))
            let options = BackupRun.Options(isFull: true, recipients: try .of([TestIdentity()]))
            await expectError(.unreachable) { _ = try await scene.run(from: source, options: options) }
            try await scene.expectNoTraces()
        }
    }

    /// Killed at each request to the vault bucket, and gone on with.
    @Test(arguments: [false, true])
    func atEveryRequestToTheVaultBucket(doesLast: Bool) async throws {
        func copy(_ scene: Scene, _ store: DyingStore) -> BucketCopy {
            var service = AlteredService(scene.vaultService)
            service.stores["backups"] = store
            return BucketCopy(service: service, bucket: "backups")
        }
        let total = Guarded(0)
        try await with { scene in
            let store = DyingStore(scene.vaultService.store(for: "backups"), life: .max)
            _ = try await scene.run(to: Vault(copies: [copy(scene, store)]))
            total.with { $0 = store.count }
        }
        #expect(total.value > 8)
        var resumed = 0
        for life in 0..<total.value {
            try await with { scene in
                let dying = DyingStore(scene.vaultService.store(for: "backups"), life: life, doesLast: doesLast)
                _ = try? await scene.run(to: Vault(copies: [copy(scene, dying)]))
                let vault = bucketVault(scene)
                let listed = try await scene.expectListedIsSound(in: vault)
                // The lock of the dead run must expire first, unless its journal says that it is dead.
                let later = SystemServices { Date().addingTimeInterval(700) }
                let report = try await scene.run(listed.isEmpty ? "first" : "second", to: vault, services: later)
                #expect(report.complete, "after \(life) requests")
                resumed += report.resumed == nil ? 0 : 1
                try await scene.expectListedIsSound(in: vault)
                try await scene.expectRestoredIsSource(report.name, in: vault)
                try await scene.expectNoTraces()
            }
        }
        #expect(resumed > 0)
    }
}
