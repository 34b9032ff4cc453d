// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Holdfast

/// Amounts as people read them.
enum AmountText {
    /// `1,203`.
    static func count(_ number: some BinaryInteger) -> String {
        var groups: [String] = []
        var rest = number.magnitude
        while rest >= 1000 {
            groups.append(String(String(rest % 1000 + 1000).dropFirst()))
            rest /= 1000
        }
        groups.append(String(rest))
        return (number < 0 ? "-" : "") + groups.reversed().joined(separator: ",")
    }

    /// `1 object`, `1,203 objects`.
    static func count(_ number: some BinaryInteger, _ singular: String, _ plural: String? = nil) -> String {
        "\(count(number)) \(number == 1 ? singular : plural ?? singular + "s")"
    }

    /// Bytes with three digits or so: `0 B`, `999 B`, `47.1 MiB`, `1,020 GiB`.
    static func bytes(_ number: Int64) -> String {
        guard number.magnitude >= 1024 else { return "\(number) B" }
        var value = Double(number)
        var unit = 0
        let units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"]
        // What would be rounded to 1,024 belongs to the next unit.
        while value.magnitude >= 1023.5, unit < units.count - 1 {
            value /= 1024
            unit += 1
        }
        return "\(decimal(value)) \(units[unit])"
    }

    /// Bytes a second.
    static func rate(_ bytesPerSecond: Double) -> String {
        guard bytesPerSecond.isFinite, bytesPerSecond >= 0, bytesPerSecond < 0x1p62 else { return "?" }
        return bytes(Int64(bytesPerSecond)) + "/s"
    }

    /// `1.30 s, 36.1 MiB/s, 2,300 objects/s`; the time alone where nothing was done or no time was measured.
    static func pace(_ objects: Int, _ bytes: Int64, seconds: Double) -> String {
        guard objects > 0, seconds > 0 else { return duration(seconds) }
        let each = Double(objects) / seconds
        let perSecond = each < 0x1p53 ? count(Int64(each.rounded()), "object") : "?"
        return "\(duration(seconds)), \(rate(Double(bytes) / seconds)), \(perSecond)/s"
    }

    /// `0.84 s`, `12.3 s`, `3 min 20 s`, `2 h 05 min`.
    static func duration(_ seconds: Double) -> String {
        guard seconds.isFinite, seconds >= 0, seconds < 0x1p53 else { return "?" }
        if seconds < 9.995 { return fixed(seconds, digits: 2) + " s" }
        if seconds < 59.95 { return fixed(seconds, digits: 1) + " s" }
        let whole = Int64(seconds.rounded())
        if whole < 3600 { return "\(whole / 60) min \(twoDigits(whole % 60)) s" }
        return "\(count(whole / 3600)) h \(twoDigits(whole % 3600 / 60)) min"
    }

    /// `30 %`, `0.4 %`; `nil` when there is nothing to take a part of.
    static func percent(_ part: Int64, of whole: Int64) -> String? {
        guard whole > 0 else { return nil }
        let value = Double(part) / Double(whole) * 100
        return (value < 9.95 ? fixed(value, digits: 1) : count(Int64(min(value, 0x1p53).rounded()))) + " %"
    }

    /// `2026-11-23 04:05:06`, UTC.
    static func time(_ date: Date) -> String {
        let seconds = Date(timeIntervalSince1970: date.timeIntervalSince1970.rounded(.down))
        return TimeText.iso(seconds).replacing("T", with: " ").replacing("Z", with: "")
    }

    /// `2026-11-23`, UTC.
    static func day(_ date: Date) -> String { String(time(date).prefix(10)) }

    private static func decimal(_ value: Double) -> String {
        value.magnitude < 99.95 ? fixed(value, digits: 1) : count(Int64(value.rounded()))
    }

    private static func fixed(_ value: Double, digits: Int) -> String {
        let scale = digits == 1 ? 10.0 : 100.0
        let scaled = Int64((value.magnitude * scale).rounded())
        let fraction = String(scaled % Int64(scale) + Int64(scale)).dropFirst()
        return (value < 0 ? "-" : "") + "\(count(scaled / Int64(scale))).\(fraction)"
    }

    private static func twoDigits(_ number: Int64) -> String { number < 10 ? "0\(number)" : "\(number)" }
}
