// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Catalog
import Crypto
import NIOCore

/// Compares a content, as it comes, with the list of its chunks that a catalog has.
struct ChunkListCheck {
    private let list: ChunkList
    private var index = 0
    private var length = 0
    private var hash = SHA256()
    private(set) var isRight = true

    /// - Parameter list: `nil` for a content that was not cut, where there is nothing to compare.
    init(_ list: ChunkList?) {
        self.list = list ?? ChunkList()
    }

    mutating func take(_ piece: ByteBuffer) {
        var rest = piece
        while isRight, index < list.count,
            let slice = rest.readSlice(length: min(rest.readableBytes, list[index].length - length)),
            slice.readableBytes > 0
        {
            slice.withUnsafeReadableBytes { hash.update(bufferPointer: $0) }
            length += slice.readableBytes
            guard length == list[index].length else { continue }
            isRight = Array(hash.finalize()) == list[index].sha256
            index += 1
            length = 0
            hash = SHA256()
        }
    }
}
