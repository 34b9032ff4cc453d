// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Archive
import NIOCore
import Streams

/// A frame that is damaged in every copy, put together of the stretches in which the copies differ: where the one is
/// damaged the other may not be. The frame's checksum tells which of the mixtures is right.
enum MendedFrame {
    /// Stretches that are tried both ways: 2 to this power mixtures, each decompressed.
    private static let mostStretches = 8
    /// Bytes that are the same by chance within a damaged stretch do not end it.
    private static let gap = 64

    /// - Parameter copies: places that have the archive.
    /// - Returns: `nil` when no mixture is right.
    static func make(
        _ index: Int, of reader: ArchiveReader, from copies: [any RandomAccessBytes]
    ) async throws -> ByteBuffer? {
        let range = reader.frames[index].fileRange
        var versions: [[UInt8]] = []
        for copy in copies {
            do {
                let bytes = Array(try await copy.read(range).readableBytesView)
                if !versions.contains(bytes) { versions.append(bytes) }
            } catch let error where ArchiveCheck.isLoss(error) {
                continue
            }
        }
        for (number, first) in versions.enumerated() {
            for second in versions.dropFirst(number + 1) {
                let found = try await mix(first, second) { bytes in
                    do {
                        return try await reader.checkedFrame(index, from: FrameBytes(range: range, bytes: bytes))
                    } catch let error where ArchiveCheck.isLoss(error) {
                        return nil
                    }
                }
                if let found { return found }
            }
        }
        return nil
    }

    @concurrent
    private static func mix(
        _ first: [UInt8], _ second: [UInt8], isRight: @Sendable (ByteBuffer) async throws -> ByteBuffer?
    ) async throws -> ByteBuffer? {
        let stretches = differences(first, second)
        guard stretches.count > 1, stretches.count <= mostStretches else { return nil }
        // Neither all of the one nor all of the other: both were tried.
        for choice in 1..<(1 << stretches.count) - 1 {
            var mixture = first
            for (number, stretch) in stretches.enumerated() where choice >> number & 1 == 1 {
                mixture.replaceSubrange(stretch, with: second[stretch])
            }
            if let right = try await isRight(ByteBuffer(bytes: mixture)) { return right }
        }
        return nil
    }

    /// Where two frames of one length differ; no more than one more than are tried.
    private static func differences(_ first: [UInt8], _ second: [UInt8]) -> [Range<Int>] {
        guard first.count == second.count else { return [] }
        var stretches: [Range<Int>] = []
        for position in first.indices where first[position] != second[position] {
            if let last = stretches.last, position - last.upperBound < gap {
                stretches[stretches.count - 1] = last.lowerBound..<position + 1
            } else {
                stretches.append(position..<position + 1)
                if stretches.count > mostStretches { return stretches }
            }
        }
        return stretches
    }
}

/// One frame at its place in a file of which nothing else is there.
struct FrameBytes: RandomAccessBytes {
    let range: Range<Int64>
    let bytes: ByteBuffer

    var size: Int64 { range.upperBound }

    func read(_ wanted: Range<Int64>) async throws -> ByteBuffer {
        guard wanted == range else { throw ByteStreamError.outOfBounds(wanted, size: size) }
        return bytes
    }
}
