// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

/// Times of PAX records: decimal seconds since 1970 UTC with an optional fraction.
enum PaxTime {
    /// `-1500` becomes `-1.5`.
    static func text(milliseconds: Int64) -> String {
        let magnitude = milliseconds.magnitude
        var fraction = String(magnitude % 1000 + 1000).dropFirst()
        while fraction.last == "0" { fraction.removeLast() }
        let sign = milliseconds < 0 ? "-" : ""
        return "\(sign)\(magnitude / 1000)" + (fraction.isEmpty ? "" : ".\(fraction)")
    }

    /// Milliseconds of a time, finer digits dropped towards the past; `nil` when it is no number or beyond `Int64`.
    static func milliseconds(_ text: [UInt8]) -> Int64? {
        var digits = text[...]
        let negative = digits.first == UInt8(ascii: "-")
        if negative { digits.removeFirst() }
        let parts = digits.split(separator: UInt8(ascii: "."), maxSplits: 1, omittingEmptySubsequences: false)
        guard let whole = parts.first, let seconds = PaxNumber.value(whole) else { return nil }
        let fraction = parts.count > 1 ? parts[1] : []
        guard fraction.allSatisfy({ $0 &- UInt8(ascii: "0") <= 9 }) else { return nil }
        let padded = fraction.prefix(3) + [UInt8](repeating: UInt8(ascii: "0"), count: max(0, 3 - fraction.count))
        let (product, overflow) = seconds.multipliedReportingOverflow(by: 1000)
        guard !overflow, let thousandths = PaxNumber.value(padded[...]) else { return nil }
        let (sum, carried) = product.addingReportingOverflow(thousandths)
        let finer = fraction.dropFirst(3).contains { $0 != UInt8(ascii: "0") }
        // Int64.min would be a time that is read and, being without a counterpart, never read again once written.
        guard !carried, !negative || !finer || sum < .max else { return nil }
        return negative ? -sum - (finer ? 1 : 0) : sum
    }
}

/// Numbers of PAX records.
enum PaxNumber {
    /// The value of one or more decimal digits; `nil` for anything else and beyond `Int64`.
    static func value(_ digits: ArraySlice<UInt8>) -> Int64? {
        guard !digits.isEmpty else { return nil }
        var value: Int64 = 0
        for byte in digits {
            let digit = byte &- UInt8(ascii: "0")
            let (product, overflow) = value.multipliedReportingOverflow(by: 10)
            let (sum, carried) = product.addingReportingOverflow(Int64(digit))
            guard digit <= 9, !overflow, !carried else { return nil }
            value = sum
        }
        return value
    }
}
