// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

package import NIOCore

/// Bytes of known length that can be sent again from their beginning, so that a retry needs no special case.
package struct ReplayableBody: Sendable {
    /// Bytes in all.
    package let length: Int64
    /// The content when it is in memory.
    package let buffer: ByteBuffer?
    /// The SHA-256 of the content as 64 lower-case hex digits when the caller knows it already; saves hashing twice.
    package let sha256: String?
    /// Starts the content from its beginning; may be called once for each attempt.
    package let makeStream: @Sendable () async throws -> ByteStream

    /// A body in memory.
    package init(_ buffer: ByteBuffer, sha256: String? = nil) {
        length = Int64(buffer.readableBytes)
        self.buffer = buffer
        self.sha256 = sha256
        makeStream = { ByteStream(buffer) }
    }

    /// A body that is read anew for each attempt.
    package init(
        length: Int64, sha256: String? = nil, makeStream: @escaping @Sendable () async throws -> ByteStream
    ) {
        self.length = length
        buffer = nil
        self.sha256 = sha256
        self.makeStream = makeStream
    }
}
