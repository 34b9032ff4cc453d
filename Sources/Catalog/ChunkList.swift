// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

/// The chunks into which a content was cut, in its order: of each its length and its SHA-256.
package struct ChunkList: Hashable, Sendable {
    /// The bytes of a chunk, 1 to 16 MiB.
    package static let lengths = 1...16 << 20
    /// Contents below have no list: one chunk is the whole.
    package static let smallestContent: Int64 = 16 << 20
    /// So many chunks has a content at most: of 256 GiB in chunks of 1 MiB there are fewer.
    package static let limit = 300_000

    /// 36 bytes for each chunk: its length, four bytes, the least significant first, and its SHA-256.
    package private(set) var bytes: [UInt8] = []
    /// The sum of the lengths.
    package private(set) var size: Int64 = 0

    private static let entry = 36

    package init() {}

    /// - Returns: `nil` for what is not the list of a content of `size` bytes.
    package init?(bytes: [UInt8], size: Int64) {
        guard size >= Self.smallestContent, bytes.count.isMultiple(of: Self.entry),
            bytes.count / Self.entry <= Self.limit
        else { return nil }
        self.bytes = bytes
        for chunk in self {
            guard Self.lengths.contains(chunk.length) else { return nil }
            self.size += Int64(chunk.length)
        }
        guard self.size == size else { return nil }
    }

    /// - Parameters:
    ///   - length: within ``lengths``.
    ///   - sha256: 32 bytes.
    package mutating func append(length: Int, sha256: [UInt8]) {
        bytes += [0, 8, 16, 24].map { UInt8(truncatingIfNeeded: length >> $0) } + sha256
        size += Int64(length)
    }
}

extension ChunkList: RandomAccessCollection {
    package struct Chunk: Hashable, Sendable {
        package let length: Int
        /// 32 bytes.
        package let sha256: [UInt8]
    }

    package var startIndex: Int { 0 }
    package var endIndex: Int { bytes.count / Self.entry }

    package subscript(index: Int) -> Chunk {
        let entry = bytes[index * Self.entry..<(index + 1) * Self.entry]
        return Chunk(
            length: entry.prefix(4).reversed().reduce(0) { $0 << 8 | Int($1) }, sha256: Array(entry.dropFirst(4)))
    }
}
