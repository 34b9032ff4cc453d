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

extension HoldfastProcess {
    private struct Listing: Decodable {
        let backups: [BackupSummary]
        let unreachable: [CopyProblem]
    }

    /// Runs `body` with the program, an empty vault and a source of noise.
    static func with(
        source: String, objects: Int, size: Int, _ body: (HoldfastProcess) async throws -> Void
    ) async throws {
        let directory = FilePath(NSTemporaryDirectory()).appending("holdfast-kill-\(UUID().uuidString)")
        try FileManager.default.createDirectory(atPath: directory.string, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: directory.string) }
        let program = try HoldfastProcess(directory: directory, bucket: "kill-\(UUID().uuidString.lowercased())")
        try await program.withService { service in
            if try await !service.bucketExists(source) { try await service.createBucket(source) }
            var random = SeededGenerator(seed: 1)
            for number in 0..<objects {
                let body = ReplayableBody(ByteBuffer(bytes: random.bytes(size)))
                _ = try await service.store(for: source).put(ObjectKey("o\(number)"), body, PutOptions())
            }
        }
        try await body(program)
        try await program.withService { service in
            let store = service.store(for: program.bucket)
            for try await page in versionListing(of: store) {
                _ = try await store.delete(
                    page.versions.map { ObjectReference($0.info.key, version: $0.info.version) })
            }
            for try await page in listing(of: store) {
                _ = try await store.delete(page.objects.map { ObjectReference($0.key) })
            }
            try await service.deleteBucket(program.bucket)
        }
    }

    func backups() async throws -> [BackupSummary] {
        let outcome = try await run(["backups", "--json"])
        #expect(outcome.status == 0, "\(outcome.errors)")
        return try Self.decode(Listing.self, outcome).backups
    }

    /// Lets a program that shares nothing with Holdfast look whether the invariants of the format hold in both copies.
    func expectInvariants(_ moment: String) async throws {
        let variables = ProcessInfo.processInfo.environment
        let script = FilePath(#filePath).appending("../../../../Scripts/check_vault.py").lexicallyNormalized()
        let python = try #require(variables["HOLDFAST_TEST_VENV"]) + "/bin/python"
        let outcome = try await launch(
            python, [script.string, directory.appending("vault").string, "s3://\(bucket)"],
            ["PATH": variables["PATH"] ?? "", "MINIO_ENDPOINT": "http://\(server.host):\(server.port)"])
        let said = String(decoding: outcome.output, as: UTF8.self) + outcome.errors
        #expect(outcome.status == 0, "\(moment): \(said)")
    }

    /// Runs a command whose process is sent a signal at a request to the vault bucket; whether that request came. `then` is
    /// told the port at which the vault answers to what comes after: its address is part of a copy's name.
    func interrupt(
        _ arguments: [String], at number: Int, _ moment: TripwireProxy.Moment, _ signal: Int32,
        then: (Int) async throws -> Void = { _ in }
    ) async throws -> (outcome: Outcome, isTripped: Bool) {
        let process = Guarded<pid_t?>(nil)
        let wire = TripwireProxy.Wire(bucket: bucket, number: number, moment: moment) {
            if let process = process.value { kill(process, signal) }
        }
        return try await TripwireProxy.with(server, wire) { proxy, port in
            let outcome = try await run(arguments, vaultPort: port, started: { pid in process.with { $0 = pid } })
            let isTripped = proxy.counted.count >= number
            proxy.mend()
            try await then(port)
            return (outcome, isTripped)
        }
    }
}
