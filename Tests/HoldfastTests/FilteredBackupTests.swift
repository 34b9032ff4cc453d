// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Catalog
import Foundation
import Holdfast
import ObjectStorage
import TestSupport
import Testing

/// A backup of objects of some sizes, ages and storage classes: told by the listing, without a request more.
@Suite(.timeLimit(.minutes(2))) struct FilteredBackupTests {
    /// Objects of 0 to 40 bytes, one a day; every other one in another class.
    private static func withDays(
        _ body: (Scene, Guarded<Double>) async throws -> Void
    ) async throws {
        let today = Guarded(0.0)
        try await Scene.with(InMemoryOptions { $0.now = { Scene.day(today.value) } }) { scene in
            for day in 0..<5 {
                today.with { $0 = Double(day) }
                let attributes = ObjectAttributes(storageClass: day.isMultiple(of: 2) ? nil : "STANDARD_IA")
                try await scene.store.put("day-\(day)", Array(repeating: 7, count: day * 10), attributes)
            }
            try await body(scene, today)
        }
    }

    private static func backUp(
        _ scene: Scene, _ name: String, _ filter: ObjectFilter, day: Double, from source: (any StorageService)? = nil,
        _ change: (inout BackupRun.Options) -> Void = { _ in }
    ) async throws -> BackupReport {
        var options = BackupRun.Options(sweep: .never)
        options.selection = KeySelection(filter: filter)
        change(&options)
        return try await BackupRun(
            bucket: Scene.bucket, name: BackupName(name), source: source ?? scene.source, vault: scene.vault,
            options: options, environment: scene.environment(scene.services(day: day))
        ).run()
    }

    struct Case: Sendable, CustomTestStringConvertible {
        let filter: ObjectFilter
        let days: [Int]
        let words: String
        var testDescription: String { words }
    }

    @Test(arguments: [
        Case(
            filter: ObjectFilter(minSize: 10, maxSize: 30), days: [1, 2, 3],
            words: "of at least 10 bytes, of at most 30 bytes"),
        Case(filter: ObjectFilter(minSize: 11), days: [2, 3, 4], words: "of at least 11 bytes"),
        // The fifth day begins at noon: what is exactly as old as the age is not newer.
        Case(filter: ObjectFilter(newerThan: "2d"), days: [4], words: "newer than 2d"),
        Case(filter: ObjectFilter(olderThan: "2d"), days: [0, 1, 2], words: "older than 2d"),
        Case(
            filter: ObjectFilter(newerThan: "2023-11-20T00:00:00Z"), days: [1, 2, 3, 4],
            words: "newer than 2023-11-20T00:00:00Z"),
        Case(
            filter: ObjectFilter(storageClasses: ["standard_ia"]), days: [1, 3], words: "in storage class STANDARD_IA"),
        Case(
            filter: ObjectFilter(storageClasses: ["STANDARD", "GLACIER"]), days: [0, 2, 4],
            words: "in storage class GLACIER or STANDARD"),
    ])
    func itHoldsWhatPasses(known: Case) async throws {
        try await Self.withDays { scene, today in
            let (service, store) = scene.source()
            let report = try await Self.backUp(scene, "first", known.filter, day: 5, from: service)
            #expect(try await scene.keys("first") == known.days.map { "day-\($0)" })
            #expect(report.complete && report.listedCount == known.days.count)
            #expect(report.selection.words == "all keys, \(known.words)")
            // Nothing was asked of the others.
            #expect(store.count(.get) == known.days.count && store.count(.head) == 0)
            #expect(try await scene.open("first").metadata?.filter == known.filter)
            let summary = try #require(try await scene.list().backups.first)
            #expect(summary.selection == KeySelection(filter: known.filter))
            let restored = try await scene.restore("first")
            #expect(restored.warnings == ["The backup holds part of its bucket: all keys, \(known.words)."])
            _ = today
        }
    }

    @Test func agesAreComparedAsTheyAreWritten() async throws {
        try await Self.withDays { scene, today in
            let recent = ObjectFilter(newerThan: "3d")
            _ = try await Self.backUp(scene, "first", recent, day: 4)
            #expect(try await scene.keys("first") == ["day-2", "day-3", "day-4"])
            today.with { $0 = 5 }
            try await scene.store.put("day-5", [5])
            let next = try await Self.backUp(scene, "second", recent, day: 5)
            // What grew too old is not in it any more; the rest was not fetched again.
            #expect(try await scene.keys("second") == ["day-3", "day-4", "day-5"])
            #expect(next.dependsOn == ["first.tar.gz"] && next.unchangedCount == 2)
            // Another age, or none, is another selection.
            #expect(try await Self.backUp(scene, "other", ObjectFilter(newerThan: "72h"), day: 5).dependsOn.isEmpty)
            #expect(try await Self.backUp(scene, "whole", ObjectFilter(), day: 5).dependsOn.isEmpty)
            // And another history for retention.
            let report = try await scene.prune(try RetentionTests.policy(last: 1), day: 50)
            #expect(report.buckets.map(\.decisions.count).sorted() == [1, 1, 2])
            let filters = Set(report.buckets.map(\.selection.filter))
            #expect(filters == [recent, ObjectFilter(newerThan: "72h"), ObjectFilter()])
        }
    }

    @Test func aHistoryIsTakenWholeOrNotAtAll() async throws {
        let today = Guarded(0.0)
        try await Scene.with(
            InMemoryOptions {
                $0.now = { Scene.day(today.value) }
                $0.pageLimit = 2
            }
        ) { scene in
            try await scene.source.setDocument(.versioning, of: Scene.bucket, to: versioningDocument("Enabled"))
            for step in 0..<3 {
                today.with { $0 = Double(step) }
                try await scene.store.put("grows", Array(repeating: 1, count: 10 + step * 100))
                try await scene.store.put("shrinks", Array(repeating: 1, count: 400 - step * 190))
                try await scene.store.put("gone", Array(repeating: 1, count: 500))
            }
            _ = try await scene.store.delete([ObjectReference(ObjectKey("gone"))])
            today.with { $0 = 5 }
            let report = try await Self.backUp(scene, "first", ObjectFilter(minSize: 100), day: 5) {
                $0.allVersions = true
            }
            // Three versions of the one that is large by now, and the deleted one with its marker; nothing of the other.
            #expect(try await scene.keys("first") == ["gone", "gone", "gone", "gone", "grows", "grows", "grows"])
            #expect(report.complete && report.deleteMarkerCount == 1)
            #expect(report.warnings.allSatisfy { !$0.contains("leaves") })
            let current = try await Self.backUp(scene, "now", ObjectFilter(minSize: 100), day: 5)
            #expect(try await scene.keys("now") == ["grows"])
            #expect(current.listedCount == 1)
        }
    }

    @Test func aComparisonPassesOverWhatTheOtherWasNotToHold() async throws {
        try await Self.withDays { scene, today in
            _ = try await Self.backUp(scene, "part", ObjectFilter(minSize: 20), day: 4)
            today.with { $0 = 5 }
            try await scene.store.put("day-3", Array(repeating: 8, count: 30))
            try await scene.store.put("day-5", Array(repeating: 8, count: 50))
            _ = try await Self.backUp(scene, "whole", ObjectFilter(), day: 5)
            let (part, whole) = (try await scene.open("part"), try await scene.open("whole"))
            var seen: [String] = []
            let same = try await BackupDiff(
                before: part.catalog, after: whole.catalog, comparesAttributes: true,
                tests: [part, whole].compactMap(\.metadata?.test)
            ).run { seen.append("\($0.kind.rawValue) \($0.key)") }
            #expect(seen == ["changed day-3", "added day-5"])
            #expect(same == 2)
        }
    }

    @Test func anAgeThatIsNoneIsRefusedBeforeAnythingIsDone() async throws {
        try await Self.withDays { scene, _ in
            await expectError(.invalidConfiguration) {
                _ = try await Self.backUp(scene, "first", ObjectFilter(newerThan: "soon"), day: 5)
            }
            try await scene.expectNothingLeft()
            let error = await expectError(.failed) {
                _ = try await Self.backUp(scene, "first", ObjectFilter(minSize: 1 << 30), day: 5)
            }
            #expect(error?.message.contains("lists none of what was asked for, all keys, of at least 1 GiB") == true)
        }
    }

    @Test func whatLiesInAnArchiveTierIsDeferred() async throws {
        try await Scene.with { scene in
            try await scene.store.put("cold", [1], ObjectAttributes(storageClass: "DEEP_ARCHIVE"))
            try await scene.store.put(
                "large", Array(repeating: 1, count: 9 << 20), ObjectAttributes(storageClass: "GLACIER"))
            try await scene.store.put("denied", [2])
            try await scene.store.put("warm", [3])
            let (service, store) = scene.source(
                .on(.get, key: "cold", .fail(.archived)), .on(.get, key: "large", .fail(.archived)),
                .on(.get, key: "denied", .fail(.denied)))
            let report = try await scene.backUp(from: service)
            #expect(report.exceptionCount == 3 && report.deferredCount == 2 && report.storedCount == 1)
            let cold = try #require(report.exceptions.first { $0.key == "cold" })
            #expect(cold.reason == "archived")
            #expect(cold.message.contains("archive tier (DEEP_ARCHIVE)"))
            #expect(store.calls.count { $0.operation == .get && $0.key == ObjectKey("cold") } == 1)
            // Brought back, it is fetched by the next one.
            let next = try await scene.backUp("second", isFull: false, sweep: .never)
            #expect(next.complete && next.deferredCount == 0 && next.unchangedCount == 1)
        }
    }

    @Test func aBucketOfWhichAllIsArchivedIsNotLost() async throws {
        try await Scene.with { scene in
            try await scene.store.put("cold", [1], ObjectAttributes(storageClass: "GLACIER"))
            let report = try await scene.backUp(from: scene.source(.on(.get, .fail(.archived))).service)
            #expect(report.deferredCount == 1 && report.storedCount == 0 && !report.complete)
        }
    }
}
