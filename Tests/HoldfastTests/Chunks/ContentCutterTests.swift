// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Archive
import TestSupport
import Testing

/// Where contents are cut.
@Suite struct ContentCutterTests {
    /// The lengths of the chunks of a content that comes in slices of these lengths, in turn.
    private func lengths(_ content: [UInt8], slices: [Int] = [8 << 20]) -> [Int] {
        content.withUnsafeBytes { bytes in
            var cutter = ContentCutter()
            var lengths: [Int] = []
            var length = 0
            var place = 0
            var turn = 0
            while place < bytes.count {
                var end = min(place + slices[turn % slices.count], bytes.count)
                let slice = UnsafeRawBufferPointer(rebasing: bytes[place..<end])
                if let cut = cutter.end(in: slice) {
                    end = place + cut
                    lengths.append(length + cut)
                    length = 0
                } else {
                    length += slice.count
                }
                place = end
                turn += 1
            }
            return length > 0 ? lengths + [length] : lengths
        }
    }

    /// Made by another program after the page of the format: what was stored with these cuts is found by them for ever.
    @Test(
        arguments: [
            (1, [4_997_168, 7_302_607, 4_986_012, 4_206_585, 6_416_580, 5_704_591, 4_845_310, 6_484_825, 4_583_352]),
            (2, [4_276_485, 7_551_425, 2_783_927, 5_078_671, 5_442_892, 3_382_061, 4_250_744, 1_228_781, 1_442_631]),
        ] as [(UInt64, [Int])])
    func theCutsNeverChange(seed: UInt64, expected: [Int]) {
        var random = SeededGenerator(seed: seed)
        let sum = expected.reduce(0, +)
        // The generator's last word is cut to the bytes that are wanted: no byte before it changes.
        let content = random.bytes((sum + 7) / 8 * 8)
        #expect(lengths(Array(content.prefix(sum))) == expected)
    }

    @Test func theSlicesDoNotMatter() {
        var random = SeededGenerator(seed: 1)
        let content = random.bytes(18 << 20)
        let whole = lengths(content, slices: [content.count])
        #expect(whole.count == 4)
        for slices in [[1 << 20], [4_997_168, 1, 7_302_606], [1, 999_999, 65_536], [3 << 20, 0, 77]] {
            #expect(lengths(content, slices: slices) == whole)
        }
    }

    @Test func noChunkIsTooShortOrTooLong() {
        // Nothing in it is a cut, or everything.
        for byte in [0, 1, 255] as [UInt8] {
            let found = lengths([UInt8](repeating: byte, count: 17 << 20))
            #expect(found.reduce(0, +) == 17 << 20)
            #expect(found.dropLast().allSatisfy { ContentCutter.minimum...ContentCutter.maximum ~= $0 })
        }
        #expect(lengths([UInt8](repeating: 0, count: 17 << 20)) == [16 << 20, 1 << 20])
        #expect(lengths([UInt8](repeating: 0, count: 16 << 20)) == [16 << 20])
        #expect(lengths([1]) == [1])
        #expect(lengths([]) == [])
    }

    @Test func anInsertionChangesOnlyTheChunksAroundIt() {
        var random = SeededGenerator(seed: 2)
        let content = random.bytes(40 << 20)
        let place = 11 << 20
        let altered = Array(content[..<place]) + random.bytes(100) + content[place...]
        func ends(_ content: [UInt8]) -> [Int] {
            lengths(content).reduce(into: []) { $0.append(($0.last ?? 0) + $1) }
        }
        let before = ends(content)
        let after = Set(ends(altered))
        // A cut before the place stays, one behind it moves.
        let lost = before.filter { !after.contains($0 < place ? $0 : $0 + 100) }
        #expect(lost.count <= 1, "\(lost) of \(before)")
    }
}
