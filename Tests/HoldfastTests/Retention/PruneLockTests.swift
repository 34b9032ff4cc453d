// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Holdfast
import NIOCore
import ObjectStorage
import TestSupport
import Testing

/// Prunes beside other prunes and beside backups, on one host or on several.
@Suite struct PruneLockTests {
    private let last = { (count: Int) in try RetentionTests.policy(last: count) }

    @Test(arguments: [0, 1])
    func oneAtATimePrunes(number: Int) async throws {
        try await Scene.with { scene in
            try await scene.fill(2)
            for day in 1...3 { try await scene.backUp("day-\(day)", day: Double(day), isFull: true) }
            let copy = scene.vault.copies[number]
            let now = Date()
            func prune(later seconds: TimeInterval) async throws -> PruneReport {
                try await PruneRun(
                    vault: scene.vault, policies: RetentionPolicies(general: try last(1)), options: PruneRun.Options(),
                    environment: scene.environment(SystemServices { now.addingTimeInterval(seconds) })
                ).run()
            }
            #expect(try await copy.createFile("locks/vault.json", LockTests.lock(name: "the vault", expiresIn: 300)))
            let error = await expectError(.conflict) { _ = try await prune(later: 0) }
            #expect(error?.message.contains("of the vault is under way on elsewhere") == true)
            #expect(error?.hint?.contains("expires") == true)
            // A deletion hides its backup all the same.
            let deletion = try await scene.delete("day-1")
            #expect(deletion.waiting?.contains("elsewhere") == true)
            #expect(try await scene.list().backups.map(\.name) == ["day-2", "day-3"])
            #expect(names(in: scene.archives).count == 3)
            // The clock was set back since the lock was taken, or goes wrong there.
            let wrong = await expectError(.conflict) { _ = try await prune(later: -86_400) }
            #expect(wrong?.message.contains("a clock that differs") == true)
            #expect(wrong?.hint?.contains("locks/vault.json") == true)
            #expect(names(in: scene.archives).count == 3)
            // The host died: its lock ends.
            #expect(try await prune(later: 400).removed.count == 2)
            #expect(names(in: scene.archives) == ["day-3.tar.gz"])
        }
    }

    /// Nobody sees on what a running backup builds: as long as it is at work, archives are hidden and not removed.
    @Test func aBackupUnderWayKeepsWhatItBuildsOn() async throws {
        try await Scene.with { scene in
            try await scene.fill(3)
            try await scene.backUp("base", day: 1, isFull: true)
            try await scene.store.put("o01", Array("changed".utf8))
            let (arrivals, arrived) = AsyncStream<Void>.makeStream()
            let (permissions, permit) = AsyncStream<Void>.makeStream()
            let pause = Fault.Effect.run { _ in
                arrived.yield()
                for await _ in permissions { break }
            }
            let (source, _) = scene.source(.on(.get, key: "o01", call: 1, pause))
            async let running = scene.backUp("built", day: 5, from: source)
            for await _ in arrivals { break }

            // Full, so that nothing that is listed needs the base.
            try await scene.backUp("newest", day: 4, isFull: true)
            let report = try await scene.prune(try last(1), day: 5)
            #expect(report.buckets.first?.decisions.map(\.kept) == [false, true])
            #expect(report.removed.isEmpty)
            #expect(report.waiting.first?.reason?.contains("backup of built is under way") == true)
            permit.yield()
            #expect(try await running.dependsOn == ["base.tar.gz"])

            let after = try await scene.prune(try last(2), day: 6)
            #expect(after.waiting == [WaitingArchive(file: "base.tar.gz", neededBy: ["built"])])
            #expect(try await scene.expectListedIsSound() == ["newest", "built"])
            try await scene.backUp("last", day: 7, isFull: true)
            #expect(try await scene.prune(try last(1), day: 8).removed.count == 3)
            #expect(names(in: scene.archives) == ["last.tar.gz"])
        }
    }

    /// Where somebody is always at work, space becomes free all the same: what was hidden a day before he began goes.
    @Test func whatWasHiddenLongBeforeABackupBeganGoes() async throws {
        try await Scene.with { scene in
            try await scene.fill(2)
            for day in 1...4 { try await scene.backUp("day-\(day)", day: Double(day), isFull: true) }
            let now = Date()
            let marks = [("day-1", -90_000.0), ("day-2", -80_000)]
            for (name, age) in marks {
                let hidden = now.addingTimeInterval(age - 60).ISO8601Format()
                for copy in scene.vault.copies {
                    let mark = ByteBuffer(string: #"{"archive":"\#(name).tar.gz","hidden":"\#(hidden)"}"#)
                    try await copy.replaceFile("hidden/\(name).tar.gz.json", mark)
                }
            }
            // Begun a minute ago, on another host.
            let lock = LockTests.lock(name: "other", expiresIn: 300)
            #expect(try await scene.bucketCopy.createFile("locks/archive-other.json", lock))
            let report = try await PruneRun(
                vault: scene.vault, policies: RetentionPolicies(general: try last(1)), options: PruneRun.Options(),
                environment: scene.environment(SystemServices { now })
            ).run()
            #expect(report.removed.map(\.file) == ["day-1.tar.gz"])
            #expect(report.waiting.map(\.file).sorted() == ["day-2.tar.gz", "day-3.tar.gz"])
            #expect(report.waiting.allSatisfy { $0.reason?.contains("backup of other") == true })
            #expect(try await scene.expectListedIsSound() == ["day-4"])
        }
    }

    /// Another run broke the lock and hid what this one keeps: nothing is removed, and what this one hid shows again.
    @Test func nothingGoesWhenWhatWasToStayIsGone() async throws {
        try await Scene.with { scene in
            try await scene.fill(2)
            for day in 1...3 { try await scene.backUp("day-\(day)", day: Double(day), to: scene.local, isFull: true) }
            let copy = scene.directoryCopy
            let interfering = FaultyCopy(copy, .files) {
                guard scene.vaultFiles("hidden").contains("day-2.tar.gz.json") else { return }
                try await copy.replaceFile("hidden/day-3.tar.gz.json", ByteBuffer())
            }
            let error = await expectError(.conflict) {
                try await scene.prune(try last(1), in: Vault(copies: [interfering]))
            }
            #expect(error?.message.contains("nothing was removed") == true)
            #expect(names(in: scene.archives).count == 3)
            #expect(try await scene.list(scene.local).backups.map(\.name) == ["day-1", "day-2"])
        }
    }

    /// Two hosts that prune by different policies, one that deletes and one that backs up, all at once and again and again.
    @Test(arguments: 1...8 as ClosedRange<UInt64>)
    func allAtOnce(seed: UInt64) async throws {
        try await Scene.with { scene in
            var random = SeededGenerator(seed: seed)
            try await scene.fill(3)
            for day in 1...4 {
                try await scene.store.put("new-\(day)", random.bytes(40))
                try await scene.backUp("day-\(day)", day: Double(day), isFull: day == 3)
            }
            let policies = [try last(1), try last(2)]
            var taken = 0
            for round in 0..<4 {
                // One clock for all: to one that goes ten days ahead every lock is dead.
                let day = 60 + Double(round)
                try await scene.store.put("round-\(round)", random.bytes(40))
                taken += try await withThrowingTaskGroup(of: Int.self) { group in
                    for policy in policies {
                        group.addTask { try await Self.tolerating { try await scene.prune(policy, day: day) } }
                    }
                    group.addTask { try await Self.tolerating { try await scene.delete("day-4", day: day) } }
                    group.addTask {
                        try await Self.tolerating { try await scene.backUp("round-\(round)", day: day) }
                    }
                    return try await group.reduce(0, +)
                }
                let listed = try await scene.expectListedIsSound("round \(round)")
                #expect(!listed.isEmpty)
            }
            // Not all of them stood in each other's way.
            #expect(taken > 4)
            try await scene.prune(try last(1), day: 64)
            let newest = try await scene.expectListedIsSound()
            #expect(newest.count == 1)
            let state = try await BucketContents(of: scene.store)
            try await scene.backUp("final", day: 65)
            try await scene.restore("final", into: "back")
            #expect(state.differences(from: try await BucketContents(of: scene.source.store(for: "back"))) == [])
            #expect(scene.vaultFiles("locks").isEmpty)
        }
    }

    /// Whether it was done; somebody else's being at work, or quicker, is no failure.
    private static func tolerating(_ body: () async throws -> some Any) async throws -> Int {
        do {
            _ = try await body()
            return 1
        } catch let error as HoldfastError where error.code == .conflict || error.code == .notFound {
            return 0
        }
    }

    /// Wherever it ends, every listed backup is whole, one good one is there, and the next prune does the rest.
    @Test(arguments: [false, true])
    func killedAtEveryRequest(doesLast: Bool) async throws {
        var life = 0
        var isDone = false
        while !isDone {
            try await Scene.with { scene in
                let whole = Vault(copies: [scene.bucketCopy])
                try await scene.fill(2)
                try await scene.backUp("a-full", day: 1, to: whole, isFull: true)
                try await scene.backUp("a-more", day: 2, to: whole)
                try await scene.backUp("b-full", day: 3, to: whole, isFull: true)
                try await scene.backUp("b-more", day: 4, to: whole)
                try await scene.vaultService.setDocument(.versioning, of: "backups", to: versioningDocument("Enabled"))

                let dying = DyingStore(scene.vaultService.store(for: "backups"), life: life, doesLast: doesLast)
                var service = AlteredService(scene.vaultService)
                service.stores["backups"] = dying
                let report = try? await scene.prune(
                    try last(1), in: Vault(copies: [BucketCopy(service: service, bucket: "backups")]))
                isDone = dying.count <= life
                if isDone { #expect(report?.complete == true) }

                let moment = "after \(life) requests"
                let listed = try await scene.expectListedIsSound(in: whole, moment)
                #expect(listed.last == "b-more", "\(moment)")
                let restored = try await scene.restore("b-more", from: whole)
                #expect(restored.complete && restored.restoredCount == 2, "\(moment)")
                // The lock that this process took must have expired a day ago.
                let again = try await scene.prune(try last(1), day: 102, in: whole)
                #expect(again.complete, "\(moment)")
                #expect(try await scene.expectListedIsSound(in: whole, moment) == ["b-more"])
                let left = try await whole.copies[0].archives().map(\.file.fileName).sorted()
                #expect(left == ["b-full.tar.gz", "b-more.tar.gz"], "\(moment)")
            }
            life += 1
        }
        #expect(life > 30)
    }
}
