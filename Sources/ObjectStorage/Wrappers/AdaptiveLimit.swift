// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

/// How many requests may be on their way at once: grows by one while answers come, halves when the server is overrun.
///
/// Additive increase and multiplicative decrease, as TCP does it, lets clients that do not know one another share a
/// server fairly. A pure value: time and counts come from outside.
package struct AdaptiveLimit: Sendable {
    /// Requests at once, from 1 to `maximum`.
    package private(set) var value: Int
    private let maximum: Int
    private let window: Duration
    private var successes = 0
    private var lastDecrease: Duration?

    /// - Parameters:
    ///   - initial: requests at once before anything is known.
    ///   - window: at most one decrease in this time; the answers to one burst count once.
    package init(initial: Int = 32, maximum: Int = 64, window: Duration = .seconds(1)) {
        self.maximum = max(1, maximum)
        value = min(max(1, initial), self.maximum)
        self.window = window
    }

    /// Counts an answer. The limit grows by one after a whole round of them, and only while it is what holds back:
    /// answers to fewer requests than allowed say nothing about more.
    package mutating func answered(inUse: Int) {
        guard value < maximum, inUse >= value else { return }
        successes += 1
        if successes >= value {
            value += 1
            successes = 0
        }
    }

    /// Counts a request to slow down.
    ///
    /// - Parameter now: time since any fixed moment, on a clock that never goes back.
    package mutating func throttled(at now: Duration) {
        successes = 0
        if let lastDecrease, now - lastDecrease < window { return }
        lastDecrease = now
        value = max(1, value / 2)
    }
}
