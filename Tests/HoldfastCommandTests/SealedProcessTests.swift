// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Glibc
import Holdfast
import NIOCore
import ObjectStorage
import Streams
import SystemPackage
import TestSupport
import Testing

/// The program seals, the programs of others open, on a real server.
@Suite(.serialized, .enabled(if: TestServer.expected.contains { $0.name == "seaweedfs" }))
struct SealedProcessTests {
    private static let source = "seal-source"
    private static let objects = 4

    private struct Listing: Decodable {
        let backups: [BackupSummary]
    }

    /// Runs `body` with the program, an empty vault, two identity files and a source of 24 MiB.
    private func withProgram(_ body: (HoldfastProcess, [Key]) async throws -> Void) async throws {
        let directory = FilePath(NSTemporaryDirectory()).appending("holdfast-seal-\(UUID().uuidString)")
        try FileManager.default.createDirectory(atPath: directory.string, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: directory.string) }
        let program = try HoldfastProcess(directory: directory, bucket: "seal-\(UUID().uuidString.lowercased())")
        try await program.withService { service in
            if try await !service.bucketExists(Self.source) { try await service.createBucket(Self.source) }
            var random = SeededGenerator(seed: 1)
            for number in 0..<Self.objects {
                let body = ReplayableBody(ByteBuffer(bytes: random.bytes(6 << 20)))
                _ = try await service.store(for: Self.source).put(ObjectKey("o\(number)"), body, PutOptions())
            }
        }
        var keys: [Key] = []
        for name in ["old", "new"] {
            let path = directory.appending("\(name).txt").string
            #expect(try await program.run(["keys", "generate", path]).status == 0)
            let shown = try await program.run(["keys", "show", path])
            let recipient = String(decoding: shown.output, as: UTF8.self).trimmingCharacters(in: .newlines)
            keys.append(Key(path: path, recipient: recipient))
        }
        try await body(program, keys)
        try await program.withService { service in
            for bucket in [program.bucket, program.bucket + "-target"] where try await service.bucketExists(bucket) {
                let store = service.store(for: bucket)
                for try await page in listing(of: store) {
                    _ = try await store.delete(page.objects.map { ObjectReference($0.key) })
                }
                try await service.deleteBucket(bucket)
            }
        }
    }

    private struct Key {
        let path: String
        let recipient: String
    }

    private func tool(_ line: String, in directory: FilePath) throws -> (status: Int32, output: String) {
        let process = Process()
        let pipe = Pipe()
        process.executableURL = URL(fileURLWithPath: "/bin/bash")
        process.arguments = ["-o", "pipefail", "-c", line]
        process.currentDirectoryURL = URL(fileURLWithPath: directory.string)
        process.standardOutput = pipe
        process.standardError = pipe
        try process.run()
        let output = String(decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        return (process.terminationStatus, output)
    }

    private func opens(_ program: HoldfastProcess, _ key: Key, _ arguments: [String] = []) async throws -> Bool {
        let outcome = try await program.run(["cat", "first", "o1", "--identity", key.path] + arguments)
        #expect([0, 7].contains(outcome.status), "\(outcome.errors)")
        return outcome.status == 0 && outcome.output.count == 6 << 20
    }

    @Test func sealedThereAndBack() async throws {
        try await withProgram { program, keys in
            let made = try await program.run(
                ["backup", Self.source, "--name", "first", "--recipient", keys[0].recipient])
            #expect(made.status == 0, "\(made.errors)")
            #expect(
                String(decoding: made.output, as: UTF8.self).contains("sealed   to \(keys[0].recipient.prefix(12))…"))
            let archive = "vault/buckets/first.tar.gz.age"
            let tar = "tar --warning=no-unknown-keyword -tz"
            let listed = try tool("age -d -i old.txt \(archive) | \(tar)", in: program.directory)
            #expect(listed.status == 0)
            #expect(
                listed.output.split(separator: "\n")
                    == ["o0", "o1", "o2", "o3", ".backup_metadata.json", ".holdfast/catalog.db", ".holdfast/index"])

            // Without an identity: known on this host, closed all the same.
            let backups = try HoldfastProcess.decode(Listing.self, try await program.run(["backups", "--json"])).backups
            #expect(backups.map(\.sealed) == [true] && backups.map(\.objectCount) == [Self.objects])
            #expect(try await program.run(["show", "first"]).status == 0)
            for arguments in [["cat", "first", "o1"], ["restore", "first", "--to", program.bucket + "-target"]] {
                let outcome = try await program.run(arguments)
                #expect(outcome.status == 7 && outcome.output.isEmpty)
                #expect(outcome.errors.contains("--identity"))
            }
            let isMade = try await program.withService { try await $0.bucketExists(program.bucket + "-target") }
            #expect(!isMade)
            #expect(try await program.run(["verify", "first"]).status == 7)
            #expect(try await program.run(["verify", "first", "--depth", "seal"]).status == 0)
            let wrong = try await program.run(["cat", "first", "o1", "--identity", keys[1].path])
            #expect(wrong.status == 7 && wrong.output.isEmpty)
            #expect(wrong.errors.contains("\(keys[1].recipient.prefix(12))…") && !wrong.errors.contains("SECRET"))

            // With one.
            let opening = ["--identity", keys[0].path]
            #expect(try await program.run(["verify", "first"] + opening).status == 0)
            for copy in [["--vault-bucket", ""], ["--vault-directory", ""]] {
                #expect(try await opens(program, keys[0], copy))
            }
            let restored = try await program.run(["restore", "first", "--to", program.bucket + "-target"] + opening)
            #expect(restored.status == 0, "\(restored.errors)")
            try await program.withService { service in
                var random = SeededGenerator(seed: 1)
                for number in 0..<Self.objects {
                    let body = try await service.store(for: program.bucket + "-target")
                        .get(ObjectKey("o\(number)"), GetOptions())
                    #expect(try await body.bytes.collect(upTo: 8 << 20) == ByteBuffer(bytes: random.bytes(6 << 20)))
                }
            }
            #expect(try await program.run(["diff", "first", "s3://\(Self.source)"] + opening).status == 0)
        }
    }

    @Test func resealedOnTheServer() async throws {
        try await withProgram { program, keys in
            let made = try await program.run(
                ["backup", Self.source, "--name", "first", "--recipient", keys[0].recipient, "--quiet"])
            #expect(made.status == 0, "\(made.errors)")
            let resealed = try await program.run(
                ["reseal", "first", "--identity", keys[0].path, "--recipient", keys[1].recipient])
            #expect(resealed.status == 0, "\(resealed.errors)")
            for copy in [["--vault-bucket", ""], ["--vault-directory", ""]] {
                #expect(try await opens(program, keys[1], copy))
                #expect(try await !opens(program, keys[0], copy))
            }
            #expect(try await program.run(["verify", "first", "--identity", keys[1].path]).status == 0)
            #expect(try await program.run(["verify", "first", "--depth", "seal"]).status == 0)
            #expect(
                try tool("age -d -i new.txt vault/buckets/first.tar.gz.age | tar -tz", in: program.directory).status
                    == 0)
        }
    }

    @Test func noKillOfAResealLosesTheBackup() async throws {
        try await withProgram { program, keys in
            let made = try await program.run(
                ["backup", Self.source, "--name", "first", "--recipient", keys[0].recipient, "--quiet"])
            #expect(made.status == 0, "\(made.errors)")
            let bucketOnly = ["--vault-directory", ""]
            var number = 0
            var isTripped = true
            while isTripped {
                number += 1
                let process = Guarded<pid_t?>(nil)
                let wire = TripwireProxy.Wire(
                    bucket: program.bucket, number: number, moment: number.isMultiple(of: 2) ? .before : .after
                ) {
                    if let process = process.value { kill(process, SIGKILL) }
                }
                let wanted = keys[number % 2]
                let identities = keys.flatMap { ["--identity", $0.path] }
                isTripped = try await TripwireProxy.with(program.server, wire) { proxy, port in
                    _ = try await program.run(
                        ["reseal", "first", "--recipient", wanted.recipient] + identities + bucketOnly, vaultPort: port,
                        started: { pid in process.with { $0 = pid } })
                    return proxy.counted.count >= number
                }
                let first = try await opens(program, keys[0], bucketOnly)
                let second = try await opens(program, keys[1], bucketOnly)
                #expect(first != second, "killed at request \(number)")
                let again = try await program.run(
                    ["reseal", "first", "--recipient", wanted.recipient] + identities + bucketOnly)
                #expect(again.status == 0, "killed at request \(number): \(again.errors)")
                #expect(try await opens(program, wanted, bucketOnly), "killed at request \(number)")
            }
            #expect(number > 8)
        }
    }
}
