// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Catalog
import Foundation
import Holdfast
import ObjectStorage
import TestSupport
import Testing

/// A backup of some keys of a bucket holds those, says so, and is taken for no more.
@Suite struct SelectedBackupTests {
    private static let pictures = KeySelection(includes: ["*.jpg", "*.png"], excludes: ["tmp/*"])
    private static let keys = ["a.jpg", "b.txt", "deep/c.png", "deep/d.jpg.txt", "tmp/e.jpg"]
    private static let wanted = ["a.jpg", "deep/c.png"]

    private static func keepLast() throws -> RetentionPolicy {
        var counts = RetentionPolicy.Counts()
        counts.last = 1
        return try RetentionPolicy(counts)
    }

    private static func fill(_ store: any ObjectStore) async throws {
        for key in keys { try await store.put(key, Array(key.utf8)) }
    }

    private static func backUp(
        _ scene: Scene, _ name: String, _ selection: KeySelection, day: Double = 0, from source: AlteredService? = nil,
        recipients: SealRecipients? = nil, environment: RunEnvironment? = nil,
        _ change: (inout BackupRun.Options) -> Void = { _ in }
    ) async throws -> BackupReport {
        var options = BackupRun.Options(sweep: .never, recipients: recipients)
        options.selection = selection
        change(&options)
        return try await BackupRun(
            bucket: Scene.bucket, name: BackupName(name), source: source ?? AlteredService(scene.source),
            vault: scene.vault, options: options,
            environment: environment ?? scene.environment(scene.services(day: day))
        ).run()
    }

    @Test func itHoldsWhatWasAskedForAndSaysSo() async throws {
        try await Scene.with { scene in
            try await Self.fill(scene.store)
            let report = try await Self.backUp(scene, "first", Self.pictures)
            #expect(report.complete && report.listedCount == 2 && report.storedCount == 2)
            #expect(report.include == ["*.jpg", "*.png"] && report.exclude == ["tmp/*"])
            #expect(try await scene.verify(.contents).isSound)
            let metadata = try #require(try await scene.open().metadata)
            #expect(metadata.include == ["*.jpg", "*.png"] && metadata.exclude == ["tmp/*"])
            #expect(metadata.objectCount == 2)
            let summary = try #require(try await scene.list().backups.first)
            #expect(summary.selection == Self.pictures && summary.complete == true)
            let restored = try await scene.restore()
            #expect(restored.complete)
            #expect(
                restored.warnings == [
                    "The backup holds part of its bucket: keys like *.jpg or *.png, but not like tmp/*."
                ])
            #expect(try await scene.source.store(for: "target").keys() == Self.wanted)
            // One of the whole bucket says nothing of the kind.
            _ = try await Self.backUp(scene, "whole", KeySelection())
            let whole = try #require(try await scene.open("whole").metadata)
            #expect(whole.include == nil && whole.exclude == nil && whole.objectCount == 5)
        }
    }

    /// A store that loses keys from its listing of versions, with a delimiter as well.
    private struct LosingStore: ForwardingStore {
        let base: any ObjectStore
        let lost: Set<ObjectKey>
        let walks = Guarded(0)

        func listVersions(_ query: VersionQuery) async throws -> VersionPage {
            if query.delimiter != nil { walks.with { $0 += 1 } }
            var page = try await base.listVersions(query)
            if query.prefix.isEmpty || query.delimiter != nil {
                page.versions.removeAll { lost.contains($0.info.key) }
            }
            return page
        }
    }

    @Test(arguments: [false, true])
    func versionsAndWhatTheServerLosesOfThemAreSelectedToo(allVersions: Bool) async throws {
        try await Scene.with { scene in
            try await scene.source.setDocument(.versioning, of: Scene.bucket, to: versioningDocument("Enabled"))
            for _ in 1...2 { try await Self.fill(scene.store) }
            _ = try await scene.store.delete([ObjectReference(ObjectKey("a.jpg"))])
            try await scene.store.put("a.jpg", [1])
            func run(_ name: String, losing lost: [String]) async throws -> (BackupReport, walks: Int) {
                let store = LosingStore(base: scene.store, lost: Set(lost.map { ObjectKey($0) }))
                var service = AlteredService(scene.source)
                service.stores[Scene.bucket] = store
                let report = try await Self.backUp(
                    scene, name, Self.pictures, from: service, environment: scene.environment(.live)
                ) {
                    $0.allVersions = allVersions
                    $0.isFull = true
                }
                return (report, store.walks.value)
            }
            for (name, lost) in [
                ("none", []), ("unwanted", ["b.txt", "tmp/e.jpg"]), ("wanted", ["deep/c.png", "b.txt"]),
            ] {
                let (report, walks) = try await run(name, losing: lost)
                #expect(report.complete && report.listedCount == (allVersions ? 6 : 2), "\(name)")
                #expect(report.deleteMarkerCount == (allVersions ? 1 : 0), "\(name)")
                // What is not wanted is not looked for.
                #expect((walks > 0) == (name == "wanted"), "\(name)")
                #expect(report.warnings.contains { $0.contains("deep/c.png") } == (name == "wanted"), "\(name)")
                let history = try await scene.open(name)
                var keys: Set<String> = []
                for try await object in KeyOrder(catalog: history.catalog) { keys.insert("\(ObjectKey(object.key))") }
                #expect(keys == Set(Self.wanted), "\(name)")
            }
        }
    }

    @Test func itBuildsOnlyOnABackupOfTheSameKeys() async throws {
        try await Scene.with { scene in
            try await Self.fill(scene.store)
            #expect(try await Self.backUp(scene, "whole", KeySelection()).dependsOn == [])
            #expect(try await Self.backUp(scene, "part", Self.pictures).dependsOn == [])
            let turned = KeySelection(includes: ["*.png", "*.jpg", "*.png"], excludes: ["tmp/*"])
            let again = try await Self.backUp(scene, "part-2", turned)
            #expect(again.unchangedCount == 2)
            #expect(again.dependsOn.allSatisfy { $0.hasPrefix("part") } && !again.dependsOn.isEmpty)
            #expect(try await Self.backUp(scene, "other", KeySelection(includes: ["*.jpg"])).dependsOn == [])
            let whole = try await Self.backUp(scene, "whole-2", KeySelection())
            #expect(whole.unchangedCount == 5 && whole.dependsOn == ["whole.tar.gz"])
            try await scene.expectListedIsSound()
        }
    }

    @Test func retentionTakesItForNoBackupOfTheWholeBucket() async throws {
        try await Scene.with { scene in
            try await Self.fill(scene.store)
            _ = try await Self.backUp(scene, "whole", KeySelection(), day: 1)
            _ = try await Self.backUp(scene, "part-1", Self.pictures, day: 2)
            _ = try await Self.backUp(scene, "part-2", Self.pictures, day: 3)
            let report = try await scene.prune(Self.keepLast())
            #expect(!report.hasLoss && report.buckets.count == 2)
            #expect(report.buckets.map(\.selection) == [KeySelection(), Self.pictures])
            #expect(try await scene.list().backups.map(\.name) == ["whole", "part-2"])
            try await scene.expectListedIsSound()
        }
    }

    @Test func aLossIsSeenAmongBackupsOfTheSameKeys() async throws {
        try await Scene.with { scene in
            try await Self.fill(scene.store)
            _ = try await Self.backUp(scene, "part-1", Self.pictures, day: 1)
            _ = try await Self.backUp(scene, "whole-1", KeySelection(), day: 1)
            _ = try await scene.store.delete(Self.wanted.map { ObjectReference(ObjectKey($0)) })
            _ = try await Self.backUp(scene, "part-2", Self.pictures, day: 2) { $0.allowEmpty = true }
            _ = try await Self.backUp(scene, "whole-2", KeySelection(), day: 2)
            let policy = try Self.keepLast()
            let report = try await scene.prune(policy)
            #expect(report.buckets.map { $0.loss != nil } == [false, true])
            #expect(try await scene.list().backups.map(\.name) == ["part-1", "part-2", "whole-2"])
            // Accepted for these keys, it is not asked about again.
            let accepted = try await scene.prune(policy, acceptLoss: true)
            #expect(accepted.complete)
            #expect(try await scene.list().backups.map(\.name) == ["part-2", "whole-2"])
        }
    }

    @Test func nothingThatFitsIsNoBackup() async throws {
        try await Scene.with { scene in
            try await Self.fill(scene.store)
            let error = await #expect(throws: HoldfastError.self) {
                try await Self.backUp(scene, "first", KeySelection(includes: ["*.gif"]))
            }
            #expect(error?.message.contains("lists none of what was asked for, keys like *.gif") == true)
            try await scene.expectNothingLeft()
        }
    }

    @Test func aDiffComparesWhatBothWereToHold() async throws {
        try await Scene.with { scene in
            try await Self.fill(scene.store)
            _ = try await Self.backUp(scene, "part", Self.pictures)
            try await scene.store.put("a.jpg", [1, 2])
            try await scene.store.put("new.txt", [1])
            try await scene.store.put("new.png", [1])
            _ = try await Self.backUp(scene, "whole", KeySelection())
            let (part, whole) = (try await scene.open("part"), try await scene.open("whole"))
            var seen: [String] = []
            let same = try await BackupDiff(
                before: part.catalog, after: whole.catalog, comparesAttributes: true,
                selections: [part, whole].compactMap(\.metadata?.selection)
            ).run { seen.append("\($0.kind) \($0.key)") }
            #expect(seen == ["changed a.jpg", "added new.png"] && same == 1)
        }
    }
}
