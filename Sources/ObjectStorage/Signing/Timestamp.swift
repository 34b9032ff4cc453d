// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import struct Foundation.Date

/// Points in time as HTTP and S3 write them, read and written over bytes. Always UTC.
///
/// Formatters of Foundation cost more than a whole signature and depend on locale data; the calendar is twenty lines.
enum Timestamp {
    /// Reads an IMF-fixdate, `Sun, 06 Nov 1994 08:49:37 GMT` (RFC 7231 section 7.1.1.1); `nil` for any other form.
    static func httpDate(_ text: [UInt8]) -> Date? {
        text.withUnsafeBytes { bytes in
            guard bytes.count == 29, bytes[3] == UInt8(ascii: ","), bytes[4] == UInt8(ascii: " "),
                bytes[7] == UInt8(ascii: " "), bytes[11] == UInt8(ascii: " "), bytes[16] == UInt8(ascii: " "),
                bytes[25...].elementsEqual(" GMT".utf8),
                let day = number(bytes, at: 5, digits: 2), let month = month(bytes[8..<11]),
                let year = number(bytes, at: 12, digits: 4), let time = secondsOfDay(bytes, at: 17)
            else { return nil }
            return date(year: year, month: month, day: day, seconds: time)
        }
    }

    /// Reads `2009-10-12T17:50:30.000Z`, with any number of fraction digits or none, and `+hh:mm` for `Z`
    /// (RFC 3339 section 5.6, the form of every S3 document).
    static func iso8601(_ bytes: UnsafeRawBufferPointer) -> Date? {
        guard bytes.count >= 20, bytes[4] == UInt8(ascii: "-"), bytes[7] == UInt8(ascii: "-"),
            bytes[10] == UInt8(ascii: "T"),
            let year = number(bytes, at: 0, digits: 4), let month = number(bytes, at: 5, digits: 2),
            let day = number(bytes, at: 8, digits: 2), let time = secondsOfDay(bytes, at: 11),
            let whole = date(year: year, month: month, day: day, seconds: time)
        else { return nil }
        var index = 19
        var fraction = 0.0
        if bytes[index] == UInt8(ascii: ".") {
            index += 1
            let start = index
            var unit = 0.1
            while index < bytes.count, let digit = digit(bytes[index]) {
                fraction += Double(digit) * unit
                unit /= 10
                index += 1
            }
            guard index > start else { return nil }
        }
        guard let offset = offset(bytes, at: index) else { return nil }
        return whole.addingTimeInterval(fraction - Double(offset))
    }

    /// Reads the same from an array.
    static func iso8601(_ text: [UInt8]) -> Date? {
        text.withUnsafeBytes { iso8601($0) }
    }

    /// `20130524T000000Z`, the form of `x-amz-date`.
    static func basic(_ date: Date) -> [UInt8] {
        let (year, month, day, seconds) = civil(date)
        var text: [UInt8] = []
        text.reserveCapacity(16)
        append(year, digits: 4, to: &text)
        append(month, digits: 2, to: &text)
        append(day, digits: 2, to: &text)
        text.append(UInt8(ascii: "T"))
        append(seconds / 3600, digits: 2, to: &text)
        append(seconds / 60 % 60, digits: 2, to: &text)
        append(seconds % 60, digits: 2, to: &text)
        text.append(UInt8(ascii: "Z"))
        return text
    }

    /// `2013-05-24T00:00:00Z`: whole seconds, for documents and messages.
    static func extended(_ date: Date) -> String {
        let text = basic(date)
        var result = Array(text[0..<4])
        for (separator, range) in [("-", 4..<6), ("-", 6..<8), ("T", 9..<11), (":", 11..<13), (":", 13..<15)] {
            result += separator.utf8
            result += text[range]
        }
        result.append(UInt8(ascii: "Z"))
        return String(decoding: result, as: UTF8.self)
    }

    // MARK: Calendar

    /// Days since 1970-01-01 of a date in the proleptic Gregorian calendar (Hinnant, "chrono-compatible low-level date
    /// algorithms", days_from_civil).
    private static func days(year: Int, month: Int, day: Int) -> Int {
        let shifted = month <= 2 ? year - 1 : year
        let era = (shifted >= 0 ? shifted : shifted - 399) / 400
        let yearOfEra = shifted - era * 400
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
    }

    /// The inverse (civil_from_days), with the seconds since midnight. Years 0 to 9999; beyond, the nearest of them.
    private static func civil(_ date: Date) -> (year: Int, month: Int, day: Int, seconds: Int) {
        let interval = date.timeIntervalSince1970
        let bounded = interval.isFinite ? min(max(interval, -62_167_219_200), 253_402_300_799) : 0
        let total = Int(bounded.rounded(.down))
        let day = total >= 0 ? total / 86_400 : (total - 86_399) / 86_400
        let shifted = day + 719_468
        let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let monthIndex = (5 * dayOfYear + 2) / 153
        let month = monthIndex < 10 ? monthIndex + 3 : monthIndex - 9
        return (
            yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, dayOfYear - (153 * monthIndex + 2) / 5 + 1,
            total - day * 86_400
        )
    }

    private static func date(year: Int, month: Int, day: Int, seconds: Int) -> Date? {
        guard (1...12).contains(month), day >= 1 else { return nil }
        let start = days(year: year, month: month, day: 1)
        let next = month == 12 ? days(year: year + 1, month: 1, day: 1) : days(year: year, month: month + 1, day: 1)
        guard day <= next - start else { return nil }
        return Date(timeIntervalSince1970: Double((start + day - 1) * 86_400 + seconds))
    }

    // MARK: Fields

    private static func digit(_ byte: UInt8) -> Int? {
        byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9") ? Int(byte - UInt8(ascii: "0")) : nil
    }

    private static func number(_ bytes: UnsafeRawBufferPointer, at start: Int, digits: Int) -> Int? {
        guard start + digits <= bytes.count else { return nil }
        var value = 0
        for index in start..<start + digits {
            guard let digit = digit(bytes[index]) else { return nil }
            value = value * 10 + digit
        }
        return value
    }

    /// `hh:mm:ss`; a leap second (`:60`) counts as the first second of the next minute.
    private static func secondsOfDay(_ bytes: UnsafeRawBufferPointer, at start: Int) -> Int? {
        guard start + 8 <= bytes.count, bytes[start + 2] == UInt8(ascii: ":"), bytes[start + 5] == UInt8(ascii: ":"),
            let hours = number(bytes, at: start, digits: 2), hours < 24,
            let minutes = number(bytes, at: start + 3, digits: 2), minutes < 60,
            let seconds = number(bytes, at: start + 6, digits: 2), seconds <= 60
        else { return nil }
        return hours * 3600 + minutes * 60 + seconds
    }

    /// `Z` or `+hh:mm` as seconds, up to the end of the text.
    private static func offset(_ bytes: UnsafeRawBufferPointer, at start: Int) -> Int? {
        guard start < bytes.count else { return nil }
        switch bytes[start] {
        case UInt8(ascii: "Z"):
            return start + 1 == bytes.count ? 0 : nil
        case UInt8(ascii: "+"), UInt8(ascii: "-"):
            guard start + 6 == bytes.count, bytes[start + 3] == UInt8(ascii: ":"),
                let hours = number(bytes, at: start + 1, digits: 2), hours < 24,
                let minutes = number(bytes, at: start + 4, digits: 2), minutes < 60
            else { return nil }
            return (hours * 3600 + minutes * 60) * (bytes[start] == UInt8(ascii: "-") ? -1 : 1)
        default:
            return nil
        }
    }

    private static func month(_ bytes: Slice<UnsafeRawBufferPointer>) -> Int? {
        let names = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
        return names.firstIndex { bytes.elementsEqual($0.utf8) }.map { $0 + 1 }
    }

    private static func append(_ value: Int, digits: Int, to text: inout [UInt8]) {
        var divisor = 1
        for _ in 1..<digits { divisor *= 10 }
        while divisor > 0 {
            text.append(UInt8(ascii: "0") + UInt8(value / divisor % 10))
            divisor /= 10
        }
    }
}
