// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

/// Where one frame lies.
package struct Frame: Hashable, Sendable {
    /// Its bytes in the tar stream.
    package let tarRange: Range<Int64>
    /// Its bytes in the file.
    package let fileRange: Range<Int64>
}

/// The frames of an archive in order: each begins where its predecessor ends, in the tar stream and in the file.
///
/// Takes 16 bytes of memory for each frame, 16 MB for a tar stream of 1 TiB.
package struct FrameIndex: Hashable, Sendable {
    private var tarOffsets: [Int64] = [0]
    private var fileOffsets: [Int64] = [0]

    /// An index of no frames.
    package init() {}

    /// How many frames there are.
    package var count: Int { tarOffsets.count - 1 }
    /// Bytes of tar stream in all frames.
    package var tarLength: Int64 { tarOffsets[count] }
    /// Bytes of the file that the frames take: where the last one ends.
    package var fileLength: Int64 { fileOffsets[count] }

    /// The frame of a number from 0 to ``count`` - 1.
    package subscript(_ index: Int) -> Frame {
        Frame(
            tarRange: tarOffsets[index]..<tarOffsets[index + 1], fileRange: fileOffsets[index]..<fileOffsets[index + 1])
    }

    /// The number of the frame that holds a byte of the tar stream, found by bisection; `nil` outside the stream.
    package func frame(at tarOffset: Int64) -> Int? {
        guard tarOffset >= 0, tarOffset < tarLength else { return nil }
        var low = 0
        var high = count
        // Always: tarOffsets[low] <= tarOffset < tarOffsets[high].
        while high - low > 1 {
            let middle = (low + high) / 2
            if tarOffsets[middle] <= tarOffset { low = middle } else { high = middle }
        }
        return low
    }

    /// The number of the frame that holds a byte of the file, found by bisection; `nil` before the first and behind the
    /// last.
    package func frame(atFileOffset offset: Int64) -> Int? {
        guard offset >= 0, offset < fileLength else { return nil }
        var low = 0
        var high = count
        // Always: fileOffsets[low] <= offset < fileOffsets[high].
        while high - low > 1 {
            let middle = (low + high) / 2
            if fileOffsets[middle] <= offset { low = middle } else { high = middle }
        }
        return low
    }

    /// The numbers of the frames that hold the bytes of `range`; none when it is empty or leads outside the tar stream.
    package func frames(covering range: Range<Int64>) -> Range<Int> {
        guard !range.isEmpty, let first = frame(at: range.lowerBound), let last = frame(at: range.upperBound - 1) else {
            return 0..<0
        }
        return first..<(last + 1)
    }

    /// Adds a frame behind the last.
    ///
    /// - Throws: ``ArchiveError/corrupt(_:)`` when a length is not positive, above the limit, or the sum overflows.
    mutating func append(tarLength: Int, fileLength: Int) throws {
        let (tarEnd, tarOverflow) = self.tarLength.addingReportingOverflow(Int64(tarLength))
        let (fileEnd, fileOverflow) = self.fileLength.addingReportingOverflow(Int64(fileLength))
        guard tarLength > 0, tarLength <= ArchiveLimits.frameContent, fileLength > 0,
            fileLength <= ArchiveLimits.frameInFile, !tarOverflow, !fileOverflow
        else {
            throw ArchiveError.corrupt("frame \(count) has \(tarLength) bytes in \(fileLength)")
        }
        tarOffsets.append(tarEnd)
        fileOffsets.append(fileEnd)
    }

    mutating func reserveCapacity(_ count: Int) {
        tarOffsets.reserveCapacity(count + 1)
        fileOffsets.reserveCapacity(count + 1)
    }
}
