// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Holdfast
import NIOCore
import ObjectStorage
import Streams
import TestSupport
import Testing

/// A restore under other keys, and in another order.
@Suite struct KeyMappingTests {
    private static func mapping(_ rules: [(String, String)]) throws -> KeyMapping {
        try KeyMapping(rules.map { KeyMapping.Rule(old: Array($0.0.utf8), new: Array($0.1.utf8)) })
    }

    private static func options(
        _ rules: [(String, String)], first: String? = nil, dryRun: Bool = false
    ) throws -> RestoreRun.Options {
        var options = RestoreRun.Options(dryRun: dryRun)
        options.mapping = try mapping(rules)
        options.first = first.map { Array($0.utf8) }
        return options
    }

    /// A store that notes the order of what is put.
    private struct NotingStore: ForwardingStore {
        let base: any ObjectStore
        let keys = Guarded<[String]>([])

        func put(_ key: ObjectKey, _ body: ReplayableBody, _ options: PutOptions) async throws -> PutResult {
            keys.with { $0.append("\(key)") }
            return try await base.put(key, body, options)
        }
    }

    @Test func theLongestPrefixCountsAndOnce() throws {
        let mapping = try Self.mapping([("a/", "b/"), ("a/b/", "c/"), ("b/", "a/"), ("x", "")])
        let cases = ["a/1": "b/1", "a/b/1": "c/1", "b/1": "a/1", "c/1": "c/1", "x": "", "xa/1": "a/1", "a": "a"]
        for (key, target) in cases {
            #expect(mapping.target(of: Array(key.utf8)) == Array(target.utf8))
            #expect(mapping.sources(of: Array(target.utf8)).contains(Array(key.utf8)))
        }
        #expect(mapping.sources(of: Array("a/1".utf8)) == [Array("b/1".utf8), Array("xa/1".utf8)])
        #expect(mapping.sources(of: Array("b/b/1".utf8)) == [Array("xb/b/1".utf8)])
        #expect(throws: HoldfastError.self) { try Self.mapping([("a", "b"), ("a", "c")]) }
    }

    @Test func objectsComeBackUnderTheirNewKeys() async throws {
        try await Scene.with { scene in
            let attributes = ObjectAttributes(metadata: [Field("author", "Ada")])
            for key in ["2025/a", "2026/a", "2026/b", "other"] {
                try await scene.store.put(key, Array(key.utf8), attributes)
            }
            try await scene.backUp()
            let rules = [("2026/", "kept/"), ("2025/", "2026/")]
            let plan = try await scene.restore(options: Self.options(rules, dryRun: true))
            #expect(plan.restoredCount == 4)
            #expect(try await !scene.source.bucketExists("target"))
            let report = try await scene.restore(options: Self.options(rules))
            #expect(report.complete && report.restoredCount == 4)
            let target = try await BucketContents(of: scene.source.store(for: "target"))
            let expected = ["2026/a": "2025/a", "kept/a": "2026/a", "kept/b": "2026/b", "other": "other"]
            #expect(Set(target.objects.keys) == Set(expected.keys.map { ObjectKey($0) }))
            for (key, content) in expected {
                #expect(target.objects[ObjectKey(key)] == Seen(ByteBuffer(string: content), attributes))
            }
            // A second time, what is there stays: it is looked for under its new key.
            let again = try await scene.restore(options: Self.options(rules))
            #expect(again.skipped.sorted() == expected.keys.sorted())
        }
    }

    @Test func twoKeysThatWouldBecomeOneAreRefusedBeforeAnythingIsWritten() async throws {
        try await Scene.with { scene in
            for key in ["a/1", "a/2", "b/2", "b/3"] { try await scene.store.put(key, [1]) }
            try await scene.backUp()
            for dryRun in [true, false] {
                let error = await #expect(throws: HoldfastError.self) {
                    try await scene.restore(options: Self.options([("a/", "b/")], dryRun: dryRun))
                }
                #expect(error?.code == .invalidConfiguration)
                #expect(error?.message == "a/2 and b/2 would both become b/2; nothing was written.")
            }
            #expect(try await !scene.source.bucketExists("target"))
            var options = try Self.options([("a/", "b/")])
            options.selection.excludes = ["b/2"]
            #expect(try await scene.restore(options: options).restoredCount == 3)
            #expect(try await scene.source.store(for: "target").keys() == ["b/1", "b/2", "b/3"])
        }
    }

    @Test func limitsOfTheTargetAreThoseOfTheNewKeys() async throws {
        try await Scene.with { scene in
            for key in ["ok/a", "x//b", "gone/", "c"] { try await scene.store.put(key, [1]) }
            try await scene.backUp()
            var service = AlteredService(scene.source)
            service.identity = ServerIdentity(product: "MinIO", region: "", tellsTagCount: true)
            let rules = [("ok/", "not//ok/"), ("x//", "x/"), ("gone/", ""), ("c", "x")]
            let report = try await scene.restore(at: service, options: Self.options(rules))
            #expect(!report.complete)
            // x/b lies below the object x, which c becomes.
            #expect(report.exceptions.map(\.key).sorted() == ["", "not//ok/a", "x/b"])
            #expect(try await scene.source.store(for: "target").keys() == ["x"])
        }
    }

    @Test func whatIsWantedFirstIsWrittenFirst() async throws {
        try await Scene.with { scene in
            try await scene.fill(40)
            try await scene.store.put("z/1", [1])
            try await scene.store.put("z/2", [2])
            try await scene.backUp()
            try await scene.source.createBucket("target")
            let target = NotingStore(base: scene.source.store(for: "target"))
            var service = AlteredService(scene.source)
            service.stores["target"] = target
            let report = try await scene.restore(at: service, options: Self.options([("z/", "a/")], first: "z/"))
            #expect(report.complete && report.restoredCount == 42 && report.warnings.isEmpty)
            #expect(Set(target.keys.value.prefix(2)) == ["a/1", "a/2"])
            #expect(target.keys.value.count == 42)

            let none = try await scene.restore(into: "other", options: Self.options([], first: "nothing/"))
            #expect(none.complete && none.restoredCount == 42)
            #expect(none.warnings == ["No object that was asked for begins with “nothing/”: none was written first."])
        }
    }

    /// In steps of age, and what was asked for first before all of them.
    @Test(arguments: [nil, "b/"])
    func whatChangedLastIsWrittenFirst(first: String?) async throws {
        let today = Guarded(0.0)
        try await Scene.with(InMemoryOptions { $0.now = { Scene.day(today.value) } }) { scene in
            // Days before the backup, in an order that neither the keys nor the archive has.
            let ages = ["a": 400.0, "b/x": 40, "c": 0.01, "b/y": 0.5, "d": 3, "e": 20, "f": 0]
            for (key, age) in ages.sorted(by: { $0.key < $1.key }) {
                today.with { $0 = 500 - age }
                try await scene.store.put(key, [1])
            }
            _ = try await BackupRun(
                bucket: Scene.bucket, name: BackupName("first"), source: scene.source, vault: scene.vault,
                options: BackupRun.Options(), environment: scene.environment(scene.services(day: 500))
            ).run()
            try await scene.source.createBucket("target")
            let target = NotingStore(base: scene.source.store(for: "target"))
            var service = AlteredService(scene.source)
            service.stores["target"] = target
            var options = try Self.options([], first: first)
            options.newestFirst = true
            let report = try await scene.restore(at: service, options: options)
            #expect(report.complete && report.restoredCount == 7 && report.warnings.isEmpty)
            let order = target.keys.value
            let steps: [Set<String>] =
                first == nil
                ? [["c", "f"], ["b/y"], ["d"], ["e"], ["b/x"], ["a"]]
                : [["b/y"], ["b/x"], ["c", "f"], ["d"], ["e"], ["a"]]
            var rest = order[...]
            for step in steps {
                #expect(Set(rest.prefix(step.count)) == step, "\(order)")
                rest = rest.dropFirst(step.count)
            }
            #expect(rest.isEmpty)
        }
    }

    @Test func archivesWithoutAnIndexAreReadOnceForEachPass() async throws {
        try await Scene.with { scene in
            try await LegacyArchive(scene: scene).make(
                "old", files: ["a": "one", "b/c": "two", "d": "three"], metadata: true)
            let report = try await scene.restore("old", options: Self.options([("b/", "e/")], first: "b/"))
            #expect(report.complete && report.restoredCount == 3)
            let target = scene.source.store(for: "target")
            #expect(try await target.text("e/c") == "two")
            #expect(try await target.text("d") == "three")
        }
    }

    @Test func versionsKeepTheirKeysAndOrder() async throws {
        try await Scene.with { scene in
            try await scene.fill(1)
            try await scene.backUp()
            for (rules, first) in [([("o", "p")], nil), ([], "o")] as [([(String, String)], String?)] {
                var options = try Self.options(rules, first: first)
                options.allVersions = true
                let error = await #expect(throws: HoldfastError.self) { try await scene.restore(options: options) }
                #expect(
                    error?.message.hasPrefix("--map, --first and --newest-first are for the current objects") == true)
            }
        }
    }
}
