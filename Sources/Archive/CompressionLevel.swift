// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

/// How much time is spent on making an archive small.
///
/// One core, 1 MiB pieces of source code, in MB/s and ratio: gzip `fast` 609 (4.6), `balanced` 139 (5.5), `dense`
/// 108 (5.7); zstd `fast` 564 (5.4), `balanced` 351 (5.9), `dense` about a third as fast as `fast`.
package enum CompressionLevel: String, CaseIterable, Sendable {
    /// Stored, with checksums: for content that is compressed already. zstd runs at its least effort, which stores.
    case none
    /// ISA-L level 1, or zstd 1: as fast as a disk takes the result. The default.
    case fast
    /// libdeflate level 4, or zstd 3: the last level before the time doubles for a few per cent.
    case balanced
    /// libdeflate level 6 (level 9 takes four times as long for one per cent more), or zstd 9.
    case dense

    /// What `ZSTD_c_compressionLevel` is set to.
    var zstdLevel: Int32 {
        switch self {
        // ZSTD_minCLevel(): matches are hardly looked for and literals are not coded, so blocks come out raw.
        case .none: -131_072
        case .fast: 1
        case .balanced: 3
        case .dense: 9
        }
    }

    /// What deflates at this level; `nil` when nothing does.
    func makeDeflater() throws -> (any Deflater)? {
        switch self {
        case .none: nil
        case .fast: IsalDeflater()
        case .balanced: try DenseDeflater(level: 4)
        case .dense: try DenseDeflater(level: 6)
        }
    }
}
