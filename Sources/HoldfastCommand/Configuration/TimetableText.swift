// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import ObjectStorage

/// A limit as people write it: a rate, or rates for days and times, of which the first that fits counts:
/// `Mon-Fri 08:00-18:00 5MiB/s, Sat+Sun unlimited, 50MiB/s`.
struct TimetableText {
    /// What is counted.
    enum Unit { case bytes, requests }

    /// What is wrong with a text, as the rest of a sentence that begins with where it stands.
    struct Problem: Error, Equatable {
        let what: String
        var hint: String?
    }

    let unit: Unit
    let zone: TimeZone

    /// - Throws: ``Problem``.
    func read(_ text: String) throws -> RateTimetable {
        let parts = text.split(separator: ",", omittingEmptySubsequences: false)
        var entries: [RateTimetable.Entry] = []
        var general: Substring?
        for part in parts {
            let entry = try entry(part, isAlone: parts.count == 1)
            if let general {
                throw Problem(
                    what:
                        "has “\(Self.shown(part))” after “\(Self.shown(general))”, which holds at all times: it would never count",
                    hint: "Write the rate without days and times last.")
            }
            entries.append(entry)
            if entry.days.count == 7, entry.minutes.count == Self.day { general = part }
        }
        return RateTimetable(entries, in: zone)
    }

    private static let day = 1440
    private static let days = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]

    private func entry(_ text: Substring, isAlone: Bool) throws -> RateTimetable.Entry {
        var words = text.split(separator: " ")[...]
        var days = Set(0..<7)
        var minutes = 0..<Self.day
        if let word = words.first, words.count > 1, word.first?.isLetter == true {
            days = try Self.days(word)
            words = words.dropFirst()
        }
        if let word = words.first, words.count > 1, word.contains(":") {
            minutes = try Self.minutes(word)
            words = words.dropFirst()
        }
        return RateTimetable.Entry(days: days, minutes: minutes, rate: try rate(words.joined(separator: " ")))
    }

    /// `Mon`, `Mon-Fri`, `Sat+Sun`; a span may go over the end of the week.
    private static func days(_ text: Substring) throws -> Set<Int> {
        var found: Set<Int> = []
        for part in text.split(separator: "+", omittingEmptySubsequences: false) {
            let ends = part.split(separator: "-", omittingEmptySubsequences: false).map {
                days.firstIndex(of: $0.lowercased())
            }
            guard (1...2).contains(ends.count), case let first?? = ends.first, case let last?? = ends.last else {
                throw Problem(
                    what: "names no days with “\(shown(text))”", hint: "Write days as Mon, Mon-Fri or Sat+Sun.")
            }
            for offset in 0...(last - first + 7) % 7 { found.insert((first + offset) % 7) }
        }
        return found
    }

    /// `08:00-18:00`, `22:00-06:00`; 24:00 is the end of the day.
    private static func minutes(_ text: Substring) throws -> Range<Int> {
        let hint = "Write times as 08:00-18:00, or 22:00-06:00 over midnight; the whole day is 00:00-24:00."
        let ends = text.split(separator: "-", omittingEmptySubsequences: false).map(minute)
        guard ends.count == 2, let start = ends[0], let end = ends[1], start < day else {
            throw Problem(what: "names no times with “\(shown(text))”", hint: hint)
        }
        guard start != end else {
            throw Problem(what: "begins and ends at the same time with “\(shown(text))”", hint: hint)
        }
        return start..<(end > start ? end : end + day)
    }

    private static func minute(_ text: Substring) -> Int? {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 2, (1...2).contains(parts[0].count), parts[1].count == 2,
            parts.allSatisfy({ $0.utf8.allSatisfy { (48...57).contains($0) } }),
            let hour = Int(parts[0]), let minute = Int(parts[1]), minute < 60, hour < 24 || hour == 24 && minute == 0
        else { return nil }
        return hour * 60 + minute
    }

    /// Units a second; `nil` for no limit.
    private func rate(_ text: String) throws -> Int? {
        if text.lowercased() == "unlimited" { return nil }
        switch unit {
        case .bytes:
            let hint =
                "Write bytes a second with a unit: 20MiB/s, 5M or 800K; with times before it if need be: "
                + "Mon-Fri 08:00-18:00 5M, 50M."
            guard let rate = RateText.bytesPerSecond(text) else {
                throw Problem(what: "is no rate: “\(text.prefix(60))”", hint: hint)
            }
            guard rate >= RateLimit.slowest else {
                throw Problem(
                    what: "is \(rate) bytes a second: with less than 1 KiB/s no run would come to its end", hint: hint)
            }
            return rate
        case .requests:
            let digits = text.hasSuffix("/s") ? text.dropLast(2) : text[...]
            guard !digits.isEmpty, digits.utf8.allSatisfy({ (48...57).contains($0) }), let rate = Int(digits),
                (1...1_000_000).contains(rate)
            else {
                throw Problem(
                    what: "is no rate of requests: “\(text.prefix(60))”",
                    hint: "Write requests a second, at least 1: 50/s.")
            }
            return rate
        }
    }

    private static func shown(_ text: Substring) -> String {
        String(text.drop { $0 == " " }.prefix(60))
    }
}
