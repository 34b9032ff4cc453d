// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Dispatch

/// A thread for writes that block while nobody reads: a pipe, a terminal that is held, a slow disk.
struct WritingThread: Sendable {
    private let queue: DispatchQueue

    init(label: String) {
        queue = DispatchQueue(label: label)
    }

    /// Runs `body` there, in the order of the calls, and comes back with its result.
    func run<Result: Sendable>(_ body: @escaping @Sendable () throws -> Result) async throws -> Result {
        try await withCheckedThrowingContinuation { continuation in
            queue.async { continuation.resume(with: Swift.Result(catching: body)) }
        }
    }
}
