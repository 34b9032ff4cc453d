// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Age
import NIOCore
import Synchronization

/// Seals the bytes of an archive on their way from the archive's writer to the copies.
///
/// Used by one task at a time. Holds back at most 64 KiB beside what it is given.
final class SealedOutput: Sendable {
    /// To be written before all else.
    let header: ByteBuffer
    /// What tells this sealed file from every other one, whatever becomes of its header.
    let nonce: [UInt8]
    private let state: Mutex<(sealer: PayloadSealer, length: Int64)>

    /// Draws the key; with a passphrase that takes about a second and 256 MiB, which are free again on return.
    init(to recipients: SealRecipients) async throws {
        let sealer = try await PayloadSealer(to: recipients.recipients)
        header = sealer.header
        nonce = sealer.nonce
        state = Mutex((sealer, Int64(sealer.header.readableBytes)))
    }

    /// Bytes of sealed file so far, the header included.
    var length: Int64 { state.withLock { $0.length } }

    /// The sealed bytes that these complete: none at times.
    func seal(_ bytes: ByteBuffer) throws -> ByteBuffer {
        try state.withLock { state in
            let sealed = try state.sealer.append(bytes)
            state.length += Int64(sealed.readableBytes)
            return sealed
        }
    }

    /// The last sealed bytes, without which the file is not whole.
    func finish() throws -> ByteBuffer {
        try state.withLock { state in
            let sealed = try state.sealer.finish()
            state.length += Int64(sealed.readableBytes)
            return sealed
        }
    }
}
