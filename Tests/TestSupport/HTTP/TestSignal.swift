// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// Something that happens once, and that others wait for.
package final class TestSignal: Sendable {
    private struct State {
        var isRaised = false
        var waiters: [@Sendable () -> Void] = []
    }

    private let state = Mutex(State())

    package init() {}

    package var isRaised: Bool { state.withLock { $0.isRaised } }

    /// Lets it happen.
    package func raise() {
        let waiters = state.withLock { state in
            state.isRaised = true
            defer { state.waiters = [] }
            return state.waiters
        }
        for waiter in waiters { waiter() }
    }

    /// Runs `body` when it has happened.
    package func whenRaised(_ body: @escaping @Sendable () -> Void) {
        let isRaised = state.withLock { state in
            if !state.isRaised { state.waiters.append(body) }
            return state.isRaised
        }
        if isRaised { body() }
    }

    /// Returns when it has happened. Does not mind cancellation.
    package func wait() async {
        await withCheckedContinuation { continuation in
            whenRaised { continuation.resume() }
        }
    }
}
