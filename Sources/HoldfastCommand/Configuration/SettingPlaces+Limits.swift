// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Holdfast
import ObjectStorage

extension SettingPlaces {
    /// The limits of what is received and sent; none when nobody names one.
    func bandwidth() throws -> Bandwidth {
        let download =
            Setting(flag: flags.limitDownload, "--limit-download") ?? file?.downloadLimit
            ?? surroundings.setting("HOLDFAST_LIMIT_DOWNLOAD")
        let upload =
            Setting(flag: flags.limitUpload, "--limit-upload") ?? file?.uploadLimit
            ?? surroundings.setting("HOLDFAST_LIMIT_UPLOAD")
        return Bandwidth(download: try download.map(Self.limit), upload: try upload.map(Self.limit))
    }

    private static func limit(_ setting: Setting<String>) throws -> RateLimit {
        guard let rate = RateText.bytesPerSecond(setting.value) else {
            throw HoldfastError(
                .invalidConfiguration, "\(setting.origin) is no rate: “\(setting.value.prefix(60))”.",
                hint: "Write bytes a second with a unit: 20MiB/s, 5M or 800K.")
        }
        guard rate >= RateLimit.slowest else {
            throw HoldfastError(
                .invalidConfiguration,
                "\(setting.origin) is \(rate) bytes a second: with less than 1 KiB/s no run would come to its end.",
                hint: "Write bytes a second with a unit: 20MiB/s, 5M or 800K.")
        }
        return RateLimit(bytesPerSecond: rate)
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
