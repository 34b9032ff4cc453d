// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

/// One field of a cron expression: `*`, `5`, `1-5`, `*/15`, `8-18/2`, `mon,wed`.
struct CronField: Equatable, Sendable {
    enum Kind {
        case minute, hour, dayOfMonth, month, dayOfWeek

        var range: ClosedRange<Int> {
            switch self {
            case .minute: 0...59
            case .hour: 0...23
            case .dayOfMonth: 1...31
            case .month: 1...12
            // 7 is Sunday too.
            case .dayOfWeek: 0...7
            }
        }

        var names: [String] {
            switch self {
            case .month: ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
            case .dayOfWeek: ["sun", "mon", "tue", "wed", "thu", "fri", "sat"]
            default: []
            }
        }

        var words: String {
            switch self {
            case .minute: "minute (0-59)"
            case .hour: "hour (0-23)"
            case .dayOfMonth: "day of the month (1-31)"
            case .month: "month (1-12, jan-dec)"
            case .dayOfWeek: "day of the week (0-7, sun-sat)"
            }
        }
    }

    /// Whether it leaves nothing out: `*`.
    let isEvery: Bool
    /// Whether it begins with `*`, which is no restriction to crontab(5), be it with a step.
    let isOpen: Bool
    /// A bit for each number.
    private let bits: UInt64

    /// `nil` when the text is no such field.
    init?(_ text: Substring, _ kind: Kind) {
        var bits: UInt64 = 0
        for part in text.split(separator: ",", omittingEmptySubsequences: false) {
            guard let numbers = Self.numbers(part, kind) else { return nil }
            for number in numbers { bits |= 1 << UInt64(number) }
        }
        // Sunday is 0 and 7.
        if kind.range.upperBound == 7, bits & 0x81 != 0 { bits |= 0x81 }
        self.bits = bits
        isEvery = text == "*"
        isOpen = text.first == "*"
    }

    subscript(number: Int) -> Bool { bits & (1 << UInt64(number)) != 0 }

    private static func numbers(_ text: Substring, _ kind: Kind) -> StrideThrough<Int>? {
        let halves = text.split(separator: "/", omittingEmptySubsequences: false)
        guard (1...2).contains(halves.count) else { return nil }
        let step = halves.count == 2 ? number(halves[1], names: []) : 1
        guard let step, step > 0 else { return nil }
        if halves[0] == "*" { return stride(from: kind.range.lowerBound, through: kind.range.upperBound, by: step) }
        let names = kind.names
        let base = kind.range.lowerBound
        let ends = halves[0].split(separator: "-", omittingEmptySubsequences: false).map {
            number($0, names: names, base: base)
        }
        guard (1...2).contains(ends.count), case let low?? = ends.first, case let high?? = ends.last,
            kind.range.contains(low), kind.range.contains(high), low <= high
        else { return nil }
        // “5/15” means from 5 on, as in other crons.
        return stride(from: low, through: ends.count == 1 && halves.count == 2 ? kind.range.upperBound : high, by: step)
    }

    private static func number(_ text: Substring, names: [String], base: Int = 0) -> Int? {
        if let index = names.firstIndex(of: text.lowercased()) { return index + base }
        guard (1...4).contains(text.utf8.count), text.utf8.allSatisfy({ (48...57).contains($0) }) else { return nil }
        return Int(text)
    }
}
