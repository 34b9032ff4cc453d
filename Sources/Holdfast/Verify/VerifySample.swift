// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Catalog

/// A part of a backup's objects, drawn at random: the same seed draws the same objects of the same backup.
package struct VerifySample: Codable, Sendable {
    /// Of the objects, above 0 and at most 1.
    package let share: Double
    package let seed: UInt32

    package init(share: Double, seed: UInt32) {
        self.share = share
        self.seed = seed
    }

    /// How many of `total` objects are drawn: at least one where there is one.
    func count(of total: Int) -> Int {
        min(total, max(min(total, 1), Int((Double(total) * share).rounded(.up))))
    }
}

/// Draws exactly `wanted` of `left` things that come one after the other, each with the same chance (Knuth, The Art of
/// Computer Programming 3.4.2, algorithm S). The numbers are SplitMix64's (Steele, Lea, Flood 2014).
struct Drawing: Sendable {
    private var wanted: Int
    private var left: Int
    private var state: UInt64

    init(_ sample: VerifySample, of total: Int) {
        wanted = sample.count(of: total)
        left = total
        state = UInt64(sample.seed)
    }

    /// Whether the next thing is drawn.
    mutating func draws() -> Bool {
        guard left > 0 else { return false }
        defer { left -= 1 }
        guard Int(next() % UInt64(left)) < wanted else { return false }
        wanted -= 1
        return true
    }

    private mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}

/// The objects of a catalog as they lie, all of them or those that are drawn.
struct DrawnObjects: AsyncSequence, Sendable {
    typealias Element = CatalogObject
    private let order: PositionOrder
    private let drawing: Drawing?

    init(of catalog: CatalogReader, drawing: Drawing?) {
        order = PositionOrder(catalog: catalog)
        self.drawing = drawing
    }

    struct AsyncIterator: AsyncIteratorProtocol {
        fileprivate var objects: PositionOrder.AsyncIterator
        fileprivate var drawing: Drawing?

        mutating func next() async throws -> CatalogObject? {
            while let object = try await objects.next() {
                if drawing?.draws() ?? true { return object }
            }
            return nil
        }
    }

    func makeAsyncIterator() -> AsyncIterator { AsyncIterator(objects: order.makeAsyncIterator(), drawing: drawing) }
}
