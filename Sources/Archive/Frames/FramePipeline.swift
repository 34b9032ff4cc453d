// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import NIOCore

/// Compresses pieces on all cores and hands the frames to the sink in the order of the pieces, one at a time.
///
/// At most `parallelism + 1` frames are in flight, each with its piece and its output, so memory stays below
/// `(parallelism + 2) * 2` pieces, the one being filled included. When the sink is slow, ``submit(_:)`` waits.
/// Used by one task at a time.
final class FramePipeline {
    /// The frames that the sink has taken.
    private(set) var frames: FrameIndex

    private struct InFlight {
        let piece: ByteBuffer
        let frameLength: Task<Int, any Error>
    }

    private let width: Int
    private let pieceLength: Int
    private let workshop: Workshop
    private var queue: [InFlight] = []
    private var emptyPieces: [ByteBuffer] = []
    private var failure: (any Error)?

    /// - Parameter frames: those that the sink has taken before.
    init(
        options: ArchiveOptions, continuing frames: FrameIndex,
        sink: @escaping @Sendable (ByteBuffer) async throws -> Void
    ) {
        self.frames = frames
        width = max(options.parallelism, 1) + 1
        pieceLength = options.pieceLength
        workshop = Workshop(compressors: Pool { try options.makeCompressor() }, sink: sink)
    }

    deinit {
        for item in queue { item.frameLength.cancel() }
    }

    /// An empty buffer of a piece's capacity.
    func makePiece() -> ByteBuffer {
        var piece = emptyPieces.popLast() ?? ByteBuffer()
        piece.clear(minimumCapacity: pieceLength)
        return piece
    }

    /// Starts the compression of a piece, after waiting for the oldest frame when too many are in flight.
    ///
    /// - Throws: what the sink or the compression of an earlier piece threw; always the same from then on.
    ///   ``ArchiveError/tooManyFrames`` when the index would be longer than readers accept.
    func submit(_ piece: ByteBuffer) async throws {
        try throwFailure()
        while queue.count >= width { try await retireOldest() }
        guard frames.count + queue.count < ArchiveLimits.frames else { throw ArchiveError.tooManyFrames }
        let previous = queue.last?.frameLength
        // Unstructured, because a frame is compressed and written while the next is filled, beyond the call that cut
        // it. `cancel()`, `deinit` and the cancellation of a waiting caller end it.
        let frameLength = Task { [workshop] in try await workshop.emit(piece, after: previous) }
        queue.append(InFlight(piece: piece, frameLength: frameLength))
    }

    /// Waits until the sink has taken all frames.
    func drain() async throws {
        try throwFailure()
        while !queue.isEmpty { try await retireOldest() }
    }

    /// Throws what ended the pipeline, if something did.
    func throwFailure() throws {
        if let failure { throw failure }
    }

    /// Stops the compressions; on return the sink is not being called and will not be.
    func cancel() async {
        if failure == nil { failure = CancellationError() }
        for item in queue { item.frameLength.cancel() }
        for item in queue { _ = await item.frameLength.result }
        queue = []
    }

    private func retireOldest() async throws {
        let tasks = queue.map(\.frameLength)
        do {
            let length = try await withTaskCancellationHandler {
                try await tasks[0].value
            } onCancel: {
                for task in tasks { task.cancel() }
            }
            let piece = queue.removeFirst().piece
            try frames.append(tarLength: piece.readableBytes, fileLength: length)
            emptyPieces.append(piece)
        } catch {
            failure = error
            throw error
        }
    }
}

/// What the frames in flight share.
private struct Workshop: Sendable {
    let compressors: Pool<any FrameCompressor>
    let outputs = Pool<ByteBuffer> { ByteBuffer() }
    let sink: @Sendable (ByteBuffer) async throws -> Void

    /// Compresses a piece and, when its predecessor is out, gives the frame to the sink.
    ///
    /// - Returns: the frame's length.
    @concurrent
    func emit(_ piece: ByteBuffer, after previous: Task<Int, any Error>?) async throws -> Int {
        try Task.checkCancellation()
        let frame = try compress(piece)
        // Waiting for the predecessor keeps the order, and stops everything behind a failure.
        _ = try await previous?.value
        try Task.checkCancellation()
        try await sink(frame)
        let length = frame.readableBytes
        outputs.give(frame)
        return length
    }

    private func compress(_ piece: ByteBuffer) throws -> ByteBuffer {
        // A buffer that the sink kept is shared, and clearing a shared buffer makes a new one.
        var frame = try outputs.take()
        try compressors.withValue { try $0.compress(piece, into: &frame) }
        return frame
    }
}
