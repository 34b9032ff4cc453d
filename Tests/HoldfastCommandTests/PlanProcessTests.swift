// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Glibc
import Holdfast
import SystemPackage
import TestSupport
import Testing

/// The program runs plans of a holdfast.yaml against a real server.
@Suite(.serialized, .enabled(if: TestServer.expected.contains { $0.name == "seaweedfs" }))
struct PlanProcessTests {
    private static let source = "plan-source"

    private func withProgram(
        _ plan: String, _ body: (HoldfastProcess, [String]) async throws -> Void
    ) async throws {
        try await HoldfastProcess.with(source: Self.source, objects: 2, size: 200) { program in
            let file = program.directory.appending("plans.yaml").string
            try Data("plans:\n  night: \(plan)\n".utf8).write(to: URL(fileURLWithPath: file))
            try await body(program, ["--config", file])
        }
    }

    private struct Listing: Decodable {
        let plans: [PlanStatus]
    }

    private func status(_ program: HoldfastProcess, _ config: [String]) async throws -> PlanStatus {
        let outcome = try await program.run(["plan", "list", "--json"] + config)
        #expect(outcome.status == 0, "\(outcome.errors)")
        return try #require(try HoldfastProcess.decode(Listing.self, outcome).plans.first)
    }

    @Test("Run, look, hold, go on")
    func life() async throws {
        let plan = """
            {buckets: [\(Self.source), not-there], every: 24h, keep: {keep_last: 1},
            verify: {every: 7d}, objectives: {rpo: 24h}}
            """
        try await withProgram(plan) { program, config in
            var found = try await status(program, config)
            #expect(found.due == nil && found.lastState == nil && found.recoveryPointMet == false)
            let run = try await program.run(["plan", "run", "night", "--json"] + config)
            #expect(run.status == 1, "\(run.errors)")
            let report = try HoldfastProcess.decode(PlanReport.self, run)
            #expect(report.remaining == ["not-there"] && report.retry != nil && report.isPruned && report.isVerified)
            #expect(report.steps.map(\.kind) == [.backup, .backup, .prune, .verify])
            let backups = try await program.backups()
            #expect(backups.count == 1 && backups[0].name.hasPrefix("night_\(Self.source)_"))
            found = try await status(program, config)
            #expect(found.remaining == ["not-there"] && found.lastSuccess == nil && found.due != nil && !found.running)
            for (command, isPaused) in [("pause", true), ("pause", true), ("resume", false)] {
                let outcome = try await program.run(["plan", command, "night"] + config)
                #expect(outcome.status == 0, "\(outcome.errors)")
                #expect(try await status(program, config).paused == isPaused)
            }
            let shown = try await program.run(["plan", "show", "night"] + config)
            let text = String(decoding: shown.output, as: UTF8.self)
            #expect(text.contains("RPO           1d, NOT MET") && text.contains("Without       not-there"))
            #expect(try await program.run(["plan", "run", "nigth"] + config).status == 4)
            #expect(try await program.run(["notify", "test"] + config).status == 2, "nobody is told")
            let told = program.directory.appending("told").string
            let channels = """
                notifications:
                  - command: [/bin/sh, -c, "cat > \(told)"]
                  - webhook: http://127.0.0.1:1/hook
                """
            try Data(channels.utf8).write(to: URL(fileURLWithPath: config[1]))
            let notified = try await program.run(["notify", "test"] + config)
            let answer = String(decoding: notified.output, as: UTF8.self)
            #expect(notified.status == 1 && answer.contains("command /bin/sh: told"), "\(notified.errors)")
            #expect(answer.contains("webhook at 127.0.0.1: NOT TOLD"))
            #expect(try String(contentsOfFile: told, encoding: .utf8).contains("\"event\":\"test\""))
            // What is wrong with a plan is said before the night.
            let wrong = program.directory.appending("wrong.yaml").string
            try Data("plans:\n  a: {buckets: [x], every: 0m}".utf8).write(to: URL(fileURLWithPath: wrong))
            let check = try await program.run(["check", "--config", wrong])
            #expect(check.status == 2 && check.errors.contains("line 2: every is no length of time"))
        }
    }

    @Test("Killed in the middle, a round is gone on with by the next process, under the same name")
    func killed() async throws {
        try await withProgram("{buckets: [\(Self.source)], every: 24h}") { program, config in
            var number = 1
            var isTripped = true
            var kills = 0
            while isTripped {
                let outcome: HoldfastProcess.Outcome
                (outcome, isTripped) = try await program.interrupt(
                    ["plan", "run", "night", "--quiet"] + config, at: number, .after, SIGKILL)
                #expect(outcome.status == (isTripped ? -SIGKILL : 0), "at request \(number): \(outcome.errors)")
                if isTripped {
                    kills += 1
                    let before = try await status(program, config)
                    #expect(!before.running && before.remaining == [Self.source], "at request \(number)")
                    let again = try await program.run(["plan", "run", "night", "--json"] + config)
                    #expect(again.status == 0, "at request \(number): \(again.errors)")
                    let report = try HoldfastProcess.decode(PlanReport.self, again)
                    let begun = try #require(before.lastBegun)
                    // Rounds within one second are named after the seconds behind it.
                    #expect(abs(report.round.timeIntervalSince(begun)) < 3, "at request \(number)")
                    #expect(try await status(program, config).lastSuccess != nil)
                }
                number += 4
            }
            #expect(kills > 2)
            try await program.expectInvariants("after all")
        }
    }
}
