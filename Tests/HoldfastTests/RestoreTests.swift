// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Holdfast
import NIOCore
import ObjectStorage
import TestSupport
import Testing

/// A restore writes what it was asked to, and says what it did not.
@Suite struct RestoreTests {
    /// A backup of `o00` to `o04`, and a target that has some of them: `o01` the same, `o02` older, `o03` newer.
    private func withTarget(_ body: (Scene, any ObjectStore) async throws -> Void) async throws {
        let clock = Guarded(Date(timeIntervalSince1970: 1_700_000_000))
        try await Scene.with(InMemoryOptions { $0.now = { clock.value } }) { scene in
            try await scene.fill(5)
            try await scene.backUp()
            try await scene.source.createBucket("target")
            let target = scene.source.store(for: "target")
            try await target.put("o01", Array("o01".utf8))
            clock.with { $0 = $0.addingTimeInterval(-1000) }
            try await target.put("o02", Array("older".utf8))
            clock.with { $0 = $0.addingTimeInterval(2000) }
            try await target.put("o03", Array("newer".utf8))
            try await target.put("else", [1])
            try await body(scene, target)
        }
    }

    struct Case: Sendable, CustomTestStringConvertible {
        let policy: OverwritePolicy
        let skipped: [String]
        let overwritten: Int
        var testDescription: String { policy.rawValue }
    }

    static let cases = [
        Case(policy: .never, skipped: ["o01", "o02", "o03"], overwritten: 0),
        Case(policy: .changed, skipped: ["o01"], overwritten: 2),
        Case(policy: .newer, skipped: ["o01", "o03"], overwritten: 1),
        Case(policy: .always, skipped: [], overwritten: 3),
    ]

    @Test(arguments: cases, [false, true])
    func existingObjectsAreTreatedAsAsked(expected: Case, dryRun: Bool) async throws {
        try await withTarget { scene, target in
            let before = try await BucketContents(of: target)
            let options = RestoreRun.Options(overwrite: expected.policy, dryRun: dryRun)
            let report = try await scene.restore(options: options)
            #expect(report.dryRun == dryRun)
            #expect(report.selectedCount == 5)
            #expect(report.skipped == expected.skipped)
            #expect(report.skippedCount == expected.skipped.count)
            #expect(report.restoredCount == 5 - expected.skipped.count)
            #expect(report.restoredBytes == Int64(3 * report.restoredCount))
            #expect(report.overwrittenCount == expected.overwritten)
            #expect(report.complete)
            #expect(!report.bucketCreated)
            let after = try await BucketContents(of: target)
            guard !dryRun else {
                #expect(after.differences(from: before) == [])
                return
            }
            #expect(try await target.text("else") == "\u{1}")
            for key in ["o00", "o01", "o02", "o03", "o04"] {
                let kept = expected.skipped.contains(key)
                #expect(
                    after.objects[ObjectKey(key)] == (kept ? before.objects[ObjectKey(key)] : Seen(.init(string: key))))
            }
        }
    }

    @Test func aKeyThatAppearsMeanwhileIsNotOverwritten() async throws {
        try await withTarget { scene, target in
            let appear = Fault.Effect.run { store in try await store.put("o04", Array("theirs".utf8)) }
            var service = AlteredService(scene.source)
            service.stores["target"] = FaultyObjectStore(target, [.on(.put, key: "o04", call: 1, appear)])
            let report = try await scene.restore(at: service)
            #expect(report.skipped.sorted() == ["o01", "o02", "o03", "o04"])
            #expect(try await target.text("o04") == "theirs")
        }
    }

    @Test func aServerWithoutConditionalWritesWillDo() async throws {
        try await Scene.with(InMemoryOptions { $0.hasConditionalWrites = false }) { scene in
            try await scene.fill(3)
            try await scene.backUp()
            try await scene.source.createBucket("target")
            try await scene.source.store(for: "target").put("o01", [1])
            let report = try await scene.restore()
            #expect(report.restoredCount == 2)
            #expect(report.skipped == ["o01"])
        }
    }

    struct Choice: Sendable, CustomTestStringConvertible {
        let selection: KeySelection
        let keys: [String]
        var testDescription: String { "\(selection)" }
    }

    static let choices = [
        Choice(selection: KeySelection(prefix: Array("a/".utf8)), keys: ["a/1.txt", "a/2.png", "a/b/3.txt"]),
        Choice(selection: KeySelection(includes: ["*.txt"]), keys: ["a/1.txt", "a/b/3.txt", "c.txt"]),
        Choice(selection: KeySelection(excludes: ["*.txt"]), keys: ["a/2.png"]),
        Choice(
            selection: KeySelection(prefix: Array("a".utf8), includes: ["*.txt", "*.png"], excludes: ["*/b/*"]),
            keys: ["a/1.txt", "a/2.png"]),
        Choice(selection: KeySelection(includes: ["a/?.*"]), keys: ["a/1.txt", "a/2.png"]),
        Choice(selection: KeySelection(includes: ["[!a]*"]), keys: ["c.txt"]),
        Choice(selection: KeySelection(includes: ["nothing"]), keys: []),
    ]

    @Test(arguments: choices)
    func onlyWhatWasChosenIsRestored(choice: Choice) async throws {
        try await Scene.with { scene in
            for key in ["a/1.txt", "a/2.png", "a/b/3.txt", "c.txt"] { try await scene.store.put(key, [1]) }
            try await scene.backUp()
            let report = try await scene.restore(options: RestoreRun.Options(selection: choice.selection))
            #expect(report.selectedCount == choice.keys.count)
            #expect(try await scene.source.store(for: "target").keys() == choice.keys)
        }
    }

    @Test func onlyChosenExceptionsCountAsMissing() async throws {
        try await Scene.with { scene in
            try await scene.fill(4)
            try await scene.backUp(
                from: scene.source(.on(.get, key: "o01", .fail(.denied)), .on(.get, key: "o02", .fail(.denied))).service
            )
            let one = RestoreRun.Options(selection: KeySelection(includes: ["o01", "o03"]))
            #expect(try await scene.restore(into: "one", options: one).missingFromBackup == 1)
            let none = RestoreRun.Options(selection: KeySelection(includes: ["o03"]))
            #expect(try await scene.restore(into: "none", options: none).complete)
        }
    }

    @Test func aDryRunMakesNoBucket() async throws {
        try await Scene.with { scene in
            try await scene.fill(2)
            try await scene.backUp()
            let report = try await scene.restore(options: RestoreRun.Options(dryRun: true))
            #expect(report.restoredCount == 2)
            #expect(report.bucketCreated)
            #expect(try await !scene.source.bucketExists("target"))
        }
    }

    @Test(arguments: ["", "ab", "Capital", "under_score", "-dash", "dot.", "a..b", "10.0.0.1", "a/b"])
    func aBucketOfABadNameIsNotMade(name: String) async throws {
        try await Scene.with { scene in
            try await scene.fill(1)
            try await scene.backUp()
            await expectError(.invalidConfiguration) { try await scene.restore(into: name) }
            #expect(try await scene.source.buckets() == [Scene.bucket])
        }
    }

    @Test func aRestoreIntoItsOwnBucketSkipsWhatIsThere() async throws {
        try await Scene.with { scene in
            try await scene.fill(3)
            try await scene.backUp()
            _ = try await scene.store.delete([ObjectReference(ObjectKey("o01"))])
            let report = try await scene.restore(into: Scene.bucket)
            #expect(report.restoredCount == 1)
            #expect(report.skipped == ["o00", "o02"])
            #expect(try await scene.store.text("o01") == "o01")
        }
    }
}
