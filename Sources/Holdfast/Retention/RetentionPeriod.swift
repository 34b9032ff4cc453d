// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Foundation

/// The kinds of periods of which a policy keeps the newest backup each, shortest first.
enum RetentionPeriod: String, CaseIterable {
    case hourly, daily, weekly, monthly, yearly

    /// The period that a moment lies in, in words that no other period of the kind has.
    func label(of date: Date, in calendar: Calendar) -> String {
        switch self {
        case .hourly:
            // With the offset: where clocks are set back, the same hour comes twice.
            let parts = calendar.dateComponents([.year, .month, .day, .hour], from: date)
            let offset = calendar.timeZone.secondsFromGMT(for: date)
            return "\(Self.day(parts)) \(Self.padded(parts.hour, 2)):00\(Self.offset(offset))"
        case .daily:
            return Self.day(calendar.dateComponents([.year, .month, .day], from: date))
        case .weekly:
            let parts = calendar.dateComponents([.yearForWeekOfYear, .weekOfYear], from: date)
            return "\(Self.padded(parts.yearForWeekOfYear, 4))-W\(Self.padded(parts.weekOfYear, 2))"
        case .monthly:
            let parts = calendar.dateComponents([.year, .month], from: date)
            return "\(Self.padded(parts.year, 4))-\(Self.padded(parts.month, 2))"
        case .yearly:
            return Self.padded(calendar.dateComponents([.year], from: date).year, 4)
        }
    }

    private static func day(_ parts: DateComponents) -> String {
        "\(padded(parts.year, 4))-\(padded(parts.month, 2))-\(padded(parts.day, 2))"
    }

    private static func padded(_ number: Int?, _ width: Int) -> String {
        let digits = String(number ?? 0)
        return String(repeating: "0", count: max(0, width - digits.count)) + digits
    }

    /// `Z`, `+02:00`, `-03:30`.
    private static func offset(_ seconds: Int) -> String {
        guard seconds != 0 else { return "Z" }
        let minutes = abs(seconds) / 60
        return "\(seconds < 0 ? "-" : "+")\(padded(minutes / 60, 2)):\(padded(minutes % 60, 2))"
    }
}
