// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Crypto
import NIOCore
import Synchronization

/// The SHA-256 of a file that is written in order.
final class FileDigest: Sendable {
    private let state = Mutex(SHA256())

    func update(_ bytes: ByteBuffer) {
        state.withLock { state in
            bytes.withUnsafeReadableBytes { state.update(bufferPointer: $0) }
        }
    }

    /// Hex digits of what was written so far.
    var hex: String { state.withLock { Hex.text($0.finalize()) } }
}
