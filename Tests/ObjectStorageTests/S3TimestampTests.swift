// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

@testable import ObjectStorage

@Suite struct S3TimestampTests {
    @Test(arguments: [
        ("Sun, 06 Nov 1994 08:49:37 GMT", 784_111_777.0), ("Thu, 01 Jan 1970 00:00:00 GMT", 0),
        ("Thu, 29 Feb 2024 23:59:59 GMT", 1_709_251_199), ("Fri, 31 Dec 9999 23:59:59 GMT", 253_402_300_799),
        ("Wed, 31 Dec 1969 23:59:59 GMT", -1), ("Sat, 31 Dec 2016 23:59:60 GMT", 1_483_228_800),
    ])
    func readsHTTPDates(_ text: String, _ seconds: Double) {
        #expect(Timestamp.httpDate(Array(text.utf8)) == Date(timeIntervalSince1970: seconds))
    }

    @Test(arguments: [
        "", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994", "Sun, 06 Nov 1994 08:49:37 UTC",
        "Sun, 06 Nix 1994 08:49:37 GMT", "Sun, 31 Feb 1994 08:49:37 GMT", "Sun, 06 Nov 1994 24:49:37 GMT",
        "Sun, 00 Nov 1994 08:49:37 GMT", "Sun, 06 Nov 1994 08:60:37 GMT", "Sun, 06 Nov 1994 08:49:37 GMT ",
        "Sun, -6 Nov 1994 08:49:37 GMT",
    ])
    func refusesOtherHTTPDates(_ text: String) {
        #expect(Timestamp.httpDate(Array(text.utf8)) == nil)
    }

    @Test(arguments: [
        ("2009-10-12T17:50:30.000Z", 1_255_369_830.0), ("2009-10-12T17:50:30Z", 1_255_369_830),
        ("2009-10-12T17:50:30.5Z", 1_255_369_830.5), ("2009-10-12T17:50:30.123456789Z", 1_255_369_830.123456789),
        ("2009-10-12T19:50:30+02:00", 1_255_369_830), ("2009-10-12T12:20:30.250-05:30", 1_255_369_830.25),
        ("1970-01-01T00:00:00Z", 0), ("0001-01-01T00:00:00Z", -62_135_596_800),
    ])
    func readsDocumentTimes(_ text: String, _ seconds: Double) throws {
        let date = try #require(Timestamp.iso8601(Array(text.utf8)))
        #expect(abs(date.timeIntervalSince1970 - seconds) < 1e-5)
    }

    @Test(arguments: [
        "", "2009-10-12", "2009-10-12T17:50:30", "2009-10-12 17:50:30Z", "2009-13-12T17:50:30Z", "2009-02-29T17:50:30Z",
        "2009-10-12T17:50:30.Z", "2009-10-12T17:50:30+0200", "2009-10-12T17:50:30Zx", "2009-10-12T17:50:30.5",
        "20091012T175030Z....",
    ])
    func refusesOtherDocumentTimes(_ text: String) {
        #expect(Timestamp.iso8601(Array(text.utf8)) == nil)
    }

    /// A day of every month over four centuries, against Foundation's calendar.
    @Test func agreesWithTheCalendar() throws {
        var calendar = Calendar(identifier: .gregorian)
        calendar.timeZone = try #require(TimeZone(identifier: "UTC"))
        for seconds in stride(from: 0.0, to: 12_622_780_800, by: 86_400 * 30.4375) {
            let date = Date(timeIntervalSince1970: seconds.rounded(.down))
            let parts = calendar.dateComponents([.year, .month, .day, .hour, .minute, .second], from: date)
            func two(_ value: Int?) -> String { (value ?? -1) < 10 ? "0\(value ?? -1)" : "\(value ?? -1)" }
            let expected =
                "\(parts.year ?? 0)-\(two(parts.month))-\(two(parts.day))T\(two(parts.hour)):\(two(parts.minute))"
                + ":\(two(parts.second))Z"
            #expect(Timestamp.extended(date) == expected)
            #expect(Timestamp.iso8601(Array(expected.utf8)) == date)
        }
    }

    @Test func extremesDoNotTrap() {
        #expect(Timestamp.extended(.distantFuture) == "4001-01-01T00:00:00Z")
        #expect(Timestamp.extended(Date(timeIntervalSince1970: 1e300)) == "9999-12-31T23:59:59Z")
        #expect(Timestamp.extended(Date(timeIntervalSince1970: -1e300)) == "0000-01-01T00:00:00Z")
        #expect(Timestamp.extended(Date(timeIntervalSince1970: .nan)) == "1970-01-01T00:00:00Z")
    }
}
