// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

/// A look whether a piece is worth compressing.
///
/// Buckets are full of pictures and archives. To find that 1 MiB of noise does not shrink takes libdeflate 10 ms and
/// ISA-L 0.4 ms, several times what storing it costs; the samples cost a tenth of the latter.
final class ShrinkProbe {
    private static let sample = 4 << 10
    private static let count = 8

    private let deflater = IsalDeflater()
    /// As long as a sample that shrank enough.
    private let space = UnsafeMutableRawBufferPointer.allocate(
        byteCount: ShrinkProbe.sample - ShrinkProbe.sample / 32, alignment: 64)

    deinit {
        space.deallocate()
    }

    /// Whether one of the samples shrinks by 1/32; `true` for a piece that is too short to be worth the look.
    func promises(_ content: UnsafeRawBufferPointer) -> Bool {
        let step = content.count / Self.count
        guard step >= 2 * Self.sample else { return true }
        return stride(from: 0, through: content.count - Self.sample, by: step).contains { start in
            deflater.deflate(UnsafeRawBufferPointer(rebasing: content[start..<start + Self.sample]), into: space) != nil
        }
    }
}
