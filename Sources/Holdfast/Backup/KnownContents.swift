// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import ObjectStorage

/// Where contents lie that are in the archive already, so that none of the same description is stored twice.
///
/// Memory: some 60 bytes for each of at most a million contents; of a bucket with more, the later ones are compared with the
/// first million.
struct KnownContents {
    private static let limit = 1_000_000
    /// Below so many bytes a link takes as much as the content.
    private static let smallest = 4096

    /// The first half of a SHA-256 and a hash of the description. What is found by it is compared whole.
    private struct Name: Hashable {
        let high: UInt64
        let low: UInt64
        let description: Int

        init(_ sha256: [UInt8], _ attributes: ObjectAttributes) {
            description = [attributes.headers, attributes.metadata].hashValue
            high = sha256.prefix(8).reduce(0) { $0 << 8 | UInt64($1) }
            low = sha256.dropFirst(8).prefix(8).reduce(0) { $0 << 8 | UInt64($1) }
        }
    }

    private var offsets: [Name: Int64] = [:]

    /// Where a content of this hash may lie with these headers and this metadata, in the tar stream.
    func offset(of sha256: [UInt8], _ attributes: ObjectAttributes, size: Int) -> Int64? {
        size < Self.smallest ? nil : offsets[Name(sha256, attributes)]
    }

    /// Remembers a content that was stored.
    mutating func add(_ sha256: [UInt8], _ attributes: ObjectAttributes, size: Int, at offset: Int64) {
        guard size >= Self.smallest, offsets.count < Self.limit else { return }
        offsets[Name(sha256, attributes)] = offset
    }
}
