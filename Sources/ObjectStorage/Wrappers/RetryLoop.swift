// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

/// Makes a request again while it fails in a way that may pass: the loop behind the retrying wrappers.
package struct RetryLoop: Sendable {
    package let policy: RetryPolicy
    private let clock: any Clock<Duration>
    private let fraction: @Sendable () -> Double

    /// - Parameters:
    ///   - clock: sleeps between attempts.
    ///   - fraction: a random number from 0 to 1 for each pause.
    package init(
        policy: RetryPolicy = RetryPolicy(), clock: any Clock<Duration> = ContinuousClock(),
        fraction: @escaping @Sendable () -> Double = { .random(in: 0..<1) }
    ) {
        self.policy = policy
        self.clock = clock
        self.fraction = fraction
    }

    /// Runs `body` until it succeeds, fails for good or has had its attempts.
    ///
    /// Only ``ObjectStoreError/isTransient`` is tried again. Every other error passes at once, `CancellationError`
    /// included, and a cancelled task does not start another attempt.
    ///
    /// - Parameter body: gets the number of the attempt, from 1.
    package func run<Value>(_ body: (_ attempt: Int) async throws -> Value) async throws -> Value {
        var attempt = 1
        let elapsed = Self.stopwatch(clock)
        while true {
            do {
                return try await body(attempt)
            } catch let error as ObjectStoreError where error.isTransient && attempt < policy.attempts {
                try Task.checkCancellation()
                guard error.code != .unreachable || elapsed() < policy.patience else { throw error }
                let pause = policy.pause(
                    afterAttempt: attempt, retryAfter: error.retryAfter, fraction: fraction())
                try await clock.sleep(for: pause)
                attempt += 1
            }
        }
    }

    /// The time since this call.
    private static func stopwatch(_ clock: some Clock<Duration>) -> () -> Duration {
        let start = clock.now
        return { start.duration(to: clock.now) }
    }
}
