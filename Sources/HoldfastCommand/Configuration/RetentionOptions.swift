// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Holdfast

/// What is kept, as flags. Any of them replaces the policies of `holdfast.yaml`.
struct RetentionOptions: ParsableArguments, Sendable {
    @Option(help: ArgumentHelp("Keep the newest n; a burst within an hour counts once.", valueName: "n"))
    var keepLast: Int?

    @Option(help: ArgumentHelp("Keep the newest of each of the last n hours that have a backup.", valueName: "n"))
    var keepHourly: Int?

    @Option(help: ArgumentHelp("The same for days.", valueName: "n"))
    var keepDaily: Int?

    @Option(help: ArgumentHelp("The same for weeks, which begin on Monday.", valueName: "n"))
    var keepWeekly: Int?

    @Option(help: ArgumentHelp("The same for months.", valueName: "n"))
    var keepMonthly: Int?

    @Option(help: ArgumentHelp("The same for years.", valueName: "n"))
    var keepYearly: Int?

    @Option(
        help: ArgumentHelp(
            "Keep all that are at most so much older than the newest: 12h, 30d, 2w, 6m (months), 1y.",
            valueName: "span"))
    var keepWithin: String?

    @Option(
        help: ArgumentHelp("Keep all that are younger; they push nothing out either.", valueName: "span"))
    var minimumAge: String?

    @Option(
        name: .customLong("keep-tag"),
        help: ArgumentHelp("Keep all with this tag; may be given several times.", valueName: "tag"))
    var keepTags: [String] = []

    @Option(help: ArgumentHelp("Where days begin, Europe/Berlin for instance; UTC if nobody says.", valueName: "zone"))
    var timeZone: String?

    /// The policy that the flags make; `nil` when none was given.
    var policy: RetentionPolicy? {
        get throws {
            let numbers = [keepLast, keepHourly, keepDaily, keepWeekly, keepMonthly, keepYearly]
            let texts = [keepWithin, minimumAge, timeZone]
            guard numbers.contains(where: { $0 != nil }) || texts.contains(where: { $0 != nil }) || !keepTags.isEmpty
            else { return nil }
            var counts = RetentionPolicy.Counts()
            counts.last = keepLast ?? 0
            counts.hourly = keepHourly ?? 0
            counts.daily = keepDaily ?? 0
            counts.weekly = keepWeekly ?? 0
            counts.monthly = keepMonthly ?? 0
            counts.yearly = keepYearly ?? 0
            return try RetentionPolicy(
                counts, within: try keepWithin.map { try RetentionSpan($0) },
                minimumAge: try minimumAge.map { try RetentionSpan($0) }, tags: keepTags, timeZone: timeZone)
        }
    }
}
