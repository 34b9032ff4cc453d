// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Archive
import Foundation
import Holdfast
import NIOCore
import ObjectStorage
import SystemPackage
import TestSupport
import Testing

/// Backups are listed, found and removed by name, whatever a copy of the vault does.
@Suite struct VaultListingTests {
    @Test func anEmptyVaultHasNoBackups() async throws {
        try await Scene.with { scene in
            let listing = try await scene.list()
            #expect(listing.backups.isEmpty)
            #expect(listing.unreachable.isEmpty)
            #expect(names(in: scene.root).isEmpty)
            await expectError(.notFound) { _ = try await scene.vault.find("first") }
        }
    }

    @Test func aBackupIsListedWithWhatItSaysOfItself() async throws {
        try await Scene.with { scene in
            try await scene.fill(3)
            let report = try await scene.backUp()
            let summary = try #require(try await scene.list().backups.first)
            #expect(summary.name == "first")
            #expect(summary.file == "first.tar.gz")
            #expect(summary.bucket == Scene.bucket)
            #expect(summary.objectCount == 3)
            #expect(summary.totalBytes == 9)
            #expect(summary.archiveBytes == report.archiveBytes)
            #expect(summary.complete == true)
            #expect(summary.exceptionCount == 0)
            #expect(summary.copies == report.copies)
            #expect(summary.missingCopies.isEmpty)
            #expect(summary.problem == nil)
        }
    }

    @Test func strangersAreNotListed() async throws {
        try await Scene.with { scene in
            try await scene.fill(1)
            try await scene.backUp()
            try write([1], to: scene.archives.appending("notes.txt"))
            try write([1], to: scene.archives.appending(".partial-x.tar.gz"))
            try FileManager.default.createDirectory(
                atPath: scene.archives.appending("folder.tar.gz").string, withIntermediateDirectories: false)
            try FileManager.default.createSymbolicLink(
                atPath: scene.archives.appending("link.tar.gz").string,
                withDestinationPath: scene.archives.appending("first.tar.gz").string)
            let store = scene.vaultService.store(for: "backups")
            for key in ["buckets/deep/x.tar.gz", "buckets/x", "buckets/", "x.tar.gz", "buckets/a b.tar.gz"] {
                try await store.put(key, [1])
            }
            #expect(try await scene.list().backups.map(\.file) == ["first.tar.gz"])
        }
    }

    @Test(arguments: ["first", "first.tar.gz"])
    func backupsAreFoundWithAndWithoutTheirExtension(text: String) async throws {
        try await Scene.with { scene in
            try await scene.fill(1)
            try await scene.backUp()
            #expect(try await scene.vault.find(text).file.fileName == "first.tar.gz")
            for other in ["firs", "first.tar", "first.tar.gz.x", "first.tar.zst"] {
                await expectError(.notFound) { _ = try await scene.vault.find(other) }
            }
            await expectError(.invalidConfiguration) { _ = try await scene.vault.find("../first") }
        }
    }

    @Test func aNameOfTwoArchivesNeedsItsExtension() async throws {
        try await Scene.with { scene in
            try await scene.fill(1)
            try await scene.backUp()
            try FileManager.default.copyItem(
                atPath: scene.archives.appending("first.tar.gz").string,
                toPath: scene.archives.appending("first.tar.zst").string)
            let error = await expectError(.conflict) { _ = try await scene.vault.find("first") }
            #expect(error?.message.contains("first.tar.zst") == true)
            #expect(try await scene.vault.find("first.tar.zst").file.codec == .zstd)
        }
    }

    @Test func aCopyThatCannotBeListedIsNamed() async throws {
        try await Scene.with { scene in
            try await scene.fill(1)
            try await scene.backUp()
            for number in [0, 1] {
                var copies = scene.vault.copies
                copies[number] = FaultyCopy(copies[number], .archives)
                let listing = try await scene.list(Vault(copies: copies))
                #expect(listing.backups.map(\.name) == ["first"])
                #expect(listing.backups.first?.missingCopies == [])
                #expect(listing.unreachable.map(\.label) == [copies[number].label])
                let error = await expectError(.notFound) { _ = try await Vault(copies: copies).find("second") }
                #expect(error?.message.contains(copies[number].label) == true)
            }
            let broken = Vault(copies: scene.vault.copies.map { FaultyCopy($0, .archives) })
            await expectError(.unreachable) { _ = try await scene.list(broken) }
            await expectError(.unreachable) { try await scene.backUp("second", to: broken) }
        }
    }

    @Test func aBackupIsRemovedFromEveryCopy() async throws {
        try await Scene.with { scene in
            try await scene.fill(1)
            let report = try await scene.backUp()
            try await scene.backUp("second")
            _ = try await scene.open()
            let deleted = try await DeleteRun(
                entry: try await scene.vault.find("first"), vault: scene.vault, environment: scene.environment
            ).run()
            #expect(deleted.deleted == report.copies)
            #expect(deleted.failed.isEmpty)
            #expect(names(in: scene.archives) == ["second.tar.gz"])
            #expect(try await scene.vaultService.store(for: "backups").keys() == ["buckets/second.tar.gz"])
            #expect(names(in: scene.root.appending("state").appending("cache")).isEmpty)
            await expectError(.notFound) { _ = try await scene.vault.find("first") }
            #expect(try await scene.backUp().complete)
        }
    }

    @Test func aCopyThatKeepsADeletedBackupIsNamed() async throws {
        try await Scene.with { scene in
            try await scene.fill(1)
            try await scene.backUp()
            let vault = Vault(copies: [scene.directoryCopy, FaultyCopy(scene.bucketCopy, .remove)])
            let deleted = try await DeleteRun(
                entry: try await vault.find("first"), vault: vault, environment: scene.environment
            ).run()
            #expect(deleted.deleted == [scene.directoryCopy.label])
            #expect(deleted.failed.map(\.label) == [scene.bucketCopy.label])
            #expect(try await scene.list().backups.map(\.copies) == [[scene.bucketCopy.label]])
        }
    }

    @Test func aBackupUnderWayIsNotDeleted() async throws {
        try await Scene.with { scene in
            try await scene.fill(1)
            try await scene.backUp()
            let lock = LockTests.lock(expiresIn: 100)
            #expect(try await scene.bucketCopy.createFile("locks/archive-first.json", lock))
            let entry = try await scene.vault.find("first")
            await expectError(.conflict) {
                _ = try await DeleteRun(entry: entry, vault: scene.vault, environment: scene.environment).run()
            }
            #expect(try await scene.list().backups.count == 1)
        }
    }

    @Test func theOlderBackupComesFirst() async throws {
        try await Scene.with { scene in
            try await scene.fill(1)
            for (index, name) in ["z", "m", "a"].enumerated() {
                let time = Date(timeIntervalSince1970: 1_700_000_000 + Double(index) * 60)
                _ = try await BackupRun(
                    bucket: Scene.bucket, name: BackupName(name), source: scene.source, vault: scene.vault,
                    options: BackupRun.Options(), environment: scene.environment(SystemServices { time })
                ).run()
            }
            #expect(try await scene.list().backups.map(\.name) == ["z", "m", "a"])
        }
    }
}
