// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import NIOCore

extension ArchiveReader {
    /// Checks that the archive hangs together without reading all of it: footer and index are read again from the
    /// source, the index covers the file exactly, the members of catalog and metadata are where it says, and the tar
    /// stream ends in zero blocks.
    ///
    /// - Throws: ``ArchiveError/noIndex`` for a recovered archive, ``ArchiveError/corrupt(_:)``; what the source throws.
    package func checkStructure() async throws {
        let fresh = try await Self.open(file)
        guard fresh.codec == codec, fresh.frames == frames, fresh.catalog == catalog, fresh.metadata == metadata else {
            throw ArchiveError.corrupt("the index is not what it was when the archive was opened")
        }
        for (extent, name) in [(catalog, ArchiveLayout.catalogName), (metadata, ArchiveLayout.metadataName)] {
            guard let extent else { continue }
            try await checkMember(name, at: extent)
        }
    }

    /// Both names fit a ustar header, which ends where the content begins whatever PAX records precede it.
    private func checkMember(_ name: String, at extent: Range<Int64>) async throws {
        let offset = extent.lowerBound - Int64(UstarBlock.length)
        let block = try await read(offset..<extent.lowerBound)
        guard let header = try TarHeader(block, at: offset), header.name.elementsEqual(name.utf8),
            header.type == UInt8(ascii: "0"),
            header.size == Int64(extent.count) || Int64(extent.count) > UstarBlock.largestNumber
        else {
            throw ArchiveError.corrupt(
                "the index tells of \(name) at tar offset \(extent.lowerBound), but it is not there")
        }
    }
}
