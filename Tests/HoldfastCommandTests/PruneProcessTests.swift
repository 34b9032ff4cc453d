// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Glibc
import Holdfast
import ObjectStorage
import SystemPackage
import TestSupport
import Testing

/// The program prunes a vault on a real server: killed at every request, beside others, and with versions.
@Suite(.serialized, .enabled(if: TestServer.expected.contains { $0.name == "seaweedfs" }))
struct PruneProcessTests {
    private static let source = "prune-source"

    private func withProgram(_ body: (HoldfastProcess) async throws -> Void) async throws {
        try await HoldfastProcess.with(source: Self.source, objects: 2, size: 200, body)
    }

    private func expectListedIsSound(_ program: HoldfastProcess, _ comment: Comment? = nil) async throws -> [String] {
        let listed = try await program.backups().map(\.name)
        for name in listed {
            let outcome = try await program.run(["verify", name, "--depth", "contents", "--json"])
            let report = try HoldfastProcess.decode(VerifyReport.self, outcome)
            let isSound = !report.copies.isEmpty && report.copies.allSatisfy { $0.isSound }
            #expect(isSound, comment)
        }
        return listed
    }

    /// Each round adds a backup that builds on the one before, or does not, and kills the prune one request later.
    @Test(arguments: [TripwireProxy.Moment.before, .after])
    func noKillTakesWhatIsListed(moment: TripwireProxy.Moment) async throws {
        try await withProgram { program in
            #expect(try await program.run(["backup", Self.source, "--name", "b-0", "--quiet"]).status == 0)
            var number = 0
            var isTripped = true
            while isTripped {
                number += 1
                let full = number.isMultiple(of: 2) ? ["--full"] : []
                let made = try await program.run(
                    ["backup", Self.source, "--name", "b-\(number)", "--metadata-sweep", "never", "--quiet"] + full)
                #expect(made.status == 0, "\(made.errors)")
                let outcome: HoldfastProcess.Outcome
                (outcome, isTripped) = try await program.interrupt(
                    ["prune", "--keep-last", "1", "--quiet"], at: number, moment, SIGKILL)
                #expect(outcome.status == (isTripped ? -SIGKILL : 0), "at request \(number): \(outcome.errors)")
                try await program.expectInvariants("at request \(number)")
                let listed = try await program.backups().map(\.name)
                #expect(listed.last == "b-\(number)", "at request \(number)")
                // The next one does what the killed one left.
                let again = try await program.run(["prune", "--keep-last", "1", "--quiet"])
                #expect(again.status == 0, "at request \(number): \(again.errors)")
                let archives = program.directory.appending("vault").appending("buckets").string
                let left = try FileManager.default.contentsOfDirectory(atPath: archives)
                #expect(left.count <= 2 && left.contains("b-\(number).tar.gz"), "at request \(number)")
            }
            #expect(number > 20)
            #expect(try await program.backups().count == 1)
        }
    }

    @Test func hostsAtOnce() async throws {
        try await withProgram { program in
            for round in 0..<4 {
                for index in 0..<2 {
                    let name = "round-\(round)-\(index)"
                    #expect(try await program.run(["backup", Self.source, "--name", name, "--quiet"]).status == 0)
                }
                let statuses = try await withThrowingTaskGroup(of: Int32.self) { group in
                    for host in 1...2 {
                        let state = program.directory.appending("state-\(host)").string
                        group.addTask {
                            try await program.run(
                                ["prune", "--keep-last", "\(host)", "--quiet", "--state-directory", state]
                            ).status
                        }
                    }
                    group.addTask {
                        try await program.run(["backup", Self.source, "--name", "beside-\(round)", "--quiet"]).status
                    }
                    return try await group.reduce(into: []) { $0.append($1) }
                }
                #expect(statuses.allSatisfy { $0 == 0 || $0 == 5 })
                #expect(try await !expectListedIsSound(program, "round \(round)").isEmpty)
            }
            #expect(try await program.run(["prune", "--keep-last", "1", "--quiet"]).status == 0)
            #expect(try await expectListedIsSound(program).count == 1)
        }
    }

    @Test func aBucketWithVersionsIsReallyEmptied() async throws {
        try await withProgram { program in
            try await program.withService { service in
                try await service.createBucket(program.bucket)
                try await service.setDocument(
                    .versioning, of: program.bucket, to: versioningDocument("Enabled"))
            }
            for number in 1...3 {
                let arguments = ["backup", Self.source, "--name", "v-\(number)", "--full", "--quiet"]
                #expect(try await program.run(arguments).status == 0)
            }
            let outcome = try await program.run(["prune", "--keep-last", "1", "--json"])
            #expect(outcome.status == 0, "\(outcome.errors)")
            let report = try HoldfastProcess.decode(PruneReport.self, outcome)
            #expect(report.removed.map(\.file).sorted() == ["v-1.tar.gz", "v-2.tar.gz"])
            #expect(report.freed.allSatisfy { $0.archives == 2 && $0.bytes > 0 })
            try await program.withService { service in
                var rows: [String] = []
                for try await page in versionListing(of: service.store(for: program.bucket)) {
                    rows += page.versions.map { "\($0.info.key)" }
                }
                #expect(rows.filter { $0 != "locks/vault.json" } == ["buckets/v-3.tar.gz"])
            }
        }
    }

    @Test func whatItSaysAndHowItEnds() async throws {
        try await withProgram { program in
            #expect(try await program.run(["prune"]).status == 2)
            #expect(try await program.run(["prune", "--keep-tag", "x"]).status == 2)
            #expect(try await program.run(["prune", "--keep-last", "1", "--time-zone", "CET"]).status == 2)
            for name in ["first", "second"] {
                let arguments = ["backup", Self.source, "--name", name, "--full", "--quiet", "--tag", "t-\(name)"]
                #expect(try await program.run(arguments).status == 0)
            }
            #expect(try await program.run(["prune", "nothing", "--keep-last", "1"]).status == 4)
            let dry = try await program.run(["prune", "--keep-last", "1", "--dry-run"])
            let text = String(decoding: dry.output, as: UTF8.self)
            #expect(dry.status == 0)
            #expect(text.contains("2 backups, 1 kept, 1 would be removed."))
            #expect(text.contains("older than the last 1"))
            #expect(try await program.backups().count == 2)
            #expect(
                try await program.run(["prune", "--keep-last", "1", "--keep-tag", "t-first", "--quiet"]).status == 0)
            #expect(try await program.backups().count == 2)
            #expect(try await program.run(["prune", Self.source, "--keep-last", "1", "--quiet"]).status == 0)
            #expect(try await program.backups().map(\.tags) == [["t-second"]])
        }
    }
}
