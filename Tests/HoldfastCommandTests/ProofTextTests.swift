// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Foundation
import Testing

@testable import Holdfast
@testable import HoldfastCommand

/// What was proven, drawn and repaired is told in words that claim no more than was seen.
@Suite struct ProofTextTests {
    @Test("A share of the objects is told in numbers, and is no verdict on the whole")
    func sample() {
        var report = VerifyReport(name: "a", file: "a.tar.gz", started: Date(timeIntervalSince1970: 0))
        var copy = CopyVerification(copy: "/v", depth: .structure)
        (copy.objectsRead, copy.bytesRead) = (5, 1024)
        (copy.objectsInBackup, copy.bytesInBackup) = (97, 20_480)
        report.copies = [copy]
        report.sample = VerifySample(share: 0.05, seed: 7)
        #expect(
            report.lines == [
                "a.tar.gz in /v: nothing wrong in what was read; index, catalog and metadata, and 5 of 97 objects (5.2 %), "
                    + "1.0 KiB of 20.0 KiB (5.0 %)",
                "  The objects were drawn at random; --seed 7 draws the same ones again.",
            ])
    }

    private func summary(_ proofs: [[String: Any]], copies: [String]) throws -> BackupSummary {
        var backup = BackupSummary(
            name: "a", file: "a.tar.gz", bucket: "b", time: Date(timeIntervalSince1970: 0), archiveBytes: 1,
            copies: copies, missingCopies: [])
        let data = try JSONSerialization.data(withJSONObject: proofs)
        let decoder = JSONDecoder()
        decoder.dateDecodingStrategy = .iso8601
        backup.proofs = try decoder.decode([CopyProofs].self, from: data)
        return backup
    }

    @Test("The weakest copy counts, and what is not sound counts most")
    func weakest() throws {
        let day = "2026-11-2"
        func proof(_ copy: String, _ stages: [String: String]) -> [String: Any] {
            ["copy": copy, "archiveBytes": 1, "modified": 0].merging(stages) { _, new in new }
        }
        func proven(_ proofs: [[String: Any]], _ copies: [String] = ["/v", "/w"]) throws -> Bool {
            let line = try #require(BackupSummary.table(of: [try summary(proofs, copies: copies)]).last)
            #expect(line.contains("PROVEN") == false)
            return line.contains("read back 2026-11-23")
        }
        let written = "\(day)1T00:00:00Z"
        let strong = proof("/v", ["written": written, "readBack": "2026-11-25T00:00:00Z"])
        let weak = proof("/w", ["written": written, "readBack": "2026-11-23T00:00:00Z"])
        #expect(try proven([strong, weak]))
        #expect(try !proven([strong, proof("/w", ["written": written])]))
        #expect(try !proven([weak]))
        #expect(try proven([weak], ["/w"]))
        let bad = proof("/v", ["written": written, "unsound": "2026-11-26T00:00:00Z", "unsoundDepth": "frames"])
        let line = try #require(BackupSummary.table(of: [try summary([bad, weak], copies: ["/v", "/w"])]).last)
        #expect(line.contains("NOT SOUND 2026-11-26"))
        let unknown = try #require(BackupSummary.table(of: [try summary([], copies: ["/v"])]).last)
        #expect(unknown.contains("not known"))
    }

    @Test("Times and shares are read as they are written, and nothing else is")
    func arguments() throws {
        #expect(try PeriodArgument.parse("90m").seconds == 5400)
        #expect(try PeriodArgument.parse("12h").seconds == 43_200)
        #expect(try PeriodArgument.parse("7d").seconds == 604_800)
        #expect(try PeriodArgument.parse("2w").seconds == 1_209_600)
        for wrong in ["", "7", "d", "-1d", "0d", "1.5d", "7 d", "7y", "99999999999999999999d", "9223372036854775807w"] {
            #expect(throws: ValidationError.self, "\(wrong)") { try PeriodArgument.parse(wrong) }
        }
        #expect(try ShareArgument.parse("5%").share == 0.05)
        #expect(try ShareArgument.parse("100%").share == 1)
        for wrong in ["", "%", "5", "0%", "-1%", "101%", "nan%", "inf%", "5%%"] {
            #expect(throws: ValidationError.self, "\(wrong)") { try ShareArgument.parse(wrong) }
        }
        #expect(throws: (any Error).self) { try VerifyCommand.parse(["a", "--again-after", "7d"]) }
        #expect(throws: (any Error).self) { try VerifyCommand.parse(["a", "--seed", "7"]) }
        #expect(throws: (any Error).self) { try VerifyCommand.parse(["a", "--sample", "5%", "--depth", "frames"]) }
        #expect(throws: (any Error).self) { try RepairCommand.parse(["a", "--all"]) }
        #expect(throws: (any Error).self) { try RepairCommand.parse([]) }
    }

    @Test("A repair says of each copy what was found and done, and its code tells the worst")
    func repair() {
        var report = RepairReport(dryRun: false, started: Date(timeIntervalSince1970: 0))
        report.archives = [
            .init(
                file: "a.tar.gz",
                copies: [
                    .init(copy: "/v", found: .sound),
                    .init(copy: "/w", found: .damaged, outcome: .replaced, problem: "frame 3", source: "/v"),
                ]), .init(file: "b.tar.gz", copies: [.init(copy: "/v", found: .sound)]),
        ]
        #expect(report.status == .complete)
        #expect(
            report.lines == [
                "a.tar.gz in /v: sound", "a.tar.gz in /w: damaged, was replaced from /v (frame 3)",
                "1 archive sound in every copy.",
            ])
        report.dryRun = true
        #expect(report.lines.contains("a.tar.gz in /w: damaged, would be replaced from /v (frame 3)"))
        report.archives[0].copies[1].outcome = .failed
        #expect(report.status == .exceptions)
        report.archives[0].copies[1].found = .unreadable
        #expect(report.status == .exceptions)
        report.archives[0].copies[1].found = .unopened
        #expect(report.status == .wrongKey)
        report.lost = [.init(backup: "a", key: "k", archive: "a.tar.gz")]
        report.lostCount = 3
        #expect(report.status == .corrupt)
        #expect(report.lines.contains("LOST in a: k, whose bytes were in a.tar.gz"))
        #expect(report.lines.last?.hasPrefix("… and 2 lost objects more") == true)
    }

    @Test("An archive that another run holds is a conflict, and one that is in no copy is lost")
    func states() {
        var report = RepairReport(dryRun: false, started: Date(timeIntervalSince1970: 0))
        #expect(report.status == .complete && report.lines == ["There are no backups to repair."])
        report.archives = [.init(file: "a.tar.gz", problem: "backup of a is under way", isBusy: true)]
        #expect(report.status == .conflict)
        report.archives.append(
            .init(file: "b.tar.gz", copies: [.init(copy: "/v", found: .missing)], problem: "It is in no copy."))
        #expect(report.status == .corrupt)
        report.archives = [
            .init(
                file: "c.tar.gz", copies: [.init(copy: "/v", found: .unreadable)],
                problem: "No copy of it can be read now.")
        ]
        #expect(report.status == .exceptions)
    }
}
