// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Foundation
import Holdfast
import SystemPackage
import Testing

@testable import HoldfastCommand

@Suite("Plans in holdfast.yaml and in the environment")
struct PlanConfigurationTests {
    private func plans(_ text: String) throws -> [Plan]? {
        try ConfigurationFile(FoundFile(text: text, mode: 0o600, owner: 0), at: "/h.yaml").plans
    }

    private func resolve(_ environment: [String: String], yaml: String? = nil, source: Bool = true) throws -> [Plan] {
        var places = source ? Places.minio : Places()
        places.environment.merge(environment) { $1 }
        if let yaml { places.files["/etc/holdfast/holdfast.yaml"] = yaml }
        return try ResolvedConfiguration(
            try ConnectionOptions.parse([]), places.surroundings, needsSource: false, plans: true
        ).plans
    }

    @Test("Everything that a plan can say")
    func everything() throws {
        let plans = try #require(
            try plans(
                """
                plans:
                  photos:
                    buckets: [photos, raw]
                    every: 5m
                    keep: {keep_last: 12, keep_daily: 7, time_zone: Europe/Berlin}
                    verify: {depth: frames, every: 7d}
                    objectives: {rpo: 5m, rto: 60m}
                    all_versions: true
                    include: ['*.jpg']
                    exclude: ['tmp/*']
                  night:
                    buckets: logs
                    cron: "30 2 * * mon-fri"
                    time_zone: Europe/Berlin
                    name_prefix: nightly
                    allow_empty: yes
                """))
        #expect(plans.map(\.name) == ["photos", "night"])
        let photos = plans[0]
        #expect(photos.buckets == ["photos", "raw"] && photos.schedule == .interval(300))
        #expect(photos.retention?.counts.last == 12 && photos.retention?.timeZone.identifier == "Europe/Berlin")
        #expect(photos.verification == Plan.Verification(depth: .frames, period: 7 * 86_400))
        #expect(photos.objectives == Plan.Objectives(recoveryPoint: 300, recoveryTime: 3600))
        #expect(photos.options.allVersions && !photos.options.allowEmpty && !photos.isOfEnvironment)
        #expect(photos.options.selection == KeySelection(includes: ["*.jpg"], excludes: ["tmp/*"]))
        let night = plans[1]
        #expect(night.schedule.words == "30 2 * * mon-fri (Europe/Berlin)")
        #expect(night.retention == nil && night.verification == nil && night.namePrefix == "nightly")
        #expect(night.options.allowEmpty && night.objectives == Plan.Objectives())
    }

    @Test(
        "What makes no sense is refused, with its line",
        arguments: [
            ("plans: []", "/h.yaml line 1: plans must be a list of “name: settings”"),
            ("plans:\n  a:\n    every: 5m", "/h.yaml line 3: The plan a names no bucket"),
            ("plans:\n  a: {buckets: [x]}", "/h.yaml line 2: a plan has either every or cron"),
            ("plans:\n  a: {buckets: [x], every: 5m, cron: '* * * * *'}", "either every or cron"),
            ("plans:\n  a: {buckets: [x], evry: 5m}", "/h.yaml line 2: “evry” is no setting in plans.a"),
            ("plans:\n  a:\n    buckets: [x]\n    every: 0m", "/h.yaml line 4: every is no length of time"),
            ("plans:\n  a:\n    buckets: [x]\n    every: 30s", "/h.yaml line 4: every is no length of time"),
            ("plans:\n  a: {buckets: [x], every: 999999w}", "is no length of time"),
            ("plans:\n  a: {buckets: [x], every: 600w}", "line 2: An interval of 4200d makes no plan"),
            ("plans:\n  a:\n    buckets: [x]\n    cron: 61 * * * *", "/h.yaml line 4: “61 * * * *” is no cron"),
            ("plans:\n  a: {buckets: [x], cron: 0 0 31 2 *}", "there is no such day"),
            ("plans:\n  a: {buckets: [x], cron: 0 0 1 * *, time_zone: CET}", "There is no time zone “CET”"),
            ("plans:\n  a: {buckets: [x], every: 5m, time_zone: UTC}", "a time_zone goes with cron"),
            ("plans:\n  a: {buckets: [x/y], every: 5m}", "line 2: this is no name of a bucket"),
            ("plans:\n  a: {buckets: [x, x], every: 5m}", "names the bucket x twice"),
            ("plans:\n  a b: {buckets: [x], every: 5m}", "“a b” is not a name for a plan"),
            ("plans:\n  a: {buckets: [x], every: 5m, keep: {}}", "The retention policy keeps nothing"),
            ("plans:\n  a: {buckets: [x], every: 5m, verify: {depth: all, every: 1d}}", "there is no such depth"),
            ("plans:\n  a: {buckets: [x], every: 5m, verify: {}}", "verify does not say how often"),
            ("plans:\n  a: {buckets: [x], every: 5m, objectives: {rpo: soon}}", "rpo is no length of time"),
            ("plans:\n  a: {buckets: [x], every: 5m, all_versions: maybe}", "all_versions is neither true nor false"),
            (
                "plans:\n  a: {buckets: [x], every: 5m}\n  b: {buckets: [x], every: 1h, name_prefix: a}",
                "line 3: the plans a and b give backups of x the same names"
            ),
        ])
    func refused(text: String, says: String) throws {
        let error = try #require(throws: HoldfastError.self) { try plans(text) }
        #expect(error.code == .invalidConfiguration)
        #expect(error.message.contains(says), "\(error.message)")
    }

    @Test("The variables of the older system make its plan; with the same names of backups")
    func environment() throws {
        let plan = try #require(try resolve([:]).first)
        #expect(plan.buckets == ["diagrams", "exports", "uploads"] && plan.schedule == .interval(168 * 3600))
        #expect(plan.isOfEnvironment && plan.name == "scheduled")
        let stamp = try Date("2026-11-23T04:05:06Z", strategy: .iso8601)
        #expect(try plan.backupName(of: "uploads", at: stamp).rawValue == "scheduled_uploads_20261123_040506")
        let other = try #require(
            try resolve(["MINIO_BACKUP_INTERVAL_HOURS": "0.5", "MINIO_BACKUP_BUCKETS": " a , b,,"]).first)
        #expect(other.buckets == ["a", "b"] && other.schedule == .interval(1800))
        #expect(try resolve(["MINIO_BACKUP_ENABLED": "False"]).isEmpty)
        #expect(try resolve([:], source: false).isEmpty, "nothing can be backed up")
    }

    @Test("A section plans takes the place of the variables, be it empty")
    func replaced() throws {
        let nonsense = ["MINIO_BACKUP_INTERVAL_HOURS": "0"]
        #expect(try resolve(nonsense, yaml: "plans: {a: {buckets: [x], every: 5m}}").map(\.name) == ["a"])
        #expect(try resolve(nonsense, yaml: "plans: {}").isEmpty)
        #expect(try resolve([:], yaml: "state_directory: /x").map(\.name) == ["scheduled"])
    }

    @Test(
        "O4: an interval that makes no sense is an error, and neither a silence nor a burst",
        arguments: [
            ("MINIO_BACKUP_INTERVAL_HOURS", "0"), ("MINIO_BACKUP_INTERVAL_HOURS", "-1"),
            ("MINIO_BACKUP_INTERVAL_HOURS", "weekly"), ("MINIO_BACKUP_INTERVAL_HOURS", "0.001"),
            ("MINIO_BACKUP_INTERVAL_HOURS", "1e9"), ("MINIO_BACKUP_INTERVAL_HOURS", "nan"),
            ("MINIO_BACKUP_INTERVAL_HOURS", "0x10"), ("MINIO_BACKUP_INTERVAL_HOURS", "99999999"),
            ("MINIO_BACKUP_ENABLED", "maybe"), ("MINIO_BACKUP_BUCKETS", "a/b"),
        ])
    func nonsense(name: String, value: String) throws {
        let error = try #require(throws: HoldfastError.self) { try resolve([name: value]) }
        #expect(error.code == .invalidConfiguration && error.message.hasPrefix(name), "\(error.message)")
        #expect(error.hint != nil)
    }

    @Test("Buckets that are set to nothing are an error too")
    func nobody() {
        #expect(throws: HoldfastError.self) { try resolve(["MINIO_BACKUP_BUCKETS": " , "]) }
    }
}
