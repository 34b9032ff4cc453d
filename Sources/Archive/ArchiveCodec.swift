// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

/// How the frames of an archive are compressed.
package enum ArchiveCodec: String, CaseIterable, Sendable {
    /// One gzip member (RFC 1952) for each frame. Every tar reads it.
    case gzip
    /// One zstd frame (RFC 8878) for each frame. Denser at the same speed; needs `tar --zstd`.
    case zstd

    /// The end of an archive's file name, without a leading dot.
    package var fileExtension: String {
        switch self {
        case .gzip: "tar.gz"
        case .zstd: "tar.zst"
        }
    }

    /// Bytes of tar stream in a frame unless ``ArchiveOptions/frameSize`` says otherwise.
    ///
    /// Reading one object costs a whole frame, so frames are small; gzip looks back only 32 KiB and loses nothing,
    /// zstd gains from more context.
    var defaultFrameSize: Int {
        switch self {
        case .gzip: 1 << 20
        case .zstd: 4 << 20
        }
    }

    /// The fewest bytes a frame takes in the file: bounds how many frames a file of a given length can hold.
    var shortestFrame: Int {
        switch self {
        case .gzip: GzipMember.headerLength + 2 + GzipMember.trailerLength
        // Magic number, descriptor, content size, block header, one byte, checksum.
        case .zstd: 4 + 1 + 1 + 3 + 1 + 4
        }
    }
}
