// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Holdfast

extension RetentionPolicies {
    static let keys = [
        "keep_last", "keep_hourly", "keep_daily", "keep_weekly", "keep_monthly", "keep_yearly", "keep_within",
        "minimum_age", "keep_tags", "time_zone",
    ]

    /// The section `retention` of the file, and those of its `buckets`, which replace it for a bucket.
    init(_ top: YAMLSection) throws {
        self.init(general: try top.section("retention", keys: Self.keys).map { try Self.policy($0) })
        for (name, bucket) in try top.namedSections("buckets", keys: ["retention"]) {
            if let section = try bucket.section("retention", keys: Self.keys) {
                byBucket[name] = try Self.policy(section)
            }
        }
    }

    /// One policy, of a section that has these keys.
    static func policy(_ section: YAMLSection) throws -> RetentionPolicy {
        var counts = RetentionPolicy.Counts()
        counts.last = try section.count("keep_last") ?? 0
        counts.hourly = try section.count("keep_hourly") ?? 0
        counts.daily = try section.count("keep_daily") ?? 0
        counts.weekly = try section.count("keep_weekly") ?? 0
        counts.monthly = try section.count("keep_monthly") ?? 0
        counts.yearly = try section.count("keep_yearly") ?? 0
        let (within, age) = (try section.text("keep_within"), try section.text("minimum_age"))
        let tags = try section.texts("keep_tags")?.map(\.value) ?? []
        let zone = try section.text("time_zone")?.value
        do {
            return try RetentionPolicy(
                counts, within: try within.map { try RetentionSpan($0.value) },
                minimumAge: try age.map { try RetentionSpan($0.value) }, tags: tags, timeZone: zone)
        } catch let error as HoldfastError {
            throw section.located(error)
        }
    }
}
