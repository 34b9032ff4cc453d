// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import ObjectStorage
import TestSupport
import Testing

@Suite struct RetryPolicyTests {
    @Test(
        "the ceiling doubles up to the cap",
        arguments: [
            (1, 100), (2, 200), (3, 400), (4, 800), (5, 1600), (6, 3200), (8, 12_800), (9, 20_000), (63, 20_000),
            (1_000_000, 20_000),
        ])
    func ceiling(attempt: Int, milliseconds: Int) {
        let policy = RetryPolicy()
        #expect(policy.pause(afterAttempt: attempt, fraction: 1) == .milliseconds(milliseconds))
        #expect(policy.pause(afterAttempt: attempt, fraction: 0) == .zero)
        #expect(policy.pause(afterAttempt: attempt, fraction: 0.5) == .milliseconds(milliseconds) / 2)
    }

    @Test(
        "Retry-After is a floor, and is obeyed up to its cap",
        arguments: [(0, 0), (1, 1), (7, 7), (60, 60), (61, 60), (86_400, 60)])
    func retryAfter(seconds: Int, floor: Int) {
        let policy = RetryPolicy()
        let asked = Duration.seconds(seconds)
        #expect(policy.pause(afterAttempt: 1, retryAfter: asked, fraction: 0) == .seconds(floor))
        #expect(
            policy.pause(afterAttempt: 1, retryAfter: asked, fraction: 1) == .seconds(floor) + .milliseconds(100))
    }

    @Test("a base of nothing never grows and never hangs")
    func zeroBase() {
        let policy = RetryPolicy(attempts: 3, base: .zero)
        #expect(policy.pause(afterAttempt: 1_000_000_000, fraction: 1) == .zero)
    }

    @Test("silence is not borne for six time limits, a failure that is answered is tried to the end")
    func patience() async {
        for (code, attempts) in [(ObjectStoreError.Code.unreachable, 2), (.serverFailure, 6)] {
            let clock = ManualClock(isAutomatic: true)
            var count = 0
            await #expect(throws: ObjectStoreError.self) {
                try await RetryLoop(clock: clock).run { _ in
                    count += 1
                    try await clock.sleep(for: .seconds(60))
                    throw ObjectStoreError(code, "no answer")
                }
            }
            #expect(count == attempts)
        }
    }

    @Test("there is always one attempt", arguments: [-1, 0, 1])
    func atLeastOne(attempts: Int) {
        #expect(RetryPolicy(attempts: attempts).attempts == 1)
    }
}
