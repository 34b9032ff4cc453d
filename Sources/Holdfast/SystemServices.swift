// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

package import Foundation

/// What the engine asks of the outside beside storage: the time. Replaced in tests.
package struct SystemServices: Sendable {
    /// The wall clock, UTC.
    package var now: @Sendable () -> Date

    package init(now: @escaping @Sendable () -> Date) {
        self.now = now
    }

    /// The machine's own clock.
    package static let live = SystemServices(now: { Date() })
}

/// Times as the archive and the reports write them.
package enum TimeText {
    /// Seconds and, if any, milliseconds since 1970 as ISO 8601 in UTC, `2026-11-23T04:05:06Z`.
    package static func iso(_ date: Date) -> String {
        let fraction = date.timeIntervalSince1970.rounded(.down) != date.timeIntervalSince1970
        return date.formatted(
            Date.ISO8601FormatStyle(includingFractionalSeconds: fraction, timeZone: .gmt))
    }

    /// The stamp in default names of backups, `20261123_040506`, UTC.
    package static func stamp(_ date: Date) -> String {
        let text = date.formatted(
            Date.ISO8601FormatStyle(
                dateSeparator: .omitted, dateTimeSeparator: .space, timeSeparator: .omitted, timeZone: .gmt))
        return String(text.prefix { $0 != "Z" && $0 != "+" }.map { $0 == " " || $0 == "T" ? "_" : $0 })
    }

    /// Milliseconds since 1970, UTC: how the catalog keeps times.
    package static func milliseconds(_ date: Date) -> Int64 {
        Int64((date.timeIntervalSince1970 * 1000).rounded())
    }

    /// The moment of so many milliseconds since 1970, UTC.
    package static func date(milliseconds: Int64) -> Date {
        Date(timeIntervalSince1970: Double(milliseconds) / 1000)
    }
}
