// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import NIOCore
import ObjectStorage
import Streams
import TestSupport
import Testing

@Suite struct ThrottleTests {
    @Test("a round of answers raises the limit by one, up to the maximum")
    func growth() {
        var limit = AdaptiveLimit(initial: 2, maximum: 4)
        var values: [Int] = []
        for _ in 0..<9 {
            limit.answered(inUse: limit.value)
            values.append(limit.value)
        }
        #expect(values == [2, 3, 3, 3, 4, 4, 4, 4, 4])
    }

    @Test("answers to fewer requests than allowed prove nothing")
    func unused() {
        var limit = AdaptiveLimit(initial: 8)
        for _ in 0..<100 { limit.answered(inUse: 7) }
        #expect(limit.value == 8)
    }

    @Test("it halves at most once in the window, and never below one")
    func decrease() {
        var limit = AdaptiveLimit()
        var values: [Int] = []
        for milliseconds in [0, 1, 999, 1000, 1999, 2000, 3000, 4000, 5000, 6000] {
            limit.throttled(at: .milliseconds(milliseconds))
            values.append(limit.value)
        }
        #expect(values == [16, 16, 16, 8, 8, 4, 2, 1, 1, 1])
    }

    @Test("it grows back after it fell")
    func recovery() {
        var limit = AdaptiveLimit(initial: 32, maximum: 64)
        limit.throttled(at: .zero)
        for _ in 0..<5000 { limit.answered(inUse: limit.value) }
        #expect(limit.value == 64)
    }

    @Test("those who wait are admitted in the order they came, as many at once as allowed")
    func order() async throws {
        let gate = RequestGate(limit: AdaptiveLimit(initial: 1, maximum: 1))
        let order = Guarded<[Int]>([])
        let release = AsyncStream<Void>.makeStream()
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await gate.pass { for await _ in release.stream {} } }
            while gate.inUse == 0 { await Task.yield() }
            for number in 1...5 {
                group.addTask {
                    try await gate.pass {
                        #expect(gate.inUse == 1)
                        order.with { $0.append(number) }
                    }
                }
                while gate.waiting < number { await Task.yield() }
            }
            release.continuation.finish()
            try await group.waitForAll()
        }
        #expect(order.value == [1, 2, 3, 4, 5])
        #expect(gate.inUse == 0)
    }

    @Test("who is cancelled while waiting leaves, and the next gets the place")
    func cancellation() async throws {
        let gate = RequestGate(limit: AdaptiveLimit(initial: 1, maximum: 1))
        let release = AsyncStream<Void>.makeStream()
        let passed = Guarded(false)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await gate.pass { for await _ in release.stream {} } }
            while gate.inUse == 0 { await Task.yield() }
            let doomed = Task { try await gate.pass { Issue.record("a cancelled request passed") } }
            while gate.waiting < 1 { await Task.yield() }
            group.addTask { try await gate.pass { passed.with { $0 = true } } }
            while gate.waiting < 2 { await Task.yield() }
            doomed.cancel()
            await #expect(throws: CancellationError.self) { try await doomed.value }
            #expect(gate.waiting == 1)
            release.continuation.finish()
            try await group.waitForAll()
        }
        #expect(passed.value)
        #expect(gate.inUse == 0)
    }

    @Test("a task that is cancelled already does not wait")
    func cancelledBefore() async throws {
        let gate = RequestGate(limit: AdaptiveLimit(initial: 1, maximum: 1))
        try await gate.pass {
            await withThrowingTaskGroup(of: Void.self) { group in
                group.cancelAll()
                group.addTask { try await gate.pass {} }
                await #expect(throws: CancellationError.self) { try await group.next() }
            }
        }
        #expect(gate.waiting == 0)
        #expect(gate.inUse == 0)
    }

    @Test("a store that asks to slow down is asked less, once a second")
    func slowDown() async throws {
        let clock = ManualClock()
        let gate = RequestGate(limit: AdaptiveLimit(initial: 16), clock: clock)
        let memory = try await InMemoryObjectStore()
        let faulty = FaultyObjectStore(
            memory, [.on(.head, .fail(.slowDown)), .on(.delete, .refuse(.slowDown)), .on(.list, .fail(.internalError))])
        let store = ThrottledObjectStore(faulty, gate: gate)
        for _ in 0..<3 { _ = try? await store.head(ObjectKey("a"), version: nil) }
        #expect(gate.limit == 8)
        clock.advance(by: .seconds(1))
        _ = try await store.delete([ObjectReference(ObjectKey("a"))])
        #expect(gate.limit == 4)
        clock.advance(by: .seconds(1))
        _ = try? await store.list(ListQuery())
        #expect(gate.limit == 4)
        #expect(gate.inUse == 0)
    }

    @Test("a body that is streamed holds no place")
    func streams() async throws {
        let gate = RequestGate(limit: AdaptiveLimit(initial: 1, maximum: 1))
        let store = ThrottledObjectStore(try await InMemoryObjectStore(), gate: gate)
        let key = ObjectKey("large")
        let content = ByteBuffer(repeating: 7, count: 200_000)
        _ = try await store.put(key, ReplayableBody(content), PutOptions())
        let first = try await store.get(key, GetOptions(wholeUpTo: 0))
        let second = try await store.get(key, GetOptions(wholeUpTo: 0))
        #expect(gate.inUse == 0)
        #expect(try await first.bytes.collect(upTo: 200_000) == content)
        #expect(try await second.bytes.collect(upTo: 200_000) == content)
    }

    @Test("never more at once than allowed, whatever comes")
    func contention() async throws {
        let gate = RequestGate(limit: AdaptiveLimit(initial: 4, maximum: 4))
        let now = Guarded(0)
        let most = Guarded(0)
        try await (0..<200).forEachConcurrently(width: 50) { _ in
            try await gate.pass {
                let count = now.with { count in
                    count += 1
                    return count
                }
                most.with { $0 = max($0, count) }
                await Task.yield()
                now.with { $0 -= 1 }
            }
        }
        #expect(most.value == 4)
        #expect(gate.inUse == 0)
    }
}
