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
        if let speed { parts.append(AmountText.rate(speed.bytesPerSecond)) }
        if reading.exceptions > 0 { parts.append(AmountText.count(reading.exceptions, "exception")) }
        if let left = secondsLeft { parts.append("\(Self.wholeSeconds(left)) left") }
        return parts
    }

    /// An estimate, so without fractions.
    private static func wholeSeconds(_ seconds: Double) -> String {
        seconds < 60 ? "\(Int(seconds.rounded(.up))) s" : AmountText.duration(seconds)
    }

    /// By what takes longer, bytes or objects; `nil` while the end is unknown.
    private var secondsLeft: Double? {
        guard reading.totalsAreFinal, let speed else { return nil }
        var estimates: [Double] = []
        let bytes = Double(reading.bytesTotal) - Double(reading.bytesDone)
        if bytes > 0, speed.bytesPerSecond > 0 { estimates.append(bytes / speed.bytesPerSecond) }
        let objects = Double(reading.objectsTotal) - Double(reading.objectsDone)
        if objects > 0, speed.objectsPerSecond > 0 { estimates.append(objects / speed.objectsPerSecond) }
        return estimates.max()
    }
}

/// How fast an operation was over the last seconds.
struct ProgressSpeed {
    struct Value: Equatable {
        let bytesPerSecond: Double
        let objectsPerSecond: Double
    }

    /// Long enough to be steady, short enough to notice a stall.
    private static let window = 5.0

    /// At most one for each drawing within the window.
    private var readings: [(seconds: Double, bytes: Int64, objects: Int)] = []

    /// Takes a reading.
    ///
    /// - Parameter seconds: since the beginning.
    /// - Returns: `nil` until there is something to measure.
    mutating func add(_ reading: ProgressMeter.Reading, at seconds: Double) -> Value? {
        readings.append((seconds, reading.bytesDone, reading.objectsDone))
        while readings.count > 2, seconds - readings[1].seconds >= Self.window { readings.removeFirst() }
        guard let first = readings.first, seconds - first.seconds >= 0.5 else { return nil }
        let elapsed = seconds - first.seconds
        return Value(
            bytesPerSecond: max(0, Double(reading.bytesDone - first.bytes) / elapsed),
            objectsPerSecond: max(0, Double(reading.objectsDone - first.objects) / elapsed))
    }
}
