// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Holdfast

/// How far an operation is, in one line.
struct ProgressLine {
    let reading: ProgressMeter.Reading
    let speed: ProgressSpeed.Value?

    /// For a terminal of so many columns: `backing up [#####-----] 1,203/3,000 objects  23.4/47.1 MiB  12.3 MiB/s  1 s left`.
    func bar(width: Int) -> String {
        var parts = [[phase, bar].compactMap { $0 }.joined(separator: " ")]
        parts += amounts(separator: "/")
        // One column stays free, so that no terminal wraps the line.
        var line = ""
        for part in parts {
            let longer = line.isEmpty ? part : line + "  " + part
            guard longer.count < width else { break }
            line = longer
        }
        return line.isEmpty ? String(phase.prefix(max(0, width - 1))) : line
    }

    /// For a log: `backing up: 1,203 of 3,000 objects, 23.4 MiB of 47.1 MiB, 12.3 MiB/s`.
    var sentence: String {
        let amounts = amounts(separator: " of ")
        return amounts.isEmpty ? phase : "\(phase): \(amounts.joined(separator: ", "))"
    }

    private var phase: String { reading.phase.isEmpty ? "working" : reading.phase }

    private var isDone: Bool { reading.objectsDone > 0 || reading.bytesDone > 0 }

    private var bar: String? {
        guard reading.totalsAreFinal, let part = part else { return nil }
        let filled = Int((part * 20).rounded(.down))
        return "[" + String(repeating: "#", count: filled) + String(repeating: "-", count: 20 - filled) + "]"
    }

    /// 0 to 1, by bytes where there are any.
    private var part: Double? {
        if reading.bytesTotal > 0 { return min(1, Double(reading.bytesDone) / Double(reading.bytesTotal)) }
        if reading.objectsTotal > 0 { return min(1, Double(reading.objectsDone) / Double(reading.objectsTotal)) }
        return nil
    }

    private func amounts(separator: String) -> [String] {
        guard isDone || reading.objectsTotal > 0 else { return [] }
        var parts: [String] = []
        // Totals that still grow are said as such: the end is not known yet.
        let growing = reading.totalsAreFinal ? "" : "+"
        let done = AmountText.count(reading.objectsDone)
        if reading.objectsTotal > 0 {
            parts.append("\(done)\(separator)\(AmountText.count(reading.objectsTotal))\(growing) objects")
        } else if reading.objectsDone > 0 {
            parts.append(AmountText.count(reading.objectsDone, "object"))
        }
        let bytes = AmountText.bytes(reading.bytesDone)
        if reading.bytesTotal > 0 {
            parts.append("\(bytes)\(separator)\(AmountText.bytes(reading.bytesTotal))\(growing)")
        } else if reading.bytesDone > 0 {
            parts.append(bytes)
        }
        if let speed, reading.bytesTotal > 0 || reading.bytesDone > 0 {
            parts.append(AmountText.rate(speed.bytesPerSecond))
        }
        if reading.exceptions > 0 { parts.append(AmountText.count(reading.exceptions, "exception")) }
        if let left = secondsLeft { parts.append("\(Self.wholeSeconds(left)) left") }
        return parts
    }

    /// An estimate, so without fractions.
    private static func wholeSeconds(_ seconds: Double) -> String {
        seconds < 60 ? "\(Int(seconds.rounded(.up))) s" : AmountText.duration(seconds)
    }

    /// `nil` while the end is unknown.
    private var secondsLeft: Double? {
        guard reading.totalsAreFinal, let speed, speed.workPerSecond > 0 else { return nil }
        let left =
            ProgressSpeed.work(reading.objectsTotal, reading.bytesTotal)
            - ProgressSpeed.work(reading.objectsDone, reading.bytesDone)
        return left > 0 ? left / speed.workPerSecond : nil
    }
}

/// How fast an operation is: its rate over the last seconds, and its pace over the last minute.
struct ProgressSpeed {
    struct Value: Equatable {
        let bytesPerSecond: Double
        /// Of what ``work(_:_:)`` measures; steadier, for the time that is left.
        let workPerSecond: Double
    }

    /// Long enough that a line through which a large piece comes every few seconds does not stand still now and then.
    private static let rateWindow = 10.0
    private static let paceWindow = 60.0

    /// At most five a second within the longer window.
    private var readings: [(seconds: Double, bytes: Int64, objects: Int)] = []

    /// Bytes, and for each object as many as could be read in the time that a request takes: thousands of empty objects
    /// are work as well.
    static func work(_ objects: Int, _ bytes: Int64) -> Double { Double(bytes) + Double(objects) * 65_536 }

    /// Takes a reading.
    ///
    /// - Parameter seconds: since the beginning.
    /// - Returns: `nil` until there is something to measure.
    mutating func add(_ reading: ProgressMeter.Reading, at seconds: Double) -> Value? {
        // A new phase counts from zero.
        if let last = readings.last, reading.bytesDone < last.bytes || reading.objectsDone < last.objects {
            readings = []
        }
        readings.append((seconds, reading.bytesDone, reading.objectsDone))
        while readings.count > 2, seconds - readings[1].seconds >= Self.paceWindow { readings.removeFirst() }
        guard let first = readings.first, seconds - first.seconds >= 0.5 else { return nil }
        let recent = readings.last { seconds - $0.seconds >= Self.rateWindow } ?? first
        let done = Self.work(reading.objectsDone, reading.bytesDone) - Self.work(first.objects, first.bytes)
        return Value(
            bytesPerSecond: Double(reading.bytesDone - recent.bytes) / (seconds - recent.seconds),
            workPerSecond: done / (seconds - first.seconds))
    }
}
