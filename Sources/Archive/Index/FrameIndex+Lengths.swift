// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import NIOCore

/// The frames as plain numbers, for whoever keeps them until the index is written.
extension FrameIndex {
    /// The lengths of the frames from a number on: for each its bytes of tar stream and of the file, four bytes each.
    package func lengths(from number: Int) -> [UInt8] {
        var bytes = ByteBuffer()
        for frame in number..<max(number, count) {
            bytes.writeInteger(UInt32(self[frame].tarRange.count))
            bytes.writeInteger(UInt32(self[frame].fileRange.count))
        }
        return Array(bytes.readableBytesView)
    }

    /// Adds frames behind the last.
    ///
    /// - Throws: ``ArchiveError/corrupt(_:)`` when these are not lengths of frames.
    package mutating func append(lengths: [UInt8]) throws {
        var bytes = ByteBuffer(bytes: lengths)
        while let (tar, file) = bytes.readMultipleIntegers(as: (UInt32, UInt32).self) {
            guard count < ArchiveLimits.frames else { throw ArchiveError.tooManyFrames }
            try append(tarLength: Int(tar), fileLength: Int(file))
        }
        guard bytes.readableBytes == 0 else { throw ArchiveError.corrupt("a list of frames ends within one") }
    }
}
