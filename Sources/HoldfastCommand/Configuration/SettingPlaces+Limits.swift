// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Holdfast
import ObjectStorage

extension SettingPlaces {
    /// The limits of what is received and sent; none when nobody names one.
    func bandwidth() throws -> Bandwidth {
        let download =
            Setting(flag: flags.limitDownload, "--limit-download") ?? file?.limits.download
            ?? surroundings.setting("HOLDFAST_LIMIT_DOWNLOAD")
        let upload =
            Setting(flag: flags.limitUpload, "--limit-upload") ?? file?.limits.upload
            ?? surroundings.setting("HOLDFAST_LIMIT_UPLOAD")
        return Bandwidth(
            download: try download.map { RateLimit(try limit($0, .bytes)) },
            upload: try upload.map { RateLimit(try limit($0, .bytes)) })
    }

    /// How many requests a second each server gets; `nil` when nobody names a limit.
    func requestRate() throws -> RateTimetable? {
        let requests =
            Setting(flag: flags.limitRequests, "--limit-requests") ?? file?.limits.requests
            ?? surroundings.setting("HOLDFAST_LIMIT_REQUESTS")
        return try requests.map { try limit($0, .requests) }
    }

    private func limit(_ setting: Setting<String>, _ unit: TimetableText.Unit) throws -> RateTimetable {
        let zone =
            Setting(flag: flags.limitTimeZone, "--limit-time-zone") ?? file?.limits.timeZone
            ?? surroundings.setting("HOLDFAST_LIMIT_TIME_ZONE")
        do {
            return try TimetableText(unit: unit, zone: zone.map { try TimeZone.named($0.value) } ?? .gmt).read(
                setting.value)
        } catch let problem as TimetableText.Problem {
            throw HoldfastError(.invalidConfiguration, "\(setting.origin) \(problem.what).", hint: problem.hint)
        }
    }
}

/// A rate as people write it: `20MiB/s`, `5M`, `800K`, `1.5GiB/s`.
enum RateText {
    /// K, M and G are powers of 1,024, as KiB, MiB and GiB are; KB, MB and GB are powers of 1,000, as with dd(1).
    private static let units: [String: Double] = [
        "": 1, "b": 1, "k": 0x1p10, "kib": 0x1p10, "kb": 1e3, "m": 0x1p20, "mib": 0x1p20, "mb": 1e6, "g": 0x1p30,
        "gib": 0x1p30, "gb": 1e9,
    ]

    /// Bytes a second; `nil` for what is no rate, or one above 1 EiB/s.
    static func bytesPerSecond(_ text: String) -> Int? {
        // Bits are counted in b by others: what says so must not be taken for eight times as much.
        guard !text.hasSuffix("b"), !text.contains("b/"), !text.contains("bit") else { return nil }
        let rate = text.hasSuffix("/s") ? text.dropLast(2) : text[...]
        let digits = rate.prefix { $0.isASCII && ($0.isNumber || $0 == ".") }
        let unit = rate.dropFirst(digits.count).drop { $0 == " " }.lowercased()
        guard let factor = units[unit], let number = Double(digits), number * factor < 0x1p60 else { return nil }
        return Int(number * factor)
    }
}
