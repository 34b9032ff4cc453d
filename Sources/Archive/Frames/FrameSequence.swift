// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import NIOCore

/// The parts of consecutive frames that a range of the tar stream covers, read ahead of the consumer.
///
/// Memory: three frames, and what the consumer holds.
struct FrameSequence: AsyncSequence, Sendable {
    typealias Element = ByteBuffer

    let reader: ArchiveReader
    let range: Range<Int64>

    final class AsyncIterator: AsyncIteratorProtocol {
        private static let width = 3

        private let reader: ArchiveReader
        private let range: Range<Int64>
        private var left: Range<Int>?
        private var ahead: [Task<ByteBuffer, any Error>] = []

        init(reader: ArchiveReader, range: Range<Int64>) {
            self.reader = reader
            self.range = range
        }

        deinit {
            for task in ahead { task.cancel() }
        }

        func next() async throws -> ByteBuffer? {
            var left = try self.left ?? firstFrames()
            while ahead.count < Self.width, let index = left.popFirst() {
                // Unstructured, because it runs while the consumer works on an earlier frame; `deinit` ends it.
                ahead.append(Task { [reader, range] in try await reader.part(index, of: range) })
            }
            self.left = left
            guard let task = ahead.first else { return nil }
            let part = try await withTaskCancellationHandler {
                try await task.value
            } onCancel: {
                task.cancel()
            }
            ahead.removeFirst()
            return part
        }

        private func firstFrames() throws -> Range<Int> {
            try reader.checkBounds(range)
            return reader.frames.frames(covering: range)
        }
    }

    func makeAsyncIterator() -> AsyncIterator {
        AsyncIterator(reader: reader, range: range)
    }
}
