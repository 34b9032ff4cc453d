// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import NIOCore
import Synchronization

/// Lets as many requests pass at once as an ``AdaptiveLimit`` says; the others wait in the order they came.
///
/// Uncontended, a passage costs two short locks. A gate may be shared by the stores of one server. What passes must not
/// wait for something that has yet to pass: a body must not be produced by requests through the same gate.
package final class RequestGate: Sendable {
    /// How a request ended, as far as the limit is concerned.
    package enum Outcome: Sendable {
        /// An answer came, a refusal included.
        case answered
        case throttled
        /// No answer, or one that says nothing about load.
        case failed
    }

    private struct Waiter {
        let id: UInt64
        let continuation: CheckedContinuation<Void, any Error>
    }

    private struct State {
        var limit: AdaptiveLimit
        var inUse = 0
        var lastID: UInt64 = 0
        /// In order of arrival. As long as there are callers: each has its own task.
        var waiters = CircularBuffer<Waiter>()

        mutating func enterAtOnce() -> Bool {
            guard waiters.isEmpty, inUse < limit.value else { return false }
            inUse += 1
            return true
        }

        mutating func admitNext() -> Waiter? {
            guard inUse < limit.value, let next = waiters.popFirst() else { return nil }
            inUse += 1
            return next
        }
    }

    private let state: Mutex<State>
    private let now: @Sendable () -> Duration

    package init(limit: AdaptiveLimit = AdaptiveLimit(), clock: any Clock<Duration> = ContinuousClock()) {
        state = Mutex(State(limit: limit))
        now = stopwatch(clock)
    }

    /// Requests that may be under way at once just now.
    package var limit: Int { state.withLock { $0.limit.value } }

    /// Requests under way just now.
    package var inUse: Int { state.withLock { $0.inUse } }

    /// Requests waiting just now.
    package var waiting: Int { state.withLock { $0.waiters.count } }

    /// Runs `body` when its turn comes and judges its result.
    ///
    /// - Throws: `CancellationError` when the task is cancelled while it waits; whatever `body` throws.
    package func pass<Value>(
        _ body: () async throws -> Value, judge: (Value) -> Outcome = { _ in .answered }
    ) async throws -> Value {
        try await enter()
        do {
            let value = try await body()
            leave(judge(value))
            return value
        } catch {
            leave(Outcome(error))
            throw error
        }
    }

    private func enter() async throws {
        if state.withLock({ $0.enterAtOnce() }) { return }
        let id = state.withLock { state in
            state.lastID += 1
            return state.lastID
        }
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
                enqueue(Waiter(id: id, continuation: continuation))
            }
        } onCancel: {
            withdraw(id)
        }
    }

    private func enqueue(_ waiter: Waiter) {
        let immediate: Result<Void, any Error>? = state.withLock { state in
            // Cancelled before it stood in line: then `withdraw` has run already and found nothing.
            if Task.isCancelled { return .failure(CancellationError()) }
            if state.enterAtOnce() { return .success(()) }
            state.waiters.append(waiter)
            return nil
        }
        if let immediate { waiter.continuation.resume(with: immediate) }
    }

    private func withdraw(_ id: UInt64) {
        let waiter = state.withLock { state -> Waiter? in
            guard let index = state.waiters.firstIndex(where: { $0.id == id }) else { return nil }
            return state.waiters.remove(at: index)
        }
        waiter?.continuation.resume(throwing: CancellationError())
    }

    private func leave(_ outcome: Outcome) {
        let moment = outcome == .throttled ? now() : .zero
        var next = state.withLock { state in
            switch outcome {
            case .answered: state.limit.answered(inUse: state.inUse)
            case .throttled: state.limit.throttled(at: moment)
            case .failed: break
            }
            state.inUse -= 1
            return state.admitNext()
        }
        while let admitted = next {
            admitted.continuation.resume()
            next = state.withLock { $0.admitNext() }
        }
    }
}

extension RequestGate.Outcome {
    init(_ error: any Error) {
        guard let error = error as? ObjectStoreError else {
            self = .failed
            return
        }
        switch error.code {
        case .throttled: self = .throttled
        case .unreachable, .serverFailure, .badAnswer: self = .failed
        default: self = .answered
        }
    }
}

/// The time since this call, on a clock whose type is erased.
func stopwatch(_ clock: some Clock<Duration>) -> @Sendable () -> Duration {
    let start = clock.now
    return { start.duration(to: clock.now) }
}
