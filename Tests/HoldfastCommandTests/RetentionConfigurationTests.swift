// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Foundation
import Holdfast
import SystemPackage
import Testing

@testable import HoldfastCommand

@Suite("Retention in holdfast.yaml and as flags")
struct RetentionConfigurationTests {
    private func retention(_ text: String) throws -> RetentionPolicies {
        try ConfigurationFile(FoundFile(text: text, mode: 0o600, owner: 0), at: "/h.yaml").retention
    }

    @Test("A bucket's own policy replaces the general one")
    func policies() throws {
        let policies = try retention(
            """
            retention: {keep_daily: 7, keep_weekly: 4, time_zone: Europe/Berlin}
            buckets:
              photos:
                retention:
                  keep_last: 3
                  keep_within: 2w
                  minimum_age: 1d
                  keep_tags: [audit, keep]
              logs: {}
            """)
        #expect(policies["logs"]?.counts.daily == 7)
        #expect(policies["logs"]?.counts.weekly == 4)
        #expect(policies["logs"]?.timeZone.identifier == "Europe/Berlin")
        let photos = try #require(policies["photos"])
        #expect(photos.counts.last == 3 && photos.counts.daily == 0)
        #expect(photos.within?.description == "2w" && photos.minimumAge?.description == "1d")
        #expect(photos.tags == ["audit", "keep"])
        #expect(try retention("buckets: {a: {retention: {keep_last: 1}}}")["b"] == nil)
        #expect(try retention("state_directory: x").isEmpty)
    }

    @Test(
        "What makes no sense is refused, with its line",
        arguments: [
            ("retention: {}", "/h.yaml line 1: The retention policy keeps nothing"),
            ("retention: {minimum_age: 3d}", "keeps nothing"),
            ("\nretention:\n  keep_daly: 3", "/h.yaml line 3: “keep_daly” is no setting in retention"),
            ("retention: {keep_daily: x}", "retention.keep_daily must be a number"),
            ("retention: {keep_daily: -1}", "retention.keep_daily must be a number"),
            ("retention: {keep_daily: 1, time_zone: Mars/Olympus}", "There is no time zone “Mars/Olympus”"),
            ("retention: {keep_within: 3 days}", "“3 days” is no length of time"),
            ("buckets: [a]", "buckets must be a list of “name: settings”"),
            ("buckets: {a: {retain: {}}}", "“retain” is no setting in buckets.a"),
        ])
    func refused(text: String, says: String) throws {
        let error = try #require(throws: HoldfastError.self) { try retention(text) }
        #expect(error.code == .invalidConfiguration)
        #expect(error.message.contains(says), "\(error.message)")
    }

    @Test("Flags make one policy, or none")
    func flags() throws {
        #expect(try RetentionOptions.parse([]).policy == nil)
        let policy = try RetentionOptions.parse(["--keep-hourly", "24", "--keep-within", "1y6m", "--keep-tag", "a"])
            .policy
        #expect(policy?.counts.hourly == 24)
        #expect(policy?.within?.description == "1y6m")
        #expect(policy?.tags == ["a"])
        for flags in [["--keep-last", "0"], ["--minimum-age", "1d"], ["--time-zone", "UTC"], ["--keep-tag", "a"]] {
            #expect(throws: HoldfastError.self) { try RetentionOptions.parse(flags).policy }
        }
    }
}
