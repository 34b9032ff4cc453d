// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Streams
import Synchronization
import Testing

@Suite struct BoundedConcurrencyTests {
    private struct Stop: Error {}

    /// Counts how many run at once.
    private final class Gauge: Sendable {
        private let state = Mutex((now: 0, most: 0))
        var most: Int { state.withLock { $0.most } }
        func enter() {
            state.withLock {
                $0.now += 1; $0.most = max($0.most, $0.now)
            }
        }
        func leave() { state.withLock { $0.now -= 1 } }
    }

    private func numbers(_ count: Int) -> AsyncStream<Int> {
        AsyncStream { continuation in
            for number in 0..<count { continuation.yield(number) }
            continuation.finish()
        }
    }

    @Test(arguments: [1, 2, 7, 64])
    func resultsComeInOrderHoweverLongEachTakes(width: Int) async throws {
        let gauge = Gauge()
        var results: [Int] = []
        try await numbers(200).mapInOrder(width: width) { number in
            gauge.enter()
            for _ in 0..<(number * 7919 % 13) { await Task.yield() }
            gauge.leave()
            return number * 2
        } consume: {
            results.append($0)
        }
        #expect(results == (0..<200).map { $0 * 2 })
        #expect(gauge.most <= width)
    }

    @Test func theBudgetBoundsWhatIsInBeing() async throws {
        let load = Mutex((now: 0, most: 0))
        try await numbers(100).mapInOrder(width: 50, budget: 10, cost: { $0 % 4 }) { number in
            load.withLock {
                $0.now += number % 4; $0.most = max($0.most, $0.now)
            }
            await Task.yield()
            return number
        } consume: { number in
            load.withLock { $0.now -= number % 4 }
        }
        #expect(load.withLock { $0.most } <= 10)
    }

    @Test func oneElementMayExceedTheBudgetAlone() async throws {
        var results: [Int] = []
        try await numbers(5).mapInOrder(width: 4, budget: 1, cost: { _ in 100 }) {
            $0
        } consume: {
            results.append($0)
        }
        #expect(results == [0, 1, 2, 3, 4])
    }

    @Test func theFirstErrorEndsIt() async throws {
        var results: [Int] = []
        await #expect(throws: Stop.self) {
            try await numbers(100).mapInOrder(width: 4) { number in
                if number == 10 { throw Stop() }
                return number
            } consume: {
                results.append($0)
            }
        }
        #expect(results == Array(0..<10))
    }

    @Test func anErrorOfTheConsumerEndsIt() async throws {
        await #expect(throws: Stop.self) {
            try await numbers(100).mapInOrder(width: 4) {
                $0
            } consume: {
                if $0 == 3 { throw Stop() }
            }
        }
    }

    @Test func forEachRunsEveryElementWithinTheWidth() async throws {
        let gauge = Gauge()
        let seen = Mutex(Set<Int>())
        try await (0..<100).forEachConcurrently(width: 5) { number in
            gauge.enter()
            await Task.yield()
            gauge.leave()
            _ = seen.withLock { $0.insert(number) }
        }
        #expect(seen.withLock { $0 } == Set(0..<100))
        #expect(gauge.most <= 5)
    }
}
