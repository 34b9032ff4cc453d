// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Glibc
import Holdfast
import NIOCore
import ObjectStorage
import Streams
import SystemPackage
import TestSupport
import Testing

/// What the policies release goes, and nothing that anybody needs.
@Suite struct PruneTests {
    private func last(_ count: Int, tags: [String] = []) throws -> RetentionPolicy {
        try RetentionTests.policy(last: count, tags: tags)
    }

    /// Two chains, a full backup and an incremental one each.
    private func withChains(_ body: (Scene) async throws -> Void) async throws {
        try await Scene.with { scene in
            try await scene.fill(4)
            try await scene.backUp("a-full", day: 1, isFull: true)
            try await scene.backUp("a-more", day: 2)
            try await scene.store.put("new", Array("new".utf8))
            try await scene.backUp("b-full", day: 3, isFull: true)
            try await scene.backUp("b-more", day: 4)
            try await body(scene)
        }
    }

    @Test func aChainGoesAndTheOtherOnesArchiveStaysHidden() async throws {
        try await withChains { scene in
            let before = try await scene.vault.backups()
            let report = try await scene.prune(try last(1))
            #expect(report.complete)
            #expect(try await scene.expectListedIsSound() == ["b-more"])
            #expect(report.removed.map(\.file).sorted() == ["a-full.tar.gz", "a-more.tar.gz"])
            #expect(report.removed.allSatisfy { $0.copies == scene.vault.copies.map(\.label) })
            #expect(report.waiting == [WaitingArchive(file: "b-full.tar.gz", neededBy: ["b-more"])])
            let gone = before.entries.filter { $0.file.name.rawValue.hasPrefix("a-") }.map(\.size).reduce(0, +)
            #expect(gone > 0)
            #expect(report.freed.map(\.bytes) == [gone, gone])
            #expect(report.freed.map(\.archives) == [2, 2])
            #expect(names(in: scene.archives) == ["b-full.tar.gz", "b-more.tar.gz"])
            #expect(scene.vaultFiles("hidden") == ["b-full.tar.gz.json"])
            #expect(scene.vaultFiles("locks").isEmpty)
            #expect(
                try await scene.vaultService.store(for: "backups").keys() == [
                    "buckets/b-full.tar.gz", "buckets/b-more.tar.gz", "hidden/b-full.tar.gz.json",
                ])

            try await scene.backUp("c", day: 5, isFull: true)
            let next = try await scene.prune(try last(1))
            #expect(next.removed.map(\.file).sorted() == ["b-full.tar.gz", "b-more.tar.gz"])
            #expect(scene.vaultFiles("hidden").isEmpty)
            #expect(try await scene.expectListedIsSound() == ["c"])
        }
    }

    @Test func aDryRunWritesNothing() async throws {
        try await withChains { scene in
            try await scene.vaultService.setDocument(.versioning, of: "backups", to: versioningDocument("Enabled"))
            let report = try await scene.prune(try last(2), dryRun: true)
            #expect(report.isDryRun)
            #expect(report.buckets.first?.decisions.map(\.kept) == [false, false, true, true])
            #expect(try await scene.list().backups.count == 4)
            #expect(names(in: scene.archives).count == 4)
            #expect(scene.vaultFiles("hidden").isEmpty && scene.vaultFiles("locks").isEmpty)
            var rows = 0
            for try await page in versionListing(of: scene.vaultService.store(for: "backups")) {
                rows += page.versions.filter { $0.info.version != .null }.count
            }
            #expect(rows == 0)
        }
    }

    @Test func tagsAreKeptInTheArchive() async throws {
        try await Scene.with { scene in
            try await scene.fill(2)
            try await scene.backUp("old", day: 1, tags: ["audit", "2026"])
            try await scene.backUp("mid", day: 2)
            try await scene.backUp("new", day: 3, isFull: true)
            #expect(try await scene.list().backups.map(\.tags) == [["audit", "2026"], [], []])
            try await scene.prune(try last(1, tags: ["audit"]))
            #expect(try await scene.list().backups.map(\.name) == ["old", "new"])
        }
    }

    @Test func nothingGoesWhileTheSourceLooksLost() async throws {
        try await Scene.with { scene in
            try await scene.fill(9)
            for day in 1...3 { try await scene.backUp("day-\(day)", day: Double(day), isFull: true) }
            for number in 0..<6 { _ = try await scene.store.delete([ObjectReference(ObjectKey("o0\(number)"))]) }
            for day in 4...6 { try await scene.backUp("day-\(day)", day: Double(day), isFull: true) }
            for _ in 0..<2 {
                let report = try await scene.prune(try last(1))
                #expect(!report.complete && report.hasLoss)
                let expected = SourceLoss(before: "day-3", beforeCount: 9, newest: "day-6", newestCount: 3)
                #expect(report.buckets.first?.loss == expected)
                #expect(report.removed.isEmpty)
                #expect(try await scene.list().backups.count == 6)
            }
            #expect(try await scene.prune(try last(4), acceptLoss: true).complete)
            #expect(try await scene.list().backups.map(\.name) == ["day-3", "day-4", "day-5", "day-6"])
            // It is not asked again, on no host, until the next one.
            #expect(try await scene.prune(try last(3)).complete)
            #expect(try await scene.list().backups.count == 3)
            for number in 6..<9 { _ = try await scene.store.delete([ObjectReference(ObjectKey("o0\(number)"))]) }
            try await scene.backUp("empty", day: 7, isFull: true, allowEmpty: true)
            #expect(try await scene.prune(try last(1)).hasLoss)
            #expect(try await scene.list().backups.count == 4)
        }
    }

    @Test func aBucketOfTheSameNameElsewhereIsAnotherOne() async throws {
        try await Scene.with { scene in
            try await scene.fill(2)
            var other = AlteredService(scene.source)
            other.name = "https://elsewhere"
            try await scene.backUp("here", day: 1)
            for day in 2...4 { try await scene.backUp("there-\(day)", day: Double(day), from: other) }
            let report = try await scene.prune(try last(1))
            #expect(report.buckets.map(\.decisions.count) == [3, 1])
            #expect(try await scene.list().backups.map(\.name) == ["here", "there-4"])
        }
    }

    @Test func bucketsWithoutAPolicyAreLeftAlone() async throws {
        try await withChains { scene in
            func run(_ policies: RetentionPolicies, _ buckets: [String] = []) async throws -> PruneReport {
                try await PruneRun(
                    vault: scene.vault, policies: policies, options: PruneRun.Options(buckets: buckets),
                    environment: scene.environment
                ).run()
            }
            let other = RetentionPolicies(byBucket: ["other": try last(1)])
            let report = try await run(other)
            #expect(report.buckets.isEmpty && report.leftAlone.count == 4)
            await expectError(.invalidConfiguration) { _ = try await run(RetentionPolicies()) }
            await expectError(.invalidConfiguration) { _ = try await run(other, [Scene.bucket]) }
            await expectError(.notFound) { _ = try await run(other, ["other"]) }
            #expect(try await scene.list().backups.count == 4)
            let own = RetentionPolicies(general: try last(1), byBucket: [Scene.bucket: try last(3)])
            #expect(try await run(own).buckets.first?.decisions.count { $0.kept } == 3)
        }
    }

    @Test(arguments: [0, 1])
    func aCopyThatCannotBeReadStopsIt(number: Int) async throws {
        try await withChains { scene in
            for step in [FaultyCopy.Step.archives, .files] {
                var copies = scene.vault.copies
                copies[number] = FaultyCopy(copies[number], step)
                await #expect(throws: HoldfastError.self) {
                    try await scene.prune(try last(1), in: Vault(copies: copies))
                }
                #expect(names(in: scene.archives).count == 4)
                let left = try await scene.bucketCopy.archives().count
                #expect(left == 4)
            }
        }
    }

    @Test(arguments: [0, 1])
    func whatACopyDoesNotRemoveIsNamedAndGoesLater(number: Int) async throws {
        try await withChains { scene in
            var copies = scene.vault.copies
            copies[number] = FaultyCopy(copies[number], .remove)
            let report = try await scene.prune(try last(1), in: Vault(copies: copies))
            #expect(!report.complete)
            #expect(Set(report.failed.map(\.label)) == [copies[number].label])
            // What a-more refers to is needed as long as a copy may show it.
            #expect(report.waiting.map(\.file).sorted() == ["a-full.tar.gz", "b-full.tar.gz"])
            #expect(try await scene.expectListedIsSound() == ["b-more"])
            #expect(try await scene.prune(try last(1)).complete)
            #expect(names(in: scene.archives) == ["b-full.tar.gz", "b-more.tar.gz"])
            #expect(try await scene.bucketCopy.archives().count == 2)
        }
    }

    /// An incremental backup whose end is lost does not say what it needs; it is not taken for one that needs nothing.
    @Test func whatADamagedBackupNeedsStays() async throws {
        try await withChains { scene in
            for copy in ["a-more", "b-more"] {
                try scene.alter("\(copy).tar.gz") { $0.removeLast(100) }
                let altered = try bytes(of: scene.archives.appending("\(copy).tar.gz"))
                try await scene.vaultService.store(for: "backups").put("buckets/\(copy).tar.gz", altered)
            }
            let report = try await scene.prune(try last(1))
            #expect(report.leftAlone.map(\.file).sorted() == ["a-more.tar.gz", "b-more.tar.gz"])
            #expect(report.removed.isEmpty)
            #expect(report.waiting.map(\.file) == ["a-full.tar.gz"])
            #expect(names(in: scene.archives).count == 4)
            #expect(try await scene.list().backups.map(\.name).sorted() == ["a-more", "b-full", "b-more"])
        }
    }

    @Test func inABucketWithVersionsNothingStaysBehind() async throws {
        try await Scene.with { scene in
            try await scene.fill(3)
            try await scene.bucketCopy.prepare()
            try await scene.vaultService.setDocument(.versioning, of: "backups", to: versioningDocument("Enabled"))
            let store = scene.vaultService.store(for: "backups")
            for day in 1...4 { try await scene.backUp("day-\(day)", day: Double(day), isFull: true) }
            // As a reseal leaves it: an older version behind the one that shows.
            try await store.put("buckets/day-1.tar.gz", try bytes(of: scene.archives.appending("day-1.tar.gz")))
            // Somebody else's deletion may be a mistake: what is behind its marker is not ours to remove.
            try await store.put("buckets/lost.tar.gz", [1])
            _ = try await store.delete([ObjectReference(ObjectKey("buckets/lost.tar.gz"))])

            let report = try await scene.prune(try last(1))
            #expect(report.complete)
            var rows: [String] = []
            for try await page in versionListing(of: store) {
                rows += page.versions.map { "\($0.info.key)\($0.isDeleteMarker ? " marker" : "")" }
            }
            // The lock on the vault is released after everything else; the next run takes it away.
            #expect(
                rows.filter { !$0.hasPrefix("locks/vault.json") } == [
                    "buckets/day-4.tar.gz", "buckets/lost.tar.gz marker", "buckets/lost.tar.gz",
                ])
            #expect(try await scene.expectListedIsSound() == ["day-4"])
        }
    }

    @Test func aMarkWithoutItsArchiveHidesNoNewBackup() async throws {
        try await Scene.with { scene in
            try await scene.fill(2)
            for copy in scene.vault.copies {
                try await copy.prepare()
                try await copy.replaceFile("hidden/first.tar.gz.json", ByteBuffer())
                try await copy.replaceFile("hidden/other.tar.gz.json", ByteBuffer())
            }
            try await scene.backUp("first", day: 1)
            #expect(try await scene.list().backups.map(\.name) == ["first"])
            #expect(try await scene.prune(try last(1)).complete)
            #expect(scene.vaultFiles("hidden").isEmpty)
            #expect(try await scene.expectListedIsSound() == ["first"])
        }
    }

    @Test func whatDeadRunsLeftIsRemoved() async throws {
        try await Scene.with { scene in
            try await scene.fill(2)
            try await scene.backUp("first", day: 1)
            try write([1], to: scene.archives.appending(".partial-dead.tar.gz"))
            let store = scene.vaultService.store(for: "backups")
            for key in ["buckets/dead.tar.gz", "buckets/living.tar.gz"] {
                let upload = try await store.createUpload(ObjectKey(key), PutOptions())
                _ = try await store.uploadPart(
                    ObjectKey(key), upload, number: 1, ReplayableBody(ByteBuffer(string: "part")))
            }
            let now = Date()
            _ = try await scene.bucketCopy.createFile(
                "locks/archive-living.json", LockTests.lock(name: "living", expiresIn: 100))
            _ = try await scene.bucketCopy.createFile(
                "locks/archive-dead.json", LockTests.lock(name: "dead", expiresIn: -4000))
            let report = try await PruneRun(
                vault: scene.vault, policies: RetentionPolicies(general: try last(1)), options: PruneRun.Options(),
                environment: scene.environment(SystemServices { now })
            ).run()
            #expect(report.leftovers.count == 2)
            #expect(names(in: scene.archives) == ["first.tar.gz"])
            #expect(try await store.uploads(prefix: []).map { "\($0.key)" } == ["buckets/living.tar.gz"])
            #expect(
                try await store.keys() == ["buckets/first.tar.gz", "locks/archive-living.json"])
        }
    }

    /// When a disk is full is when people prune.
    @Test func aFullDiskCanBePruned() async throws {
        try await withTemporaryDirectory { disk in
            guard mount("tmpfs", disk.string, "tmpfs", 0, "size=4m") == 0 else {
                Issue.record("a file system cannot be mounted (errno \(errno)): this test needs root")
                return
            }
            defer { #expect(umount2(disk.string, Int32(MNT_DETACH)) == 0) }
            try await Scene.with { scene in
                let vault = Vault(copies: [DirectoryCopy(disk)])
                var random = SeededGenerator(seed: 4)
                try await scene.store.put("o", random.bytes(1 << 20))
                for day in 1...3 { try await scene.backUp("day-\(day)", day: Double(day), to: vault, isFull: true) }
                let ballast = try FileDescriptor.open(
                    disk.appending("ballast"), .writeOnly, options: [.create], permissions: [.ownerReadWrite])
                let isFull = try ballast.closeAfter { () -> Bool in
                    do {
                        while true { _ = try ballast.writeAll([UInt8](repeating: 0, count: 4096)) }
                    } catch Errno.noSpace {
                        return true
                    }
                }
                #expect(isFull)
                let report = try await scene.prune(try last(1), in: vault)
                #expect(report.complete)
                #expect(names(in: disk.appending("buckets")) == ["day-3.tar.gz"])
                #expect(names(in: disk.appending("hidden")).isEmpty)
            }
        }
    }
}
