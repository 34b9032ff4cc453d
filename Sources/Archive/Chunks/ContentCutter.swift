// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

/// Finds where a content is cut into chunks: at places that its bytes alone decide, so that what is the same in two
/// contents becomes the same chunks wherever it lies in them (FastCDC, Xia and others 2016, with normalised chunking).
///
/// Where the cuts are is a constant of the format: other cuts would still be read, and would share nothing with what was
/// stored before. `Documentation/format.md` says how they are found.
package struct ContentCutter: Sendable {
    /// No chunk but the last of a content is shorter, and none longer than the maximum.
    package static let minimum = 1 << 20
    package static let maximum = 16 << 20
    /// Up to this length a cut is four times as rare as one in so many bytes, behind it four times as frequent: most
    /// chunks are then about this long.
    private static let normal = 4 << 20

    /// A cut is where the highest 24 bits of the fingerprint are zero, behind ``normal`` bytes where the highest 20 are. Each of
    /// them depends on the last 41 to 64 bytes.
    private static let rare: UInt64 = 1 << 40
    private static let frequent: UInt64 = 1 << 44

    /// Bytes of the chunk so far.
    private var length = 0
    /// Of the bytes behind the first ``minimum``.
    private var fingerprint: UInt64 = 0

    package init() {}

    /// Takes the next bytes of the content, up to the end of the chunk if that is among them.
    ///
    /// - Returns: how many of `bytes` belong to the chunk that ends in them: from there on they are to be given again.
    ///   `nil` when it goes on behind all of them. The end of the content is the end of its last chunk.
    package mutating func end(in bytes: UnsafeRawBufferPointer) -> Int? {
        let start = min(bytes.count, max(0, Self.minimum - length))
        let normalEnd = min(bytes.count, max(start, Self.normal - length))
        let end = min(bytes.count, Self.maximum - length)
        let found = GearTable.values.withUnsafeBufferPointer { [fingerprint] gear in
            var found = Self.scan(bytes, gear, start..<normalEnd, below: Self.rare, from: fingerprint)
            if !found.isCut {
                found = Self.scan(bytes, gear, normalEnd..<max(normalEnd, end), below: Self.frequent, from: found.value)
            }
            return found
        }
        guard found.isCut || length + found.end == Self.maximum else {
            length += bytes.count
            fingerprint = found.value
            return nil
        }
        self = ContentCutter()
        return found.end
    }

    /// Looks at each byte of a range until one is a cut, in a loop that is nothing but that: it takes some two cycles for
    /// a byte.
    ///
    /// - Returns: the place behind the cut, or the range's end; and the fingerprint there.
    @inline(never)
    private static func scan(
        _ bytes: UnsafeRawBufferPointer, _ gear: UnsafeBufferPointer<UInt64>, _ range: Range<Int>,
        below bound: UInt64, from fingerprint: UInt64
    ) -> (end: Int, value: UInt64, isCut: Bool) {
        var value = fingerprint
        var place = range.lowerBound
        while place < range.upperBound {
            value = (value << 1) &+ gear[Int(bytes[place])]
            place &+= 1
            if value < bound { return (place, value, true) }
        }
        return (place, value, false)
    }
}

/// A random number for each value of a byte: those of SplitMix64 (Steele, Lea, Flood 2014) from the seed
/// 0x486F6C6466617374, the letters `Holdfast`.
enum GearTable {
    static let values: [UInt64] = {
        var state: UInt64 = 0x486F_6C64_6661_7374
        return (0..<256).map { _ in
            state &+= 0x9E37_79B9_7F4A_7C15
            var mixed = state
            mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
            mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
            return mixed ^ (mixed >> 31)
        }
    }()
}
