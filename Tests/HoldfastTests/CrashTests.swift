// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Holdfast
import NIOCore
import ObjectStorage
import SystemPackage
import TestSupport
import Testing

/// Wherever a run ends, no listing shows half a backup, and the next run of the name succeeds.
@Suite struct CrashTests {
    /// A source whose archive takes two parts.
    private func withSource(_ body: (Scene) async throws -> Void) async throws {
        try await Scene.with { scene in
            var random = SeededGenerator(seed: 9)
            for number in 0..<3 { try await scene.store.put("o\(number)", random.bytes(3 << 20)) }
            try await body(scene)
        }
    }

    private func copy(_ scene: Scene, _ store: DyingStore) -> BucketCopy {
        var service = AlteredService(scene.vaultService)
        service.stores["backups"] = store
        return BucketCopy(service: service, bucket: "backups")
    }

    /// Requests to the vault bucket in a backup that goes well.
    private func requestsOfABackup() async throws -> Int {
        let count = Guarded(0)
        try await withSource { scene in
            let store = DyingStore(scene.vaultService.store(for: "backups"), life: .max)
            let report = try await scene.backUp(to: Vault(copies: [copy(scene, store)]))
            #expect(report.complete)
            count.with { $0 = store.count }
        }
        return count.value
    }

    @Test(arguments: [false, true])
    func atEveryRequestToTheVaultBucket(doesLast: Bool) async throws {
        let total = try await requestsOfABackup()
        #expect(total > 8)
        for life in 0..<total {
            try await withSource { scene in
                let dying = DyingStore(scene.vaultService.store(for: "backups"), life: life, doesLast: doesLast)
                let report = try? await scene.backUp(to: Vault(copies: [copy(scene, dying)]))

                let vault = Vault(copies: [scene.bucketCopy])
                let listed = try await scene.list(vault).backups
                #expect(listed.allSatisfy { $0.complete == true && $0.problem == nil }, "after \(life) requests")
                for summary in listed { #expect(try await scene.verify(.contents, summary.name, in: vault).isSound) }
                if report != nil { #expect(listed.count == 1, "after \(life) requests") }

                // The lock of the dead run, which this process took, must expire first.
                let later = SystemServices { Date().addingTimeInterval(700) }
                let again = BackupRun(
                    bucket: Scene.bucket, name: try BackupName("first"), source: scene.source, vault: vault,
                    options: BackupRun.Options(), environment: scene.environment(later))
                if listed.isEmpty {
                    #expect(try await again.run().complete, "after \(life) requests")
                } else {
                    await expectError(.conflict) { _ = try await again.run() }
                    _ = try await BackupRun(
                        bucket: Scene.bucket, name: try BackupName("second"), source: scene.source, vault: vault,
                        options: BackupRun.Options(), environment: scene.environment(later)
                    ).run()
                }
                #expect(try await scene.vaultService.store(for: "backups").uploads(prefix: []).count == 0)
            }
        }
    }

    @Test func atEveryRequestTheOtherCopyIsGood() async throws {
        let total = try await requestsOfABackup()
        for life in 0..<total {
            try await withSource { scene in
                let dying = DyingStore(scene.vaultService.store(for: "backups"), life: life, doesLast: true)
                let report = try await scene.backUp(to: Vault(copies: [scene.directoryCopy, copy(scene, dying)]))
                #expect(report.complete)
                #expect(report.copies.contains(scene.directoryCopy.label))
                #expect(try await scene.verify(.contents, in: scene.local).isSound)
            }
        }
    }

    /// What a kill leaves in a directory, step by step (format, order of writes).
    @Test func whatAKillLeavesInADirectory() async throws {
        try await withSource { scene in
            try await scene.backUp("whole", to: scene.local)
            let whole = try bytes(of: scene.archives.appending("whole.tar.gz"))
            let partial = scene.archives.appending(".partial-first.tar.gz")
            for length in [0, 1, whole.count / 2, whole.count] {
                // Killed while the frames were written, or before the file had its name.
                try write(whole[..<length], to: partial)
                #expect(try await scene.list(scene.local).backups.map(\.name) == ["whole"])
                try await scene.backUp(to: scene.local)
                #expect(names(in: scene.archives) == ["first.tar.gz", "whole.tar.gz"])
                #expect(try await scene.verify(.contents, in: scene.local).isSound)
                try FileManager.default.removeItem(atPath: scene.archives.appending("first.tar.gz").string)
            }
            // Killed when the file had its name, before the other name was gone.
            try write(whole, to: partial)
            try FileManager.default.linkItem(
                atPath: partial.string, toPath: scene.archives.appending("first.tar.gz").string)
            #expect(try await scene.list(scene.local).backups.map(\.name).sorted() == ["first", "whole"])
            await expectError(.conflict) { try await scene.backUp(to: scene.local) }
            try await scene.backUp("second", to: scene.local)
            #expect(names(in: scene.archives) == ["first.tar.gz", "second.tar.gz", "whole.tar.gz"])
            #expect(try await scene.verify(.contents, in: scene.local).isSound)
        }
    }
}
