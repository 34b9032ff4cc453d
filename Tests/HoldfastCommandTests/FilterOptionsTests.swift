// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Holdfast
import Testing

@testable import HoldfastCommand

@Suite("Which objects are backed up")
struct FilterOptionsTests {
    @Test func theyMakeAFilter() throws {
        let options = try FilterOptions.parse([
            "--min-size", "10K", "--max-size", "1.5GiB", "--newer-than", "30d", "--older-than",
            "2026-11-23T09:00:00+01:00", "--storage-class", "glacier", "--storage-class", "STANDARD",
        ])
        #expect(
            options.filter
                == ObjectFilter(
                    minSize: 10_240, maxSize: 1_610_612_736, newerThan: "30d", olderThan: "2026-11-23T08:00:00Z",
                    storageClasses: ["STANDARD", "GLACIER"]))
        #expect(options.filter.words.contains("in storage class GLACIER or STANDARD"))
        #expect(try !FilterOptions.parse([]).isGiven)
    }

    @Test func tagsAreNamesWithOrWithoutAValue() throws {
        let options = try FilterOptions.parse([
            "--object-tag", "team=design", "--object-tag", "keep", "--exclude-object-tag", "a\\=b=c\\\\d",
            "--exclude-object-tag", "empty=",
        ])
        #expect(options.filter.tags == [TagRule(name: "keep"), TagRule(name: "team", value: "design")])
        #expect(
            options.filter.excludedTags == [TagRule(name: "a=b", value: "c\\d"), TagRule(name: "empty", value: "")])
        #expect(options.isGiven)
    }

    @Test(arguments: [
        ["--object-tag", ""], ["--object-tag", "=x"], ["--object-tag", "a=b=c"], ["--exclude-object-tag", "a\\b"],
        ["--min-size", "10/s"], ["--min-size", "-1"], ["--max-size", "many"], ["--newer-than", "yesterday"],
        ["--older-than", "30"], ["--min-size", "2M", "--max-size", "1M"], ["--storage-class", ""],
    ])
    func whatMakesNoSenseIsRefused(arguments: [String]) {
        #expect(throws: (any Error).self) { try FilterOptions.parse(arguments) }
    }

    @Test(arguments: [
        ["--of", "x"], ["--identity", "key.txt"], ["--synthetic-full", "--full"], ["--synthetic-full", "--acls"],
        ["--synthetic-full", "--include", "*"], ["--synthetic-full", "--min-size", "1"],
        ["--synthetic-full", "--at", "2026-11-23T08:00:00Z"],
    ])
    func aSyntheticBackupChoosesNothing(arguments: [String]) {
        #expect(throws: (any Error).self) { try BackupCommand.parse(["photos"] + arguments) }
        #expect(throws: Never.self) { try BackupCommand.parse(["photos", "--synthetic-full", "--of", "x"]) }
    }
}
