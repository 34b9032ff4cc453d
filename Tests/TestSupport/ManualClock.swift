// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// A clock that stands still until a test moves it, so that no test sleeps.
package final class ManualClock: Clock, Sendable {
    package struct Instant: InstantProtocol {
        package var offset: Duration

        package func advanced(by duration: Duration) -> Instant {
            Instant(offset: offset + duration)
        }

        package func duration(to other: Instant) -> Duration {
            other.offset - offset
        }

        package static func < (left: Instant, right: Instant) -> Bool {
            left.offset < right.offset
        }
    }

    private struct Sleeper {
        let id: Int
        let deadline: Instant
        let continuation: CheckedContinuation<Void, any Error>
    }

    private struct Observer {
        let count: Int
        let continuation: CheckedContinuation<Void, Never>
    }

    private struct State {
        var now = Instant(offset: .zero)
        var sleeps: [Duration] = []
        var sleepers: [Sleeper] = []
        var observers: [Observer] = []
        var lastID = 0
    }

    private let state = Mutex(State())
    private let isAutomatic: Bool

    /// - Parameter isAutomatic: every sleep returns at once and moves the time to its end.
    package init(isAutomatic: Bool = false) {
        self.isAutomatic = isAutomatic
    }

    package var now: Instant { state.withLock { $0.now } }
    package var minimumResolution: Duration { .nanoseconds(1) }

    /// How long each sleep so far was to be, in order.
    package var sleeps: [Duration] { state.withLock { $0.sleeps } }

    package func sleep(until deadline: Instant, tolerance: Duration?) async throws {
        try Task.checkCancellation()
        let id = state.withLock { state in
            state.sleeps.append(deadline.offset - state.now.offset)
            if isAutomatic { state.now = max(state.now, deadline) }
            state.lastID += 1
            return state.lastID
        }
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
                lieDown(Sleeper(id: id, deadline: deadline, continuation: continuation))
            }
        } onCancel: {
            let sleeper = state.withLock { state in
                state.sleepers.firstIndex { $0.id == id }.map { state.sleepers.remove(at: $0) }
            }
            sleeper?.continuation.resume(throwing: CancellationError())
        }
    }

    /// Moves the time on and wakes whose time has come.
    package func advance(by duration: Duration) {
        let woken = state.withLock { state in
            state.now = state.now.advanced(by: duration)
            let now = state.now
            let woken = state.sleepers.filter { $0.deadline <= now }.sorted { $0.deadline < $1.deadline }
            state.sleepers.removeAll { $0.deadline <= now }
            return woken
        }
        for sleeper in woken { sleeper.continuation.resume() }
    }

    /// Waits until at least `count` tasks sleep on this clock.
    package func sleepers(_ count: Int) async {
        await withCheckedContinuation { continuation in
            let isThere = state.withLock { state in
                if state.sleepers.count >= count { return true }
                state.observers.append(Observer(count: count, continuation: continuation))
                return false
            }
            if isThere { continuation.resume() }
        }
    }

    private func lieDown(_ sleeper: Sleeper) {
        var immediate: Result<Void, any Error>?
        let observers: [Observer] = state.withLock { state in
            if Task.isCancelled {
                immediate = .failure(CancellationError())
                return []
            }
            if sleeper.deadline <= state.now {
                immediate = .success(())
                return []
            }
            state.sleepers.append(sleeper)
            let count = state.sleepers.count
            let ready = state.observers.filter { $0.count <= count }
            state.observers.removeAll { $0.count <= count }
            return ready
        }
        if let immediate { sleeper.continuation.resume(with: immediate) }
        for observer in observers { observer.continuation.resume() }
    }
}
