// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Foundation
import Holdfast

extension Plan {
    private static let keys = [
        "buckets", "every", "cron", "time_zone", "keep", "verify", "objectives", "name_prefix", "all_versions",
        "include",
        "exclude", "allow_empty",
    ]

    /// The section `plans` of the file; `nil` when it has none.
    static func plans(_ top: YAMLSection) throws -> [Plan]? {
        guard top.has("plans") else { return nil }
        var plans: [Plan] = []
        for (name, section) in try top.namedSections("plans", keys: keys) {
            let plan: Plan
            do {
                plan = try read(name, section)
            } catch let error as HoldfastError where !error.message.contains(" line ") {
                throw section.located(error)
            }
            for other in plans where other.namePrefix == plan.namePrefix {
                guard let both = plan.buckets.first(where: other.buckets.contains) else { continue }
                throw section.error(
                    "the plans \(other.name) and \(plan.name) give backups of \(both) the same names",
                    hint: "Give one of them a name_prefix of its own.")
            }
            plans.append(plan)
        }
        return plans
    }

    private static func read(_ name: String, _ section: YAMLSection) throws -> Plan {
        let buckets = try (try section.texts("buckets") ?? []).map { setting in
            guard let bucket = BucketArgument(argument: setting.value) else {
                throw HoldfastError(.invalidConfiguration, "\(setting.origin): this is no name of a bucket.")
            }
            return bucket.name
        }
        var plan = try Plan(
            name, buckets: buckets, schedule: try schedule(section), namePrefix: try section.text("name_prefix")?.value)
        if let keep = try section.section("keep", keys: RetentionPolicies.keys) {
            plan.retention = try RetentionPolicies.policy(keep)
        }
        if let verify = try section.section("verify", keys: ["depth", "every"]) {
            plan.verification = try verification(verify)
        }
        if let objectives = try section.section("objectives", keys: ["rpo", "rto"]) {
            plan.objectives = Objectives(
                recoveryPoint: try period(objectives, "rpo"), recoveryTime: try period(objectives, "rto"))
        }
        plan.options.allVersions = try section.flag("all_versions") ?? false
        plan.options.allowEmpty = try section.flag("allow_empty") ?? false
        let globs = try ["include", "exclude"].map { key in (try section.texts(key) ?? []).map(\.value) }
        plan.options.selection = KeySelection(includes: globs[0], excludes: globs[1])
        return plan
    }

    private static func schedule(_ section: YAMLSection) throws -> PlanSchedule {
        switch (try period(section, "every"), try section.text("cron")) {
        case (let seconds?, nil):
            guard !section.has("time_zone") else { throw section.error("a time_zone goes with cron, not with every") }
            return try .every(seconds: seconds)
        case (nil, let cron?):
            let zone = try section.text("time_zone")
            do {
                return .cron(try CronSchedule(cron.value, in: try TimeZone.named(zone?.value ?? "UTC")))
            } catch let error as HoldfastError {
                throw HoldfastError(error.code, "\(cron.origin): \(error.message)", hint: error.hint)
            }
        default:
            throw section.error(
                "a plan has either every or cron", hint: "Write every: 24h, or cron: \"30 2 * * *\" and a time_zone.")
        }
    }

    private static func verification(_ section: YAMLSection) throws -> Verification {
        guard let period = try period(section, "every") else {
            throw section.error("verify does not say how often", hint: "Write verify: {depth: contents, every: 7d}.")
        }
        let text = try section.text("depth")
        guard let depth = VerifyDepth(rawValue: text?.value ?? VerifyDepth.contents.rawValue) else {
            let depths = VerifyDepth.allCases.map(\.rawValue).joined(separator: ", ")
            throw section.error("there is no such depth", hint: "It is one of \(depths).")
        }
        return Verification(depth: depth, period: period)
    }

    /// Seconds.
    private static func period(_ section: YAMLSection, _ key: String) throws -> TimeInterval? {
        guard let setting = try section.text(key) else { return nil }
        guard let period = try? PeriodArgument.parse(setting.value) else {
            throw HoldfastError(
                .invalidConfiguration, "\(setting.origin): \(key) is no length of time.",
                hint: "Write a number above 0 and a unit: 5m, 12h, 7d or 2w.")
        }
        return period.seconds
    }
}
