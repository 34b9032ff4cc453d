// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import NIOCore
import Streams

/// The body of a request that is streamed, between its source and the connection. Holds at most one piece.
struct LeanUpload {
    /// All of the body was handed to the connection.
    var isFinished = true
    /// The piece that waits for a connection.
    var piece: ByteBuffer?
    /// Resumed with whether to go on.
    var source: CheckedContinuation<Bool, Never>?

    mutating func stop() {
        piece = nil
        source?.resume(returning: false)
        source = nil
    }

    mutating func goOn() {
        source?.resume(returning: true)
        source = nil
    }
}

extension LeanExchange {
    /// Sends a body piece by piece, as fast as the connection takes it, until it ends or the request is over.
    func send(_ body: ByteStream, length: Int64) async {
        do {
            var rest = length
            for try await piece in body {
                rest -= Int64(piece.readableBytes)
                guard rest >= 0 else { throw ByteStreamError.tooLong(limit: Int(clamping: length)) }
                guard await write(piece, isLast: rest == 0) else { return }
            }
            guard rest == 0 else { throw ByteStreamError.endedEarly(wanted: length, got: length - rest) }
        } catch {
            onLoop { self.sourceFailed(error) }
        }
    }

    private func write(_ piece: ByteBuffer, isLast: Bool) async -> Bool {
        await withCheckedContinuation { continuation in
            onLoop { self.offer(piece, isLast: isLast, continuation) }
        }
    }

    // MARK: On the event loop

    private func offer(_ piece: ByteBuffer, isLast: Bool, _ continuation: CheckedContinuation<Bool, Never>) {
        guard phase != .over else { return continuation.resume(returning: false) }
        if isLast { upload.isFinished = true }
        upload.source = continuation
        if let connection {
            connection.write(piece)
        } else {
            upload.piece = piece
        }
    }

    /// A request whose body cannot be read is over, unless the server has answered before: then its answer counts.
    private func sourceFailed(_ error: any Error) {
        if phase == .pending { stop(UploadFailure(cause: error)) }
    }
}

/// What the source of a body threw; no failure of the connection, and thrown on as it is.
struct UploadFailure: Error {
    let cause: any Error
}
