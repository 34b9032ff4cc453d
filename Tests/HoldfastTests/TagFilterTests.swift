// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Catalog
import Foundation
import Holdfast
import ObjectStorage
import TestSupport
import Testing

/// A backup of objects with some tags: these are asked for one by one, since a listing does not tell them.
@Suite(.timeLimit(.minutes(2))) struct TagFilterTests {
    private static func tagged(_ tags: [String: String]) -> ObjectAttributes {
        ObjectAttributes(tags: tags.map { ObjectStorage.Tag($0.key, $0.value) })
    }

    private static func fill(_ store: any ObjectStore) async throws {
        try await store.put("design", [1], tagged(["team": "design"]))
        try await store.put("design-scratch", [2], tagged(["team": "design", "scratch": ""]))
        try await store.put("sales", [3], tagged(["team": "sales"]))
        try await store.put("none", [4])
    }

    private static func backUp(
        _ scene: Scene, _ name: String, _ filter: ObjectFilter, from source: (any StorageService)? = nil,
        bucket: String = Scene.bucket, _ change: (inout BackupRun.Options) -> Void = { _ in }
    ) async throws -> BackupReport {
        var options = BackupRun.Options(sweep: .never)
        options.selection = KeySelection(filter: filter)
        change(&options)
        return try await BackupRun(
            bucket: bucket, name: BackupName(name), source: source ?? scene.source, vault: scene.vault,
            options: options, environment: scene.environment
        ).run()
    }

    struct Case: Sendable, CustomTestStringConvertible {
        let filter: ObjectFilter
        let keys: [String]
        let words: String
        var testDescription: String { words }
    }

    private static let design = TagRule(name: "team", value: "design")

    @Test(arguments: [
        Case(filter: ObjectFilter(tags: [design]), keys: ["design", "design-scratch"], words: "tagged team=design"),
        Case(
            filter: ObjectFilter(tags: [TagRule(name: "team")]), keys: ["design", "design-scratch", "sales"],
            words: "tagged team"),
        Case(
            filter: ObjectFilter(tags: [design], excludedTags: [TagRule(name: "scratch")]), keys: ["design"],
            words: "tagged team=design, not tagged scratch"),
        Case(
            filter: ObjectFilter(excludedTags: [TagRule(name: "team", value: "sales"), TagRule(name: "scratch")]),
            keys: ["design", "none"], words: "not tagged scratch or team=sales"),
        Case(
            filter: ObjectFilter(minSize: 1, tags: [TagRule(name: "team", value: "sales"), TagRule(name: "scratch")]),
            keys: ["design-scratch", "sales"], words: "of at least 1 bytes, tagged scratch or team=sales"),
    ])
    func itHoldsWhatPasses(known: Case) async throws {
        try await Scene.with { scene in
            try await Self.fill(scene.store)
            let (service, store) = scene.source()
            let report = try await Self.backUp(scene, "first", known.filter, from: service)
            #expect(try await scene.keys() == known.keys)
            #expect(report.complete && report.listedCount == known.keys.count)
            #expect(report.selection.words == "all keys, \(known.words)")
            // Each object is asked for its tags once, and what is wanted is read with them.
            #expect(store.count(.get) == known.keys.count)
            #expect(store.count(.tags) == 4 + known.keys.count { $0 != "none" })
            #expect(try await scene.open().metadata?.filter == known.filter)
        }
    }

    /// Without a change of the bytes, and so without a trace in the listing.
    @Test func changedTagsBringObjectsInAndOut() async throws {
        try await Scene.with { scene in
            try await Self.fill(scene.store)
            let filter = ObjectFilter(tags: [Self.design])
            _ = try await Self.backUp(scene, "first", filter)
            try await scene.store.apply(.tags([Tag("team", "design")]), to: ObjectKey("none"), version: nil)
            try await scene.store.apply(.tags([]), to: ObjectKey("design"), version: nil)
            let next = try await Self.backUp(scene, "second", filter)
            #expect(try await scene.keys("second") == ["design-scratch", "none"])
            #expect(next.complete && next.unchangedCount == 1 && next.storedCount == 2)
            // Another choice is another history.
            let other = try await Self.backUp(scene, "other", ObjectFilter(tags: [TagRule(name: "team")]))
            #expect(other.dependsOn.isEmpty)
        }
    }

    @Test(arguments: [false, true])
    func anObjectWhoseTagsCannotBeReadIsNamed(isThere: Bool) async throws {
        try await Scene.with { scene in
            try await Self.fill(scene.store)
            let filter = ObjectFilter(tags: [Self.design])
            if isThere { _ = try await Self.backUp(scene, "before", filter) }
            let (service, _) = scene.source(
                .on(.tags, key: "design", .fail(.denied)), .on(.tags, key: "none", .fail(.denied)))
            let report = try await Self.backUp(scene, "first", filter, from: service)
            try await scene.expectExceptions(["design": "denied", "none": "denied"], in: report)
            #expect(report.exceptions.allSatisfy { $0.message.contains("nobody knows whether it was asked for") })
            // What an earlier backup has stays in it.
            #expect(try await scene.keys() == (isThere ? ["design", "design-scratch"] : ["design-scratch"]))
        }
    }

    @Test func aServerWithoutTagsIsRefused() async throws {
        try await Scene.with(InMemoryOptions { $0.hasTagging = false }) { scene in
            try await scene.store.put("x", [1])
            let error = await expectError(.invalidConfiguration) {
                _ = try await Self.backUp(scene, "first", ObjectFilter(tags: [Self.design]))
            }
            #expect(error?.message.contains("does not tell the tags") == true)
            try await scene.expectNothingLeft()
        }
    }

    /// By the tags of the newest version, whose page may end before its history does.
    @Test func aHistoryIsTakenWholeOrNotAtAll() async throws {
        try await Scene.with(InMemoryOptions { $0.pageLimit = 2 }) { scene in
            try await scene.source.setDocument(.versioning, of: Scene.bucket, to: versioningDocument("Enabled"))
            for step in 0..<3 {
                try await scene.store.put("becomes", [UInt8(step)], Self.tagged(step == 2 ? ["team": "design"] : [:]))
                try await scene.store.put("gone", [UInt8(step)], Self.tagged(["team": "design"]))
                try await scene.store.put("was", [UInt8(step)], Self.tagged(step == 2 ? [:] : ["team": "design"]))
                try await scene.store.put("zzz", [UInt8(step)])
            }
            _ = try await scene.store.delete([ObjectReference(ObjectKey("gone"))])
            let report = try await Self.backUp(scene, "first", ObjectFilter(tags: [Self.design])) {
                $0.allVersions = true
            }
            #expect(
                try await scene.keys() == ["becomes", "becomes", "becomes", "gone", "gone", "gone", "gone"])
            #expect(report.complete && report.warnings.allSatisfy { !$0.contains("leaves") })

            let (service, _) = scene.source(.on(.tags, key: "was", .fail(.denied)))
            let next = try await Self.backUp(scene, "next", ObjectFilter(tags: [Self.design]), from: service) {
                $0.allVersions = true
                $0.isFull = true
            }
            // All versions of a key of which nobody knows.
            #expect(next.exceptionCount == 3 && next.exceptions.allSatisfy { $0.key == "was" })
        }
    }

    @Test func aComparisonPassesOverWhatTheOtherWasNotToHold() async throws {
        try await Scene.with { scene in
            try await Self.fill(scene.store)
            _ = try await Self.backUp(scene, "part", ObjectFilter(tags: [Self.design]))
            _ = try await Self.backUp(scene, "whole", ObjectFilter())
            let (part, whole) = (try await scene.open("part"), try await scene.open("whole"))
            var seen: [String] = []
            let same = try await BackupDiff(
                before: part.catalog, after: whole.catalog, comparesAttributes: true,
                tests: [part, whole].compactMap(\.metadata?.test)
            ).run { seen.append($0.key) }
            #expect(seen.isEmpty && same == 2)
        }
    }

    @Test(arguments: TestServer.expected.filter { $0.name == "seaweedfs" || $0.name == "ceph" })
    func realServersAreAskedForTheirTags(server: TestServer) async throws {
        try await server.withService { service in
            let bucket = "tags-\(UInt64.random(in: .min ... .max))"
            try await service.createBucket(bucket)
            try await Self.fill(service.store(for: bucket))
            try await Scene.with { scene in
                let filter = ObjectFilter(tags: [Self.design], excludedTags: [TagRule(name: "scratch")])
                let report = try await Self.backUp(scene, "first", filter, from: service, bucket: bucket)
                #expect(report.complete)
                #expect(try await scene.keys() == ["design"])
            }
        }
    }
}
