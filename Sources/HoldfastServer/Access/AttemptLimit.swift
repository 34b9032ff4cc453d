// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Synchronization

/// Counts how often something was done within a fixed window, for each who did it. At most 10,000 of them are known at
/// once, some 1 MiB; beyond that the oldest are forgotten.
final class AttemptLimit: Sendable {
    private struct Window {
        var begun: ContinuousClock.Instant
        var count: Int
    }

    private static let capacity = 10_000

    private let limit: Int
    private let window: Duration
    private let now: @Sendable () -> ContinuousClock.Instant
    private let windows = Mutex<[String: Window]>([:])

    init(
        _ limit: Int, per window: Duration, now: @escaping @Sendable () -> ContinuousClock.Instant = { .now }
    ) {
        self.limit = limit
        self.window = window
        self.now = now
    }

    /// Counts one attempt.
    ///
    /// - Returns: `nil` when it is within the limit, else the seconds until the next is, at least 1.
    func refuses(_ name: String) -> Int? {
        let now = now()
        return windows.withLock { windows in
            var own = windows[name] ?? Window(begun: now, count: 0)
            if now - own.begun >= window { own = Window(begun: now, count: 0) }
            guard own.count < limit else {
                return max(1, Int((window - (now - own.begun)).components.seconds) + 1)
            }
            own.count += 1
            if windows[name] == nil, windows.count >= Self.capacity {
                windows = windows.filter { now - $0.value.begun < window }
                if windows.count >= Self.capacity, let oldest = windows.min(by: { $0.value.begun < $1.value.begun }) {
                    windows[oldest.key] = nil
                }
            }
            windows[name] = own
            return nil
        }
    }

    /// Takes an attempt back that came to nothing.
    func forgive(_ name: String) {
        windows.withLock { windows in
            if let count = windows[name]?.count, count > 0 { windows[name]?.count = count - 1 }
        }
    }
}
