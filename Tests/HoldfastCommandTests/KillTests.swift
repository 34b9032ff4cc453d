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

/// The program is killed at every request of the write order, on a real server (format, order of writes).
@Suite(.serialized, .enabled(if: TestServer.expected.contains { $0.name == "seaweedfs" }))
struct KillTests {
    private static let source = "kill-source"

    /// Runs `body` with the program, an empty vault and a source whose archive takes two parts.
    private func withProgram(_ body: (HoldfastProcess) async throws -> Void) async throws {
        try await HoldfastProcess.with(source: Self.source, objects: 3, size: 3 << 20, body)
    }

    /// Runs a backup whose process is sent a signal at a request; whether that request came.
    private func interrupt(
        _ program: HoldfastProcess, name: String, at number: Int, _ moment: TripwireProxy.Moment, _ signal: Int32
    ) async throws -> (outcome: HoldfastProcess.Outcome, isTripped: Bool) {
        try await program.interrupt(["backup", Self.source, "--name", name, "--quiet"], at: number, moment, signal)
    }

    @Test(arguments: [TripwireProxy.Moment.before, .after])
    func noKillLeavesHalfABackup(moment: TripwireProxy.Moment) async throws {
        try await withProgram { program in
            var number = 0
            var isTripped = true
            while isTripped {
                number += 1
                let name = "kill-\(number)"
                let outcome: HoldfastProcess.Outcome
                (outcome, isTripped) = try await interrupt(program, name: name, at: number, moment, SIGKILL)
                #expect(outcome.status == (isTripped ? -SIGKILL : 0), "at request \(number): \(outcome.errors)")

                let listed = try await program.backups()
                #expect(listed.allSatisfy { $0.complete == true && $0.problem == nil }, "at request \(number)")
                let isCommitted = listed.contains { $0.name == name }
                if isCommitted { try await program.expectInvariants("at request \(number)") }
                let again = try await program.run(["backup", Self.source, "--name", name, "--quiet"])
                #expect(again.status == (isCommitted ? 5 : 0), "at request \(number): \(again.errors)")
                try await expectSound(program, name)
                #expect(try await program.run(["delete", name, "--yes"]).status == 0)
            }
            #expect(number > 8)
            try await expectNothingLeft(program)
        }
    }

    /// A backup that folds an earlier archive, of which little is in use, is killed at each request: what refers to that
    /// archive keeps it, and what is made afterwards does without.
    @Test func noKillOfAFoldingBackupTakesWhatOthersNeed() async throws {
        let source = "fold-\(UUID().uuidString.lowercased())"
        func arguments(_ name: String) -> [String] {
            ["backup", source, "--name", name, "--metadata-sweep", "never", "--json"]
        }
        try await HoldfastProcess.with(source: source, objects: 4, size: 1 << 20) { program in
            func backUp(_ name: String) async throws -> [String] {
                let outcome = try await program.run(arguments(name))
                #expect(outcome.status == 0, "\(outcome.errors)")
                return try HoldfastProcess.decode(Made.self, outcome).dependsOn
            }
            #expect(try await backUp("old") == [])
            try await program.withService { service in
                for number in 1...3 {
                    let body = ReplayableBody(ByteBuffer(string: "number \(number)"))
                    _ = try await service.store(for: source).put(ObjectKey("o\(number)"), body, PutOptions())
                }
            }
            // A quarter of what "old" holds is in use then: the next one does without.
            #expect(try await backUp("base") == ["old.tar.gz"])
            var number = 0
            var isTripped = true
            while isTripped {
                number += 1
                let outcome: HoldfastProcess.Outcome
                (outcome, isTripped) = try await program.interrupt(arguments("folded"), at: number, .after, SIGKILL)
                #expect(outcome.status == (isTripped ? -SIGKILL : 0), "at request \(number): \(outcome.errors)")
                try await program.expectInvariants("at request \(number)")
                if try await !program.backups().contains(where: { $0.name == "folded" }) {
                    #expect(try await backUp("folded") == ["base.tar.gz"], "at request \(number)")
                    try await program.expectInvariants("after request \(number)")
                }
                #expect(try await program.run(["delete", "folded", "--yes"]).status == 0)
            }
            #expect(number > 8)
        }
    }

    /// Each copy that has the backup has it whole; a kill between two commits leaves one without it.
    private func expectSound(_ program: HoldfastProcess, _ name: String) async throws {
        let outcome = try await program.run(["verify", name, "--depth", "contents", "--json"])
        let report = try HoldfastProcess.decode(VerifyReport.self, outcome)
        #expect(!report.copies.isEmpty, "\(name)")
        #expect(report.copies.allSatisfy { $0.isSound }, "\(name): \(outcome.errors)")
    }

    private func expectNothingLeft(_ program: HoldfastProcess) async throws {
        // A run of another name removes what the last killed one left.
        #expect(try await program.run(["backup", Self.source, "--name", "last", "--quiet"]).status == 0)
        #expect(try await program.run(["delete", "last", "--yes"]).status == 0)
        #expect(try await uploads(program).isEmpty)
        let archives = program.directory.appending("vault").appending("buckets").string
        #expect(try FileManager.default.contentsOfDirectory(atPath: archives).isEmpty)
    }

    /// Of a backup's report, what is looked at here.
    private struct Made: Decodable {
        let name: String
        let complete: Bool
        let copies: [String]
        let dependsOn: [String]
        let resumed: ResumedPart?
    }

    /// Killed behind a checkpoint, the backup goes on, in the directory as in the bucket: there with its upload, or, when
    /// the bucket has another address by now, from the directory. No upload is left.
    @Test(arguments: [true, false]) func aKilledBackupGoesOn(atTheSameAddress: Bool) async throws {
        // A checkpoint comes after 256 MiB, 32 objects; no more than six others are read by then, with a few requests
        // beside.
        try await HoldfastProcess.with(source: "resume-source", objects: 60, size: 8 << 20) { program in
            let (outcome, isTripped) = try await program.interrupt(
                ["backup", "resume-source", "--quiet"], at: 60, .before, SIGKILL
            ) { port in
                let begun = try await uploads(program)
                #expect(begun.count == 1)
                #expect(try await program.backups().isEmpty)

                let again = try await program.run(
                    ["backup", "resume-source", "--json"], vaultPort: atTheSameAddress ? port : nil)
                #expect(again.status == 0, "\(again.errors)")
                let report = try HoldfastProcess.decode(Made.self, again)
                let resumed = try #require(report.resumed)
                #expect(resumed.objectCount >= 31 && resumed.objectCount < 60)
                #expect(report.complete && report.copies.count == 2)
                #expect(try await uploads(program).isEmpty)
                try await expectSound(program, report.name)
                #expect(try await program.run(["delete", report.name, "--yes"]).status == 0)
            }
            #expect(isTripped && outcome.status == -SIGKILL, "\(outcome.errors)")
            for folder in ["vault/buckets", "state/interrupted"] {
                let path = program.directory.appending(folder).string
                #expect(try FileManager.default.contentsOfDirectory(atPath: path).isEmpty)
            }
        }
    }

    private func uploads(_ program: HoldfastProcess) async throws -> [PendingUpload] {
        try await program.withService { try await $0.store(for: program.bucket).uploads(prefix: []) }
    }

    @Test(arguments: [SIGINT, SIGTERM], [5, 7, 8])
    func anInterruptionCleansUp(signal: Int32, number: Int) async throws {
        try await withProgram { program in
            let (outcome, isTripped) = try await interrupt(program, name: "stopped", at: number, .instead, signal)
            #expect(isTripped)
            #expect(outcome.status == 130, "\(outcome.errors)")
            #expect(try await program.backups().isEmpty)
            let archives = program.directory.appending("vault").appending("buckets").string
            #expect(try FileManager.default.contentsOfDirectory(atPath: archives).isEmpty)
            #expect(try await uploads(program).isEmpty)
            #expect(try await program.run(["backup", Self.source, "--name", "stopped", "--quiet"]).status == 0)
        }
    }

    /// Killed while it sends the parts of an object, a restore leaves an upload; the next one knows it, and no other.
    @Test func aKilledRestoreLeavesNoUploadForLong() async throws {
        try await HoldfastProcess.with(source: "upload-source", objects: 1, size: 40 << 20) { program in
            #expect(try await program.run(["backup", "upload-source", "--name", "r", "--quiet"]).status == 0)
            let target = "upload-target-\(UUID().uuidString.lowercased())"
            try await program.withService { service in
                try await service.createBucket(target)
                let store = service.store(for: target)
                let key = ObjectKey("o0")
                let foreign = try await store.createUpload(key, PutOptions())
                let body = ReplayableBody(ByteBuffer(bytes: [1]))
                _ = try await store.uploadPart(key, foreign, number: 1, body)

                let restore = ["restore", "r", "--to", target, "--json"]
                let killed = Guarded<pid_t?>(nil)
                async let outcome = program.run(restore + ["--limit-upload", "4M"]) { pid in
                    killed.with { $0 = pid }
                }
                var ours: UploadID?
                while ours == nil {
                    try await Task.sleep(for: .milliseconds(50))
                    for pending in try await store.uploads(prefix: []) where pending.upload != foreign {
                        if try await !store.parts(of: key, pending.upload).isEmpty { ours = pending.upload }
                    }
                }
                kill(try #require(killed.value), SIGKILL)
                #expect(try await outcome.status == -SIGKILL)
                #expect(try await store.uploads(prefix: []).count == 2)

                let again = try await program.run(restore)
                #expect(again.status == 0, "\(again.errors)")
                #expect(String(decoding: again.output, as: UTF8.self).contains("had left an unfinished upload"))
                #expect(try await store.uploads(prefix: []).map(\.upload) == [foreign])
                #expect(try await store.head(key, version: nil).size == 40 << 20)
                try await store.abortUpload(key, foreign)
            }
            let records = program.directory.appending("state/uploads").string
            #expect(try FileManager.default.contentsOfDirectory(atPath: records).isEmpty)
        }
    }

    /// A repair that fills the bucket is killed at each of its requests: the bucket has nothing, or all of it.
    @Test func aKilledRepairLeavesTheGoodCopy() async throws {
        try await withProgram { program in
            #expect(try await program.run(["backup", Self.source, "--name", "r", "--quiet"]).status == 0)
            let local = program.directory.appending("vault/buckets/r.tar.gz").string
            let whole = try Data(contentsOf: URL(fileURLWithPath: local))
            let key = ObjectKey("buckets/r.tar.gz")
            var number = 0
            var isTripped = true
            while isTripped {
                number += 1
                try await program.withService { service in
                    _ = try await service.store(for: program.bucket).delete([ObjectReference(key)])
                }
                let outcome: HoldfastProcess.Outcome
                (outcome, isTripped) = try await program.interrupt(
                    ["repair", "r", "--quiet"], at: number, .after, SIGKILL)
                #expect(outcome.status == (isTripped ? -SIGKILL : 0), "at request \(number): \(outcome.errors)")
                #expect(try Data(contentsOf: URL(fileURLWithPath: local)) == whole, "at request \(number)")
                let again = try await program.run(["repair", "r", "--quiet"])
                #expect(again.status == 0, "at request \(number): \(again.errors)")
                try await program.withService { service in
                    let stored = try await service.store(for: program.bucket).get(key, GetOptions())
                    let bytes = try await stored.bytes.collect(upTo: 1 << 26)
                    #expect(Data(bytes.readableBytesView) == whole, "at request \(number)")
                }
                try await program.expectInvariants("at request \(number)")
            }
            #expect(number > 8)
            #expect(try await program.run(["delete", "r", "--yes"]).status == 0)
            try await expectNothingLeft(program)
        }
    }
}
