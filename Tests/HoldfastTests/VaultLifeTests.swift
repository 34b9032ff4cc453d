// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import NIOCore
import ObjectStorage
import Streams
import SystemPackage
import TestSupport
import Testing

@testable import Holdfast

/// Whatever happens to a vault, each backup that it lists restores to what the bucket was.
@Suite(.timeLimit(.minutes(5))) struct VaultLifeTests {
    @Test(arguments: [1, 2, 3, 4, 5, 6] as [UInt64])
    func everyListedBackupRestores(seed: UInt64) async throws {
        try await Scene.with { scene in
            var life = Life(scene: scene, random: SeededGenerator(seed: seed))
            try await life.change(40)
            try await life.backUp(isFull: true)
            // Until all that can happen did.
            var steps = 0
            while steps < 40 || life.events.count < Life.Event.allCases.count && steps < 200 {
                try await life.step()
                steps += 1
            }
            try await life.expectHistory()
            #expect(life.events.count == Life.Event.allCases.count)
        }
    }
}

/// A vault that is used at random, and what each of its backups must show.
private struct Life {
    enum Event: UInt64, CaseIterable {
        case change, incremental, full, synthetic, deletion, pruning, lostCopy, damagedCopy
    }

    let scene: Scene
    var random: SeededGenerator
    private(set) var events: Set<Event> = []
    private var states: [String: BucketContents] = [:]
    /// Each backup is made on a day of its own.
    private var day = 0.0

    init(scene: Scene, random: SeededGenerator) {
        self.scene = scene
        self.random = random
    }

    mutating func step() async throws {
        guard let event = Event(rawValue: random.next() % UInt64(Event.allCases.count)) else { return }
        events.insert(event)
        switch event {
        case .change: try await change(10)
        case .incremental:
            try await change(3)
            try await backUp(isFull: false)
        case .full: try await backUp(isFull: true)
        case .synthetic: try await synthesize()
        case .deletion:
            let listed = try await scene.list().backups
            if listed.count > 1 { try await scene.delete(pick(listed).name) }
        case .pruning:
            var counts = RetentionPolicy.Counts()
            counts.last = 3
            try await scene.prune(try RetentionPolicy(counts), day: day)
        case .lostCopy: try await harm { try FileManager.default.removeItem(atPath: $0.string) }
        case .damagedCopy:
            let place = random.next()
            try await harm { path in
                var bytes = try bytes(of: path)
                bytes[Int(place % UInt64(bytes.count))] ^= 0x10
                try write(bytes, to: path)
            }
        }
        let listed = try await scene.list().backups
        #expect(!listed.isEmpty && listed.allSatisfy { $0.problem == nil }, "after \(event)")
    }

    private mutating func pick<Element>(_ elements: [Element]) -> Element {
        elements[Int(random.next() % UInt64(elements.count))]
    }

    mutating func change(_ count: Int) async throws {
        for _ in 0..<count {
            let key = ObjectKey("folder-\(random.next() % 4)/\(random.next() % 12)")
            if random.next() % 4 == 0 {
                _ = try await scene.store.delete([ObjectReference(key)])
            } else {
                let body = ReplayableBody(ByteBuffer(bytes: random.bytes(Int(random.next() % 9_000))))
                _ = try await scene.store.put(key, body, PutOptions())
            }
        }
        // A bucket that was emptied is no backup.
        try await scene.store.put("always", random.bytes(10))
    }

    mutating func backUp(isFull: Bool) async throws {
        day += 1
        let name = "day-\(Int(day))"
        let report = try await scene.backUp(name, day: day, isFull: isFull)
        #expect(report.complete)
        states[name] = try await BucketContents(of: scene.store)
    }

    private mutating func synthesize() async throws {
        day += 1
        let base = pick(try await scene.list().backups).name
        let environment = scene.environment(scene.services(day: day))
        let found = try await SyntheticBase.find(of: Scene.bucket, named: base, in: scene.vault, environment)
        let name = "day-\(Int(day))"
        _ = try await BackupRun(
            of: found, name: BackupName(name), vault: scene.vault, options: BackupRun.Options(),
            environment: environment
        ).run()
        states[name] = states[base]
    }

    /// Takes or damages one archive of the directory copy, and lets it be mended.
    private mutating func harm(_ body: (FilePath) throws -> Void) async throws {
        let files = names(in: scene.archives).sorted()
        try body(scene.archives.appending(pick(files)))
        let report = try await scene.repair(nil)
        #expect(report.archives.allSatisfy { $0.problem == nil })
    }

    func expectHistory() async throws {
        let listed = try await scene.expectListedIsSound()
        for name in listed {
            let state = try #require(states[name])
            let report = try await scene.restore(name, into: "back-\(name)")
            #expect(report.complete)
            let restored = try await BucketContents(of: scene.source.store(for: "back-\(name)"))
            #expect(state.differences(from: restored) == [], "\(name)")
        }
    }
}
