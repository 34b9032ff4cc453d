// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Archive
import NIOCore

/// What frames held that are sound in no copy, put together from what is known of it elsewhere.
///
/// Memory: the frames' part of the tar stream, 64 MiB of it at most; what is lost beyond is left to the next repair.
struct LostFrames: Sendable {
    private static let limit: Int64 = 64 << 20

    private struct Slot: Sendable {
        let index: Int
        let range: Range<Int64>
        var bytes: [UInt8]
        /// What was put in, in no order.
        var known: [Range<Int64>] = []
        /// Whether all of it is content that has its SHA-256.
        var isProven = true

        var isComplete: Bool {
            var end = range.lowerBound
            for part in known.sorted(by: { $0.lowerBound < $1.lowerBound }) {
                guard part.lowerBound <= end else { return false }
                end = max(end, part.upperBound)
            }
            return end == range.upperBound
        }
    }

    /// By their place.
    private var slots: [Slot] = []

    init(_ lost: LostBytes, of frames: FrameIndex) {
        var held: Int64 = 0
        for range in lost.ranges {
            for index in frames.frames(covering: range) {
                let place = frames[index].tarRange
                held += Int64(place.count)
                guard held <= Self.limit else { return }
                slots.append(Slot(index: index, range: place, bytes: [UInt8](repeating: 0, count: place.count)))
            }
        }
    }

    var isEmpty: Bool { slots.isEmpty }

    /// Whether any of the frames held something of a stretch of the tar stream.
    func touches(_ range: Range<Int64>) -> Bool { !covering(range).isEmpty }

    /// Where the frame begins that holds a byte of the tar stream; `nil` when that is none of these.
    func start(of offset: Int64) -> Int64? {
        let found = covering(offset..<offset + 1)
        return found.isEmpty ? nil : slots[found.lowerBound].range.lowerBound
    }

    /// Puts in what lay at a place of the tar stream.
    ///
    /// - Parameter isProven: whether the bytes are known to be right, and not only likely.
    mutating func put(_ bytes: ByteBuffer, at offset: Int64, isProven: Bool) {
        let range = offset..<offset + Int64(bytes.readableBytes)
        for number in covering(range) {
            let part = range.clamped(to: slots[number].range)
            let source = bytes.readerIndex + Int(part.lowerBound - offset)
            let target = Int(part.lowerBound - slots[number].range.lowerBound)
            guard let slice = bytes.getSlice(at: source, length: part.count) else { continue }
            slots[number].bytes.replaceSubrange(target..<target + part.count, with: slice.readableBytesView)
            slots[number].known.append(part)
            slots[number].isProven = slots[number].isProven && isProven
        }
    }

    /// The frames of which everything is known, and whether it is proven.
    var complete: [(index: Int, content: ByteBuffer, isProven: Bool)] {
        slots.filter(\.isComplete).map { ($0.index, ByteBuffer(bytes: $0.bytes), $0.isProven) }
    }

    private func covering(_ range: Range<Int64>) -> Range<Int> {
        let first = partition { $0.range.upperBound <= range.lowerBound }
        let last = partition { $0.range.lowerBound < range.upperBound }
        return range.isEmpty || first >= last ? 0..<0 : first..<last
    }

    /// How many slots, from the first on, have what only the first ones have.
    private func partition(_ isBefore: (Slot) -> Bool) -> Int {
        var low = 0
        var high = slots.count
        while low < high {
            let middle = (low + high) / 2
            if isBefore(slots[middle]) { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
