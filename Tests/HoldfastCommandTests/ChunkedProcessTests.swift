// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Holdfast
import NIOCore
import ObjectStorage
import Streams
import SystemPackage
import TestSupport
import Testing

/// The life of a large object on a real server: grown, altered in the middle, renamed and copied.
@Suite(
    .serialized, .timeLimit(.minutes(10)), .enabled(if: TestServer.expected.contains { $0.name == "seaweedfs" }))
struct ChunkedProcessTests {
    private struct Made: Decodable {
        let complete: Bool
        let file: String
        let archiveBytes: Int
        let sharedBytes: Int
        let dependsOn: [String]
    }

    private struct Day {
        let name: String
        var objects: [String: [UInt8]]
    }

    /// A bucket of its own, empty afterwards.
    private static func with(_ body: (HoldfastProcess, String) async throws -> Void) async throws {
        let bucket = "chunks-\(UUID().uuidString.lowercased())"
        try await HoldfastProcess.with(source: bucket, objects: 0, size: 0) { program in
            try await body(program, bucket)
            try await program.withService { service in
                for bucket in [bucket, bucket + "-target"] where try await service.bucketExists(bucket) {
                    let store = service.store(for: bucket)
                    for try await page in listing(of: store) {
                        _ = try await store.delete(page.objects.map { ObjectReference($0.key) })
                    }
                    try await service.deleteBucket(bucket)
                }
            }
        }
    }

    private static func expect(
        _ program: HoldfastProcess, _ arguments: [String], sourceLocation: SourceLocation = #_sourceLocation
    ) async throws -> Data {
        let outcome = try await program.run(arguments)
        #expect(outcome.status == 0, "\(arguments): \(outcome.errors)", sourceLocation: sourceLocation)
        return outcome.output
    }

    private static func backUp(_ program: HoldfastProcess, _ bucket: String, _ day: Day) async throws -> Made {
        try await program.withService { service in
            let store = service.store(for: bucket)
            for try await page in listing(of: store) {
                let gone = page.objects.filter { day.objects[String(decoding: $0.key.bytes, as: UTF8.self)] == nil }
                if !gone.isEmpty { _ = try await store.delete(gone.map { ObjectReference($0.key) }) }
            }
            for (key, content) in day.objects {
                _ = try await store.put(
                    ObjectKey(key), ReplayableBody(ByteBuffer(bytes: content)), PutOptions())
            }
        }
        let outcome = try await program.run(["backup", bucket, "--name", day.name, "--json"])
        #expect(outcome.status == 0, "\(outcome.errors)")
        return try HoldfastProcess.decode(Made.self, outcome)
    }

    private static func expectEverything(_ program: HoldfastProcess, _ bucket: String, _ day: Day) async throws {
        _ = try await expect(program, ["verify", day.name, "--depth", "contents", "--quiet"])
        for (key, content) in day.objects {
            #expect(try await expect(program, ["cat", day.name, key]) == Data(content), "\(key) of \(day.name)")
        }
        _ = try await expect(
            program, ["restore", day.name, "--to", bucket + "-target", "--overwrite", "changed", "--quiet"])
        try await program.withService { service in
            let store = service.store(for: bucket + "-target")
            for (key, content) in day.objects {
                let body = try await store.get(ObjectKey(key), GetOptions())
                #expect(try await body.bytes.collect(upTo: 100 << 20) == ByteBuffer(bytes: content))
            }
        }
    }

    @Test func onlyTheDifferenceIsStored() async throws {
        try await Self.with { program, bucket in
            var random = SeededGenerator(seed: 7)
            let content = random.bytes(64 << 20)
            let appended = content + random.bytes(1 << 20)
            let middle = 33 << 20
            let inserted = appended[..<middle] + random.bytes(100) + appended[middle...]
            let days = [
                Day(name: "mon", objects: ["large": content]),
                Day(name: "tue", objects: ["large": appended]),
                Day(name: "wed", objects: ["large": Array(inserted)]),
                Day(name: "thu", objects: ["renamed": Array(inserted)]),
                Day(name: "fri", objects: ["renamed": Array(inserted), "copy": Array(inserted)]),
            ]
            var made: [Made] = []
            for day in days { made.append(try await Self.backUp(program, bucket, day)) }
            #expect(made.filter { !$0.complete }.isEmpty)
            #expect(made[0].archiveBytes > 64 << 20)
            // The chunk that had been the last is longer by now; one chunk was cut in two or grew; nothing is new.
            for (number, bound) in [(1, 9 << 20), (2, 10 << 20), (3, 200_000), (4, 200_000)] {
                #expect(made[number].archiveBytes < bound, "\(days[number].name): \(made[number].archiveBytes)")
            }
            // On Friday both were written anew.
            #expect(made[3].sharedBytes == inserted.count && made[4].sharedBytes == 2 * inserted.count)
            #expect(made[4].dependsOn == ["mon.tar.gz", "tue.tar.gz", "wed.tar.gz"])
            for day in [days[2], days[4]] { try await Self.expectEverything(program, bucket, day) }

            // What the last one needs stays when the others go.
            _ = try await Self.expect(
                program, ["prune", "--keep-last", "1", "--accept-loss", "--quiet"])
            #expect(try await program.backups().map { $0.name } == ["fri"])
            try await Self.expectEverything(program, bucket, days[4])
            try await Self.expectRecoveryByHand(program, made[4].file, days[4])

            // One archive of all of it, and then nothing else is needed.
            _ = try await Self.expect(
                program, ["backup", bucket, "--synthetic-full", "--name", "whole", "--quiet"])
            _ = try await Self.expect(program, ["delete", "fri", "--yes", "--quiet"])
            let left = program.directory.appending("vault").appending("buckets")
            #expect(try FileManager.default.contentsOfDirectory(atPath: left.string) == ["whole.tar.gz"])
            try await Self.expectEverything(program, bucket, Day(name: "whole", objects: days[4].objects))

            // And what is built on that one finds its chunks.
            let last = try await Self.backUp(
                program, bucket, Day(name: "sat", objects: ["renamed": Array(inserted), "copy": inserted + [1]]))
            #expect(last.archiveBytes < 9 << 20 && last.dependsOn == ["whole.tar.gz"])
        }
    }

    private static func expectRecoveryByHand(_ program: HoldfastProcess, _ file: String, _ day: Day) async throws {
        let page = FilePath(#filePath).removingLastComponent().removingLastComponent().removingLastComponent()
            .appending("Documentation").appending("recover-by-hand.md")
        let text = try String(contentsOfFile: page.string, encoding: .utf8)
        let source = try #require(
            text.components(separatedBy: "```python\n").last?.components(separatedBy: "```").first)
        let script = program.directory.appending("recover.py").string
        try source.write(toFile: script, atomically: false, encoding: .utf8)
        let folder = program.directory.appending("recovered")
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = [
            "python3", script, program.directory.appending("vault/buckets").appending(file).string, folder.string,
        ]
        try process.run()
        process.waitUntilExit()
        #expect(process.terminationStatus == 0)
        for (key, content) in day.objects {
            #expect(try Data(contentsOf: URL(fileURLWithPath: folder.appending(key).string)) == Data(content))
        }
    }
}
