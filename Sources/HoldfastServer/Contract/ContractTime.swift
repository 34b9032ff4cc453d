// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Foundation

/// Times and amounts as the older API writes them.
enum ContractTime {
    /// UTC without saying so: `2025-12-23T04:58:03.123456`, without the fraction when that is zero.
    static func utc(_ date: Date) -> String {
        let microseconds = Int64((date.timeIntervalSince1970 * 1_000_000).rounded())
        let seconds = microseconds >= 0 ? microseconds / 1_000_000 : (microseconds - 999_999) / 1_000_000
        let fraction = microseconds - seconds * 1_000_000
        let text = Date(timeIntervalSince1970: TimeInterval(seconds)).formatted(.iso8601.dateTimeSeparator(.standard))
        let bare = String(text.prefix(19))
        guard fraction > 0 else { return bare }
        let digits = String(fraction)
        return bare + "." + String(repeating: "0", count: 6 - digits.count) + digits
    }

    /// UTC as S3 listings had it: `2025-12-23T04:58:03+00:00`.
    static func listed(_ date: Date) -> String { utc(date) + "+00:00" }

    /// Bytes as mebibytes with two decimals.
    static func mebibytes(_ bytes: Int64) -> Double { (Double(bytes) / 1_048_576 * 100).rounded() / 100 }
}
