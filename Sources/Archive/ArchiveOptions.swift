// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import NIOCore

/// How an archive is written. None of it must be known to read one.
package struct ArchiveOptions: Sendable {
    /// What compresses the frames.
    package var codec: ArchiveCodec
    /// How hard it tries.
    package var level: CompressionLevel
    /// Bytes of tar stream in a frame, 512 to 64 MiB (values outside are moved to the nearest bound);
    /// `nil` means 1 MiB for gzip and 4 MiB for zstd. An archive has at most 30 million frames.
    package var frameSize: Int?
    /// Frames compressed at once, at least 1.
    package var parallelism: Int

    /// Makes options; by default quick gzip on all cores.
    package init(
        codec: ArchiveCodec = .gzip, level: CompressionLevel = .fast, frameSize: Int? = nil,
        parallelism: Int = System.coreCount
    ) {
        self.codec = codec
        self.level = level
        self.frameSize = frameSize
        self.parallelism = parallelism
    }

    /// ``frameSize`` or its default, within the bounds.
    var pieceLength: Int {
        min(max(frameSize ?? codec.defaultFrameSize, 512), ArchiveLimits.frameContent)
    }
}
