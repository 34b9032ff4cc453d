// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Holdfast
import NIOCore
import ObjectStorage
import SystemPackage
import TestSupport
import Testing

/// One run at a time works on a name; the locks of the dead keep nobody out.
@Suite struct LockTests {
    /// A lock file as another run would write it.
    static func lock(
        name: String = "first", host: String = "elsewhere", boot: String = "b", pid: Int32 = 1, expiresIn: TimeInterval
    ) -> ByteBuffer {
        let expires = Date().addingTimeInterval(expiresIn).ISO8601Format()
        let started = Date().addingTimeInterval(-60).ISO8601Format()
        return ByteBuffer(
            string: """
                {"operation":"backup","name":"\(name)","host":"\(host)","boot":"\(boot)","pid":\(pid),"token":"t",
                "started":"\(started)","expires":"\(expires)"}
                """)
    }

    static var thisHost: String { ProcessInfo.processInfo.hostName }

    static var thisBoot: String {
        get throws {
            try String(contentsOfFile: "/proc/sys/kernel/random/boot_id", encoding: .utf8)
                .trimmingCharacters(in: .whitespacesAndNewlines)
        }
    }

    /// The number of a process that has ended.
    static func deadProcess() async throws -> Int32 {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/bin/true")
        await withCheckedContinuation { continuation in
            process.terminationHandler = { _ in continuation.resume() }
            do { try process.run() } catch { continuation.resume() }
        }
        return process.processIdentifier
    }

    @Test func aSecondRunOfANameIsRefusedWhileTheFirstIsAtWork() async throws {
        try await Scene.with { scene in
            try await scene.fill(3)
            let (arrivals, arrived) = AsyncStream<Void>.makeStream()
            let (permissions, permit) = AsyncStream<Void>.makeStream()
            let pause = Fault.Effect.run { _ in
                arrived.yield()
                for await _ in permissions { break }
            }
            let (source, _) = scene.source(.on(.get, key: "o01", call: 1, pause))
            async let first = scene.backUp(from: source)
            for await _ in arrivals { break }

            let error = await expectError(.conflict) { try await scene.backUp() }
            #expect(error?.message.contains("under way") == true)
            #expect(try await scene.backUp("other").complete)
            #expect(try await scene.list().backups.map(\.name) == ["other"])
            permit.yield()
            #expect(try await first.complete)
            #expect(try await scene.verify(.contents).isSound)
        }
    }

    @Test(arguments: [0, 1])
    func aLivingLockInAnyCopyKeepsOthersOut(number: Int) async throws {
        try await Scene.with { scene in
            try await scene.fill(2)
            let copy = scene.vault.copies[number]
            try await copy.prepare()
            let content = Self.lock(expiresIn: 100)
            #expect(try await copy.createFile("locks/archive-first.json", content))
            let error = await expectError(.conflict) { try await scene.backUp() }
            #expect(error?.message.contains("elsewhere") == true)
            #expect(try await copy.readFile("locks/archive-first.json") == content)
            let other = scene.vault.copies[1 - number]
            try await other.prepare()
            #expect(try await other.readFile("locks/archive-first.json") == nil)
            #expect(try await scene.backUp("second").complete)
        }
    }

    @Test func deadLocksAreBroken() async throws {
        let dead = try await Self.deadProcess()
        let alive = ProcessInfo.processInfo.processIdentifier
        let locks = [
            Self.lock(expiresIn: -1), ByteBuffer(), ByteBuffer(string: "{"),
            Self.lock(host: Self.thisHost, boot: try Self.thisBoot, pid: dead, expiresIn: 100),
            Self.lock(host: Self.thisHost, boot: try Self.thisBoot, pid: alive, expiresIn: -1),
        ]
        for content in locks {
            try await Scene.with { scene in
                try await scene.fill(2)
                for copy in scene.vault.copies {
                    try await copy.prepare()
                    #expect(try await copy.createFile("locks/archive-first.json", content))
                }
                #expect(try await scene.backUp().complete)
                #expect(names(in: scene.root.appending("vault").appending("locks")).isEmpty)
                #expect(try await scene.vaultService.store(for: "backups").keys() == ["buckets/first.tar.gz"])
            }
        }
    }

    @Test func anotherBootsProcessMayBeAlive() async throws {
        try await Scene.with { scene in
            try await scene.fill(2)
            try await scene.directoryCopy.prepare()
            let content = Self.lock(host: Self.thisHost, boot: "another", pid: 1, expiresIn: 100)
            #expect(try await scene.directoryCopy.createFile("locks/archive-first.json", content))
            await expectError(.conflict) { try await scene.backUp() }
        }
    }

    @Test func aRunThatLostItsLockLeavesTheNewOneAlone() async throws {
        try await Scene.with { scene in
            try await scene.fill(2)
            let foreign = Self.lock(expiresIn: 100)
            let copy = scene.directoryCopy
            let steal = Fault.Effect.run { _ in try await copy.replaceFile("locks/archive-first.json", foreign) }
            #expect(try await scene.backUp(from: scene.source(.on(.get, key: "o01", call: 1, steal)).service).complete)
            #expect(try await copy.readFile("locks/archive-first.json") == foreign)
        }
    }

    @Test func aCancelledRunLeavesNothing() async throws {
        try await Scene.with { scene in
            try await scene.fill(3)
            let (arrivals, arrived) = AsyncStream<Void>.makeStream()
            let announce = Fault.Effect.run { _ in arrived.yield() }
            let (source, _) = scene.source(.on(.get, key: "o01", announce), .on(.get, key: "o01", .hang))
            let run = Task { try await scene.backUp(from: source) }
            for await _ in arrivals { break }
            run.cancel()
            await #expect(throws: CancellationError.self) { try await run.value }
            try await scene.expectNothingLeft()
            #expect(try await scene.backUp().complete)
        }
    }

    @Test func lockFilesAreCreatedOnce() async throws {
        try await Scene.with { scene in
            for copy in scene.vault.copies {
                try await copy.prepare()
                #expect(try await copy.createFile("locks/x.json", ByteBuffer(string: "1")))
                #expect(try await !copy.createFile("locks/x.json", ByteBuffer(string: "2")))
                #expect(try await copy.readFile("locks/x.json") == ByteBuffer(string: "1"))
                try await copy.replaceFile("locks/x.json", ByteBuffer(string: "3"))
                #expect(try await copy.readFile("locks/x.json") == ByteBuffer(string: "3"))
                try await copy.removeFile("locks/x.json")
                try await copy.removeFile("locks/x.json")
                #expect(try await copy.readFile("locks/x.json") == nil)
            }
            #expect(names(in: scene.root.appending("vault").appending("locks")).isEmpty)
        }
    }
}
