// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Dispatch

/// Runs `body` on a thread of Dispatch's own: opening and closing files may wait for a disk, and the threads of Swift's
/// concurrency must not.
func blocking<Value: Sendable>(_ body: @escaping @Sendable () throws -> Value) async throws -> Value {
    try await withCheckedThrowingContinuation { continuation in
        DispatchQueue.global().async {
            continuation.resume(with: Result(catching: body))
        }
    }
}
