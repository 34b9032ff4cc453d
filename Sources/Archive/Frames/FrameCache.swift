// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import NIOCore
import Synchronization

/// The contents of frames read lately, so that many small objects side by side cost one decompression a frame.
///
/// Holds at most `limit` bytes; each frame counts as 64 KiB at least, which bounds their number too. Requests for a
/// frame that is being loaded wait for that load.
actor FrameCache {
    private struct Entry {
        let content: ByteBuffer
        var lastUse: Int
    }

    private let limit: Int
    private var entries: [Int: Entry] = [:]
    private var loads: [Int: FrameLoad] = [:]
    private var bytes = 0
    private var uses = 0

    init(limit: Int) {
        self.limit = limit
    }

    /// The content of a frame, by `load` when it is not here.
    func content(
        of index: Int, load: @escaping @Sendable () async throws -> ByteBuffer
    ) async throws -> ByteBuffer {
        uses += 1
        if let entry = entries[index] {
            entries[index]?.lastUse = uses
            return entry.content
        }
        if let running = loads[index], running.join() { return try await running.content() }
        let started = FrameLoad(load)
        loads[index] = started
        do {
            let content = try await started.content()
            finish(started, of: index, content: content)
            return content
        } catch {
            finish(started, of: index, content: nil)
            throw error
        }
    }

    private func finish(_ load: FrameLoad, of index: Int, content: ByteBuffer?) {
        // Meanwhile a load that all its waiters left may have been replaced by another.
        if loads[index] === load { loads[index] = nil }
        guard let content, entries[index] == nil else { return }
        entries[index] = Entry(content: content, lastUse: uses)
        bytes += Self.cost(content)
        while bytes > limit, entries.count > 1, let oldest = entries.min(by: { $0.value.lastUse < $1.value.lastUse }) {
            entries[oldest.key] = nil
            bytes -= Self.cost(oldest.value.content)
        }
    }

    private static func cost(_ content: ByteBuffer) -> Int {
        max(content.storageCapacity, 64 << 10)
    }
}

/// One load that several tasks wait for; it is cancelled when all of them are.
private final class FrameLoad: Sendable {
    private let task: Task<ByteBuffer, any Error>
    private let waiting = Mutex(1)

    init(_ load: @escaping @Sendable () async throws -> ByteBuffer) {
        // Unstructured, because it belongs to all who wait for it and not to the first.
        task = Task { try await load() }
    }

    /// Counts one more waiter, who then asks for the ``content()``; false when the load was given up already.
    func join() -> Bool {
        waiting.withLock { waiting in
            guard waiting > 0 else { return false }
            waiting += 1
            return true
        }
    }

    func content() async throws -> ByteBuffer {
        try await withTaskCancellationHandler {
            try await task.value
        } onCancel: {
            let left = waiting.withLock { waiting in
                waiting -= 1
                return waiting
            }
            if left == 0 { task.cancel() }
        }
    }
}
