// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

/// How often and after which pauses a request is made again.
///
/// Exponential with full jitter: the pause is drawn evenly from zero to a ceiling that doubles with each attempt, so
/// that many clients that failed together do not come back together.
package struct RetryPolicy: Sendable {
    /// Attempts in all, the first included; at least 1.
    package var attempts: Int
    /// The ceiling of the first pause.
    package var base: Duration
    /// The highest ceiling.
    package var cap: Duration
    /// The longest `Retry-After` that is obeyed; a server that asks for an hour is asked again sooner.
    package var retryAfterCap: Duration
    /// After so long no further attempt is begun where no answer comes, and none ever came: a server that keeps a
    /// connection and says nothing costs a whole time limit each time.
    package var patience: Duration
    /// For so long a server is waited for that answered before and is silent: a network may be gone for minutes, and a run
    /// of hours must not end with it.
    package var outage: Duration

    package init(
        attempts: Int = 6, base: Duration = .milliseconds(100), cap: Duration = .seconds(20),
        retryAfterCap: Duration = .seconds(60), patience: Duration = .seconds(100),
        outage: Duration = .seconds(300)
    ) {
        self.attempts = max(1, attempts)
        self.base = base
        self.cap = cap
        self.retryAfterCap = retryAfterCap
        self.patience = patience
        self.outage = outage
    }

    /// The pause after a failed attempt.
    ///
    /// - Parameters:
    ///   - attempt: the attempt that failed, from 1.
    ///   - retryAfter: what the server asked for; the jitter is added to it, never taken from it.
    ///   - fraction: a random number from 0 to 1.
    package func pause(afterAttempt attempt: Int, retryAfter: Duration? = nil, fraction: Double) -> Duration {
        var ceiling = min(base, cap)
        var doublings = attempt - 1
        while doublings > 0, (ceiling < cap), ceiling > .zero {
            ceiling = min(ceiling * 2, cap)
            doublings -= 1
        }
        let jitter = ceiling * min(max(fraction, 0), 1)
        guard let retryAfter, retryAfter > .zero else { return jitter }
        return min(retryAfter, retryAfterCap) + jitter
    }
}
