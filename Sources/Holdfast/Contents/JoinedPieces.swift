// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import NIOCore
import Streams

/// The pieces of a content one after the other, each opened when the one before has ended.
///
/// Used by one task in sequence; holds no bytes.
actor JoinedPieces {
    private var left: ArraySlice<OpenedBackup.Place>
    private var pull: () async throws -> ByteBuffer?
    private let open: @Sendable (OpenedBackup.Place) async throws -> ByteStream

    /// - Parameter left: what follows the first stream.
    init(
        _ left: ArraySlice<OpenedBackup.Place>, after first: ByteStream,
        open: @escaping @Sendable (OpenedBackup.Place) async throws -> ByteStream
    ) {
        self.left = left
        self.open = open
        pull = Self.puller(first)
    }

    func next() async throws -> ByteBuffer? {
        while true {
            if let piece = try await pull() { return piece }
            guard let place = left.popFirst() else { return nil }
            pull = Self.puller(try await open(place))
        }
    }

    private static func puller(_ stream: ByteStream) -> () async throws -> ByteBuffer? {
        var iterator = stream.makeAsyncIterator()
        return { try await iterator.next() }
    }
}
