// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

package import Logging
import Synchronization

/// Makes a request again while it fails in a way that may pass: the loop behind the retrying wrappers.
///
/// A server that has answered before and is silent is waited for, ``RetryPolicy/outage`` long, by all requests together:
/// networks fail for minutes. One that never answered, because its address is wrong for instance, is not.
package struct RetryLoop: Sendable {
    package let policy: RetryPolicy
    private let clock: any Clock<Duration>
    private let fraction: @Sendable () -> Double
    private let logger: Logger
    private let contact = Contact()

    /// Whether an outage is waited out. Not by those who tidy up: they have somebody waiting for the end.
    @TaskLocal package static var waitsOutOutages = true

    /// - Parameters:
    ///   - clock: sleeps between attempts.
    ///   - fraction: a random number from 0 to 1 for each pause.
    ///   - logger: is told when an outage is waited out, and when it is over.
    package init(
        policy: RetryPolicy = RetryPolicy(), clock: any Clock<Duration> = ContinuousClock(),
        fraction: @escaping @Sendable () -> Double = { .random(in: 0..<1) },
        logger: Logger = Logger(label: "holdfast.storage")
    ) {
        self.policy = policy
        self.clock = clock
        self.fraction = fraction
        self.logger = logger
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
                let value = try await body(attempt)
                noteAnswer()
                return value
            } catch let error as ObjectStoreError {
                if error.status != nil { noteAnswer() }
                guard error.isTransient else { throw error }
                try Task.checkCancellation()
                guard isWorthwhile(error, after: attempt, elapsed) else { throw error }
                let pause = policy.pause(
                    afterAttempt: attempt, retryAfter: error.retryAfter, fraction: fraction())
                try await clock.sleep(for: pause)
                attempt += 1
            }
        }
    }

    /// Whether to try once more.
    private func isWorthwhile(_ error: ObjectStoreError, after attempt: Int, _ elapsed: () -> Duration) -> Bool {
        guard error.code == .unreachable else { return attempt < policy.attempts }
        let (outage, isKnown) = contact.noteSilence(Self.stopwatch(clock))
        if attempt < policy.attempts, elapsed() < policy.patience { return true }
        guard isKnown, Self.waitsOutOutages, outage < policy.outage else { return false }
        if contact.beginWaiting() {
            logger.warning(
                "no answer; waiting for it",
                metadata: ["error": "\(error.message)", "wait.seconds": "\(policy.outage.components.seconds)"])
        }
        return true
    }

    private func noteAnswer() {
        if contact.noteAnswer() { logger.warning("answers again") }
    }

    /// The time since this call.
    private static func stopwatch(_ clock: some Clock<Duration>) -> @Sendable () -> Duration {
        let start = clock.now
        return { start.duration(to: clock.now) }
    }
}

/// What all requests to one server know of its silence.
private final class Contact: Sendable {
    private struct State {
        var hasAnswered = false
        var isWaitedFor = false
        /// Tells how long the server has not answered; `nil` while it does.
        var silence: (@Sendable () -> Duration)?
    }

    private let state = Mutex(State())

    /// - Returns: whether that ends an outage that was waited out.
    func noteAnswer() -> Bool {
        state.withLock { state in
            let wasWaitedFor = state.isWaitedFor
            state = State(hasAnswered: true)
            return wasWaitedFor
        }
    }

    /// - Parameter stopwatch: tells the time since now.
    /// - Returns: how long the server has been silent, and whether it ever answered.
    func noteSilence(_ stopwatch: @escaping @Sendable () -> Duration) -> (silence: Duration, hasAnswered: Bool) {
        state.withLock { state in
            let silence = state.silence ?? stopwatch
            state.silence = silence
            return (silence(), state.hasAnswered)
        }
    }

    /// - Returns: whether nobody waited before.
    func beginWaiting() -> Bool {
        state.withLock { state in
            defer { state.isWaitedFor = true }
            return !state.isWaitedFor
        }
    }
}
