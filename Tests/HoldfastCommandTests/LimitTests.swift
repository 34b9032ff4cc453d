// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Holdfast
import ObjectStorage
import Testing

@testable import HoldfastCommand

@Suite("Limits of what is sent and received, as they are written")
struct LimitTests {
    @Test(
        "Rates",
        arguments: [
            ("20MiB/s", 20 << 20), ("5M", 5 << 20), ("800K", 800 << 10), ("800k", 800 << 10), ("1.5 GiB/s", 3 << 29),
            ("4096", 4096), ("4096B/s", 4096), ("10MB/s", 10_000_000), ("2KB", 2000), ("1GB", 1_000_000_000),
        ])
    func rates(text: String, expected: Int) {
        #expect(RateText.bytesPerSecond(text) == expected)
    }

    @Test(
        "What is no rate",
        arguments: [
            "", "M", "fast", "-5M", "5MM", "5M/min", "10Mbit/s", "10Mb/s", "10Mb", "1e9", "1.2.3K", "99999999999G",
        ])
    func noRates(text: String) {
        #expect(RateText.bytesPerSecond(text) == nil)
    }

    @Test("Flags come before the file, the file before the environment")
    func order() throws {
        var places = Places.minio
        #expect(try places.resolve().configuration.bandwidth.download == nil)
        places.environment["HOLDFAST_LIMIT_DOWNLOAD"] = "3M"
        places.environment["HOLDFAST_LIMIT_UPLOAD"] = "4M"
        let byEnvironment = try places.resolve().configuration.bandwidth
        #expect(byEnvironment.download?.bytesPerSecond == 3 << 20)
        #expect(byEnvironment.upload?.bytesPerSecond == 4 << 20)
        places.files["/home/ada/.config/holdfast/holdfast.yaml"] = "limits: {download: 2M, upload: 2000K}"
        #expect(try places.resolve().configuration.bandwidth.download?.bytesPerSecond == 2 << 20)
        let byFlag = try places.resolve(["--limit-download", "1M"]).configuration.bandwidth
        #expect(byFlag.download?.bytesPerSecond == 1 << 20)
        #expect(byFlag.upload?.bytesPerSecond == 2000 << 10)
    }

    @Test(
        "What makes no sense is refused, and where it stands is said",
        arguments: [
            ("--limit-download", "fast", "--limit-download is no rate: “fast”."),
            ("--limit-upload", "1000", "--limit-upload is 1000 bytes a second"),
            ("--limit-upload", "", "--limit-upload is no rate"),
        ])
    func refused(flag: String, value: String, says: String) throws {
        let error = try #require(try Places.minio.refusal([flag, value]))
        #expect(error.code == .invalidConfiguration)
        #expect(error.message.contains(says), "\(error.message)")
    }

    private func read(_ text: String, _ unit: TimetableText.Unit = .bytes) throws -> RateTimetable {
        try TimetableText(unit: unit, zone: .gmt).read(text)
    }

    @Test("Days and times")
    func timetables() throws {
        let (week, day) = (Set(0..<7), 0..<1440)
        let known: [(String, [RateTimetable.Entry])] = [
            (
                "Mon-Fri 08:00-18:00 5MiB/s, 50MiB/s",
                [
                    .init(days: Set(0..<5), minutes: 480..<1080, rate: 5 << 20),
                    .init(days: week, minutes: day, rate: 50 << 20),
                ]
            ),
            ("22:00-6:30 1M", [.init(days: week, minutes: 1320..<1830, rate: 1 << 20)]),
            (
                "sat+SUN unlimited,2K",
                [.init(days: [5, 6], minutes: day, rate: nil), .init(days: week, minutes: day, rate: 2048)]
            ),
            ("Fri-Mon 00:00-24:00 1.5 GiB/s", [.init(days: [4, 5, 6, 0], minutes: day, rate: 3 << 29)]),
            ("Mon+Wed-Thu 10:00-11:00 1M", [.init(days: [0, 2, 3], minutes: 600..<660, rate: 1 << 20)]),
        ]
        for (text, entries) in known {
            #expect(try read(text) == RateTimetable(entries, in: .gmt), "\(text)")
        }
        #expect(try read("Mon-Fri 08:00-18:00 5/s, 50", .requests).constant == nil)
        #expect(try read("50/s", .requests) == RateTimetable(constant: 50))
    }

    @Test(
        "What is no timetable",
        arguments: [
            ("Mon-Fry 08:00-18:00 5M", "names no days with “Mon-Fry”"),
            ("Mon--Fri 5M", "names no days with “Mon--Fri”"),
            ("Mo 5M", "names no days with “Mo”"),
            ("08:00-25:00 5M", "names no times with “08:00-25:00”"),
            ("08:60-09:00 5M", "names no times with “08:60-09:00”"),
            ("08:00 5M", "names no times with “08:00”"),
            ("24:00-08:00 5M", "names no times with “24:00-08:00”"),
            ("08:00-08:00 5M", "begins and ends at the same time with “08:00-08:00”"),
            ("5M, Mon 6M", "has “Mon 6M” after “5M”, which holds at all times: it would never count"),
            ("Mon-Fri 08:00-18:00", "is no rate: “08:00-18:00”"),
            ("Mon 5M,", "is no rate: “”"), ("Mon 10, 5M", "is 10 bytes a second"),
        ])
    func noTimetables(text: String, says: String) throws {
        let problem = #expect(throws: TimetableText.Problem.self) { try read(text) }
        #expect(problem?.what.hasPrefix(says) == true, "\(problem?.what ?? "")")
        #expect(problem?.hint != nil)
    }

    @Test("Rates of requests", arguments: ["0", "0/s", "-1", "1.5/s", "50/min", "many", "", "99999999"])
    func noRequestRates(text: String) {
        #expect(throws: TimetableText.Problem.self) { try read(text, .requests) }
    }

    @Test("The zone and the requests come from the same places")
    func zone() throws {
        var places = Places.minio
        #expect(try places.resolve().configuration.requestRate == nil)
        places.environment["HOLDFAST_LIMIT_REQUESTS"] = "7"
        #expect(try places.resolve().configuration.requestRate == RateTimetable(constant: 7))
        places.files["/home/ada/.config/holdfast/holdfast.yaml"] = """
            limits:
              requests: [Mon-Fri 08:00-18:00 20/s, 100/s]
              time_zone: Europe/Berlin
            """
        let found = try #require(try places.resolve().configuration.requestRate)
        let noon = try Date("2026-11-23T07:00:00Z", strategy: .iso8601)
        #expect(found.rate(at: noon) == 20)
        #expect(found.rate(at: noon.addingTimeInterval(-1)) == 100)
        let inUTC = try places.resolve(["--limit-time-zone", "UTC"]).configuration.requestRate
        #expect(inUTC?.rate(at: noon) == 100)
        let error = try #require(try places.refusal(["--limit-time-zone", "CET"]))
        #expect(error.message.contains("There is no time zone “CET”"))
    }
}
