// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

/// The parts of an archive's tar stream that no copy has any more.
///
/// Takes 16 bytes for each damaged stretch.
struct LostBytes: Sendable {
    private(set) var ranges: [Range<Int64>] = []
    /// Everything from here on is lost as well.
    private(set) var end: Int64?

    /// All of it.
    static let all: LostBytes = {
        var lost = LostBytes()
        lost.end = 0
        return lost
    }()

    var isNone: Bool { ranges.isEmpty && end == nil }

    /// The first byte that is lost.
    var start: Int64? { ranges.first?.lowerBound ?? end }

    /// Adds a range that begins at or behind the last one's end.
    mutating func add(_ range: Range<Int64>) {
        if let last = ranges.last, last.upperBound == range.lowerBound {
            ranges[ranges.count - 1] = last.lowerBound..<range.upperBound
        } else {
            ranges.append(range)
        }
    }

    mutating func loseAll(from start: Int64) {
        end = start
    }

    /// Whether any byte of a range is lost. An object without bytes is lost with its archive only.
    func contains(_ range: Range<Int64>) -> Bool {
        if let end, range.upperBound > end || end == 0 { return true }
        return ranges.contains { $0.overlaps(range) }
    }
}
