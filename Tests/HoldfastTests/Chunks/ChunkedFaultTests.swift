// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Holdfast
import NIOCore
import ObjectStorage
import TestSupport
import Testing

/// What happens to a large object while its chunks are stored.
@Suite(.timeLimit(.minutes(5))) struct ChunkedFaultTests {
    /// A backup of everything but the large object, on which the next one builds.
    private static func with(
        _ faults: [Fault], _ body: (Scene, any StorageService) async throws -> Void
    ) async throws {
        try await Scene.with { scene in
            try await scene.store.put("before", [1])
            try await scene.store.put("small", [3])
            try await scene.backUp()
            try await scene.store.put("large", LargeObjectTests.old)
            var service = AlteredService(scene.source)
            service.stores[Scene.bucket] = FaultyObjectStore(scene.store, faults)
            try await body(scene, service)
        }
    }

    @Test(arguments: [1, 2, 3])
    func aChangeInTheMiddleIsReadAgain(range: Int) async throws {
        let fault = Fault.on(.get, key: "large", call: range, .replace(LargeObjectTests.new))
        try await Self.with([fault]) { scene, source in
            let report = try await scene.backUp("second", from: source, isFull: false, sweep: .never)
            #expect(report.complete && report.changedCount == 1)
            #expect(try await scene.verify(.contents, "second").isSound)
            try await scene.restore("second")
            let target = scene.source.store(for: "target")
            let body = try await target.get(ObjectKey("large"), GetOptions())
            #expect(try await body.bytes.collect(upTo: 1 << 25) == ByteBuffer(bytes: LargeObjectTests.new))
        }
    }

    @Test(arguments: LargeObjectTests.losses)
    func whatCannotBeReadWholeIsAnException(loss: LargeObjectTests.Loss) async throws {
        try await Self.with([loss.fault]) { scene, source in
            let report = try await scene.backUp("second", from: source, isFull: false, sweep: .never)
            #expect(!report.complete && report.exceptions.map { $0.key + $0.reason } == ["large" + loss.reason])
            for depth in VerifyDepth.allCases { #expect(try await scene.verify(depth, "second").isSound) }
            #expect(try await scene.restore("second").restoredCount == 2)
            // What was stored of it misleads nobody later.
            let third = try await scene.backUp("third", isFull: false, sweep: .never)
            #expect(third.complete)
            try await scene.restore("third", into: "whole")
            let truth = try await BucketContents(of: scene.store)
            #expect(truth.differences(from: try await BucketContents(of: scene.source.store(for: "whole"))) == [])
        }
    }

    /// Chunks that lie in other archives are in no journal: the object is read again, and the rest is not.
    @Test func anInterruptedBackupReadsItAgain() async throws {
        try await Scene.with { scene in
            var random = SeededGenerator(seed: 8)
            let content = random.bytes(20 << 20)
            try await scene.store.put("a-large", content)
            try await scene.backUp("base")
            try await scene.store.put("a-large", content + [1])
            try await scene.store.put("a-new", random.bytes(17 << 20))
            try await scene.fillWithNoise(150)
            let options = BackupRun.Options(isFull: false, sweep: .never)
            try await scene.interrupt("second", options: options)
            let report = try await scene.run("second", options: options)
            #expect(report.complete && report.resumed != nil)
            #expect(report.dependsOn == ["base.tar.gz"] && report.sharedBytes > 10 << 20)
            try await scene.expectListedIsSound()
            try await scene.expectRestoredIsSource("second")
            try await scene.expectNoTraces()
        }
    }

    /// After any changes of a large object each backup of a chain restores to what it was, also on another host.
    @Test(arguments: [1, 2] as [UInt64], [false, true])
    func everyBackupOfAChainRestores(seed: UInt64, deltas: Bool) async throws {
        try await Scene.with { scene in
            var random = SeededGenerator(seed: seed)
            var contents: [String: [UInt8]] = ["a": random.bytes(18 << 20), "b": random.bytes(9 << 20), "c": [1]]
            var states: [BucketContents] = []
            for round in 0..<5 {
                for (key, content) in contents { try await scene.store.put(key, content) }
                states.append(try await BucketContents(of: scene.store))
                let report = try await scene.backUp("round-\(round)", isFull: false, sweep: .never, deltas: deltas)
                #expect(report.complete)
                Self.change(&contents, &random)
            }
            for (round, state) in states.enumerated() {
                if deltas { try scene.forgetState() }
                try await scene.restore("round-\(round)", into: "target-\(round)")
                let restored = try await BucketContents(of: scene.source.store(for: "target-\(round)"))
                #expect(state.differences(from: restored) == [])
                #expect(try await scene.verify(.contents, "round-\(round)").isSound)
            }
        }
    }

    /// Moves, doubles, cuts and mixes what there is.
    private static func change(_ contents: inout [String: [UInt8]], _ random: inout SeededGenerator) {
        let keys = contents.keys.sorted()
        let key = keys[Int(random.next() % UInt64(keys.count))]
        let other = keys[Int(random.next() % UInt64(keys.count))]
        guard let content = contents[key], let more = contents[other] else { return }
        let place = content.isEmpty ? 0 : Int(random.next() % UInt64(content.count))
        switch random.next() % 5 {
        case 0: contents[key] = Array(content[..<place] + random.bytes(1000) + content[place...])
        case 1: contents[key] = Array(content[place...] + content[..<place])
        case 2 where content.count + more.count < 40 << 20: contents[key] = content + more
        case 3: contents["copy-\(random.next() % 4)"] = content
        default: contents[key] = content + random.bytes(5000)
        }
    }
}
