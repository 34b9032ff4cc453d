// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

// Reports are made by their runs alone; a test of their words makes them up.
@testable import Holdfast
@testable import HoldfastCommand

@Suite("Reports")
struct ReportTextTests {
    private var backup: BackupReport {
        BackupReport(
            name: "first", bucket: "photos", source: "http://s:1", file: "first.tar.gz",
            started: Date(timeIntervalSince1970: 0), finished: Date(timeIntervalSince1970: 2), seconds: 2,
            listedCount: 3000, storedCount: 3000, totalBytes: 4 << 20, includesVersions: false,
            olderVersionCount: 0, deleteMarkerCount: 0, unchangedCount: 0,
            dependsOn: [], sharedCount: 0, sharedBytes: 0, folded: [], archiveBytes: 1 << 20, archiveSHA256: "ab",
            changedCount: 0, exceptionCount: 0, exceptions: [], complete: true, copies: ["/v", "s3://b at http://s:1"],
            degraded: [], warnings: [])
    }

    @Test("A complete backup says so")
    func complete() {
        #expect(
            backup.lines == [
                "Backed up photos at http://s:1 as first.",
                "  objects  3,000 objects, 4.0 MiB",
                "  archive  first.tar.gz, 1.0 MiB (25 % of the objects' bytes)",
                "  time     2.00 s, 2.0 MiB/s, 1,500 objects/s",
                "  copies   /v",
                "           s3://b at http://s:1",
                "  sha256   ab",
                "Complete: every object that the bucket listed is in it.",
            ])
        #expect(backup.status == .complete)
    }

    @Test("A backup that went on says what it did not fetch, and tells its own pace")
    func resumed() {
        var report = backup
        report.resumed = ResumedPart(
            begun: Date(timeIntervalSince1970: -3600), saved: Date(timeIntervalSince1970: -60), objectCount: 2000,
            bytes: 3 << 20, archiveBytes: 1 << 19)
        report.archiveSHA256 = ""
        #expect(
            report.lines.contains(
                "  resumed  begun 1969-12-31 23:00:00 UTC and interrupted; 2,000 objects of it, 3.0 MiB, not fetched again"
            ))
        #expect(report.lines.contains("  time     2.00 s, 512 KiB/s, 500 objects/s"))
        #expect(!report.lines.contains { $0.contains("sha256") })
        #expect(report.status == .complete)
    }

    @Test("A backup with exceptions names the first and says how to see all")
    func incomplete() {
        var report = backup
        report.complete = false
        report.storedCount = 2980
        report.exceptionCount = 20
        report.exceptions = (0..<20).map { ExceptionReport(key: "k\($0)", reason: "denied", message: "no right") }
        #expect(report.status == .exceptions)
        #expect(report.lines.contains("  objects  2,980 of 3,000 objects, 4.0 MiB"))
        #expect(report.lines.contains("NOT COMPLETE: 20 objects are not in it as they are."))
        #expect(report.lines.contains("  k9: no right (denied)"))
        #expect(!report.lines.contains("  k10: no right (denied)"))
        #expect(report.lines.last == "  … and 10 more. holdfast show first --exceptions lists all.")
        #expect(!report.lines.contains { $0.hasPrefix("Complete") })
    }

    @Test("A copy that lacks the archive is no success")
    func degraded() {
        var report = backup
        report.degraded = [CopyProblem(label: "s3://b", problem: "full")]
        report.warnings = ["careful"]
        #expect(report.status == .exceptions)
        #expect(report.lines.suffix(2) == ["DEGRADED: s3://b does not have it: full", "Warning: careful"])
    }

    @Test("Nothing that was not measured is said")
    func unmeasured() {
        var report = backup
        report.seconds = 0
        report.totalBytes = 0
        #expect(report.lines.contains("  time     0.00 s"))
        #expect(report.lines.contains("  archive  first.tar.gz, 1.0 MiB"))
    }

    private var restore: RestoreReport {
        RestoreReport(
            name: "first", target: "http://s:1", bucket: "photos-2", dryRun: false,
            started: Date(timeIntervalSince1970: 0))
    }

    @Test("A restore says what was written, left and missed")
    func restored() {
        var report = restore
        report.bucketCreated = true
        (report.selectedCount, report.restoredCount, report.restoredBytes, report.overwrittenCount) = (12, 10, 2048, 3)
        (report.skippedCount, report.skipped) = (2, ["a", "b"])
        report.seconds = 1
        #expect(
            report.lines(.never) == [
                "Restored first into photos-2 at http://s:1.",
                "  bucket   was made",
                "  written  10 objects, 2.0 KiB, of which 3 over an object that was there",
                "  time     1.00 s, 2.0 KiB/s, 10 objects/s",
                "  left     2 objects as they were (--overwrite never):",
                "             a",
                "             b",
                "Complete: every object that was asked for was written, or left as it was.",
            ])
        #expect(report.status(KeySelection()) == .complete)
    }

    @Test("What could not be restored, or was never in the backup, ends in 3")
    func incompleteRestore() {
        var failed = restore
        failed.exceptionCount = 1
        failed.exceptions = [ExceptionReport(key: "k", reason: "target", message: "too long")]
        #expect(failed.status(KeySelection()) == .exceptions)
        #expect(failed.lines(.never).contains("  k: too long (target)"))
        var lacking = restore
        lacking.missingFromBackup = 2
        #expect(lacking.status(KeySelection()) == .exceptions)
        #expect(lacking.lines(.never).last?.hasPrefix("NOT COMPLETE: the backup itself lacks 2 objects") == true)
    }

    @Test("What a broken archive held besides is missing, and nothing says complete")
    func brokenArchive() {
        var report = restore
        report.archiveIsBroken = true
        report.warnings = ["it breaks off"]
        #expect(report.status(KeySelection()) == .exceptions)
        #expect(
            report.lines(.never).suffix(2) == [
                "NOT COMPLETE: the archive is broken, and what could not be read of it was not restored.",
                "Warning: it breaks off",
            ])
    }

    @Test("A selection that selects nothing is not a success; an empty backup is")
    func emptySelection() {
        #expect(restore.lines(.never).last?.hasPrefix("Nothing to do: no object") == true)
        #expect(restore.status(KeySelection(prefix: [1])) == .notFound)
        #expect(restore.status(KeySelection(includes: ["*.x"])) == .notFound)
        #expect(restore.status(KeySelection()) == .complete)
    }

    @Test("A copy that is damaged or missing is not sound")
    func verification() {
        var report = VerifyReport(name: "first", file: "first.tar.gz", started: Date(timeIntervalSince1970: 0))
        var sound = CopyVerification(copy: "/v", depth: .contents)
        (sound.framesRead, sound.objectsRead, sound.bytesRead) = (2, 3, 2048)
        report.copies = [sound]
        #expect(
            report.lines == [
                "first.tar.gz in /v: sound; 2 frames, and then 3 objects out of them, were read (2.0 KiB in all)"
            ])
        #expect(report.status == .complete)
        var damaged = CopyVerification(copy: "s3://b", depth: .structure)
        (damaged.problems, damaged.problemCount) = (["frame 3 is damaged"], 12)
        report.copies.append(damaged)
        report.missing = [CopyProblem(label: "/w", problem: "not there")]
        #expect(
            report.lines.dropFirst() == [
                "first.tar.gz in s3://b: NOT SOUND; its index, catalog and metadata were looked at and no contents",
                "  frame 3 is damaged",
                "  … and 11 problems more", "first.tar.gz MISSING in /w: not there",
            ])
        #expect(report.status == .corrupt)
    }

    @Test("A verification says what it read, and claims no more")
    func verificationDepths() {
        func line(_ depth: VerifyDepth, frames: Int, objects: Int) -> String? {
            var report = VerifyReport(name: "a", file: "a.tar.gz", started: Date(timeIntervalSince1970: 0))
            var copy = CopyVerification(copy: "/v", depth: depth)
            (copy.framesRead, copy.objectsRead, copy.bytesRead) = (frames, objects, 2048)
            report.copies = [copy]
            return report.lines.first
        }
        #expect(line(.frames, frames: 2, objects: 0) == "a.tar.gz in /v: sound; 2 frames (2.0 KiB) were read")
        #expect(
            line(.frames, frames: 0, objects: 3)
                == "a.tar.gz in /v: sound; 3 objects (2.0 KiB) were read from end to end, without an index")
    }

    @Test("A report for programs has the verdict in it, and keys in snake case")
    func documents() throws {
        let report = VerifyReport(name: "first", file: "first.tar.gz", started: Date(timeIntervalSince1970: 0))
        let text = try JSONText.document(report.document)
        let object = try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
        #expect(object["sound"] as? Bool == false)
        #expect(object["started"] as? String == "1970-01-01T00:00:00Z")
        let line = try #require(JSONText.line(backup))
        #expect(line.contains(#""archive_sha256":"ab""#) && line.contains(#""listed_count":3000"#))
        #expect(line.contains("http://s:1"))
    }

    @Test("The table of backups says which are not whole")
    func backups() {
        let whole = BackupSummary(
            name: "a", file: "a.tar.gz", bucket: "photos", time: Date(timeIntervalSince1970: 0), archiveBytes: 1024,
            objectCount: 3, totalBytes: 4096, complete: true, exceptionCount: 0, copies: ["/v", "/w"],
            missingCopies: [],
            problem: nil)
        var odd = whole
        (odd.name, odd.complete, odd.exceptionCount, odd.copies, odd.missingCopies) = ("b", false, 2, ["/v"], ["/w"])
        let lines = BackupSummary.table(of: [whole, odd])
        #expect(lines.count == 3)
        #expect(lines[1].hasSuffix("1970-01-01 00:00:00        3  4.0 KiB  1.0 KiB     2/2  not known  complete"))
        #expect(lines[2].hasSuffix("1/2  not known  NOT COMPLETE: 2 exceptions; missing in /w"))
    }

    @Test("A check is as bad as its worst result")
    func checks() {
        let good = CheckResult("clock", .good, "0 s")
        let warning = CheckResult("separation", .warning, "same server", fix: "another server")
        let bad = CheckResult("vault", .bad, "read-only", fix: "chmod")
        #expect(CheckResult.status(of: [good, warning]) == .complete)
        #expect(CheckResult.status(of: [good, bad]) == .failed)
        #expect(
            CheckResult.lines(of: [good, warning]) == [
                "ok    clock       0 s", "warn  separation  same server", "      → another server",
                "Everything works; 1 thing should be known.",
            ])
        #expect(CheckResult.lines(of: [bad]).last == "1 thing is not in order.")
    }

    @Test(
        "Differences look like those of diff(1)",
        arguments: [
            (Difference(key: "k", kind: .added, sizeBefore: nil, sizeAfter: 5, parts: []), "+ k  5 B"),
            (Difference(key: "k", kind: .removed, sizeBefore: 5, sizeAfter: nil, parts: []), "- k  5 B"),
            (Difference(key: "k", kind: .changed, sizeBefore: 5, sizeAfter: 5, parts: ["tags"]), "~ k  5 B, tags"),
            (
                Difference(key: "k", kind: .changed, sizeBefore: 5, sizeAfter: 6, parts: ["content", "metadata"]),
                "~ k  5 B → 6 B, content and metadata"
            ),
            (
                Difference(key: "k", kind: .changed, sizeBefore: 5, sizeAfter: 5, parts: ["etag"]),
                "~ k  5 B, perhaps content (uploaded in other parts)"
            ),
        ])
    func differences(_ difference: Difference, _ expected: String) {
        #expect(DifferenceList.line(difference) == expected)
    }
}
