// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import NIOCore
import ObjectStorage
import Streams
import TestSupport
import Testing

@Suite("Limits of what is sent and received")
struct RateLimitTests {
    private static let key = ObjectKey("key")

    @Test("Bytes pass at the rate, and an idle time earns one second of it")
    func rate() async throws {
        let clock = ManualClock(isAutomatic: true)
        let limit = RateLimit(bytesPerSecond: 10_000, clock: clock)
        for _ in 0..<4 { try await limit.pass(5000, ofBody: 20_000) }
        #expect(clock.sleeps == Array(repeating: .milliseconds(500), count: 4))
        #expect(clock.now.offset == .seconds(2))

        clock.advance(by: .seconds(60))
        for _ in 0..<4 { try await limit.pass(5000, ofBody: 20_000) }
        #expect(clock.sleeps.dropFirst(4) == [.milliseconds(500), .milliseconds(500)])
        #expect(clock.now.offset == .seconds(63))
    }

    @Test("Those who wait at once get their turns one after the other, each by one sleep")
    func concurrently() async throws {
        let clock = ManualClock()
        let limit = RateLimit(bytesPerSecond: 10_000, clock: clock)
        let passed = Guarded(0)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 1...3 {
                group.addTask {
                    try await limit.pass(10_000, ofBody: 10_000)
                    passed.with { $0 += 1 }
                }
                await clock.sleepers(number)
            }
            for number in 1...3 {
                #expect(passed.value == number - 1)
                clock.advance(by: .seconds(1))
                try await group.next()
            }
        }
        #expect(clock.sleeps == [.seconds(1), .seconds(2), .seconds(3)])
    }

    @Test("A short body does not wait behind large ones, and these wait for it")
    func shortBodies() async throws {
        let clock = ManualClock(isAutomatic: true)
        let limit = RateLimit(bytesPerSecond: 1000 * 1024, clock: clock)
        let manual = ManualClock()
        let slow = RateLimit(bytesPerSecond: 1, clock: manual)
        #expect(slow.bytesPerSecond == RateLimit.slowest)
        let large = Task { try await slow.pass(1 << 20, ofBody: 1 << 20) }
        await manual.sleepers(1)
        let short = Task { try await slow.pass(1024, ofBody: 1024) }
        await manual.sleepers(2)
        let later = Task { try await slow.pass(1024, ofBody: 1 << 20) }
        await manual.sleepers(3)
        #expect(manual.sleeps == [.seconds(1024), .seconds(1), .seconds(1026)])
        for task in [large, short, later] { task.cancel() }
        for task in [large, short, later] { await #expect(throws: CancellationError.self) { try await task.value } }
        try await limit.pass(0, ofBody: 0)
        #expect(clock.sleeps.isEmpty)
    }

    @Test("One limit holds for all stores of the process, for parts as for objects")
    func uploads() async throws {
        let clock = ManualClock(isAutomatic: true)
        let bandwidth = Bandwidth(upload: RateLimit(bytesPerSecond: 1 << 20, clock: clock))
        let stores = [try await InMemoryObjectStore(), try await InMemoryObjectStore()].map {
            productionStack($0, bandwidth: bandwidth)
        }
        let body = ReplayableBody(ByteBuffer(repeating: 1, count: 5 << 20))
        for store in stores { _ = try await store.put(Self.key, body, PutOptions()) }
        #expect(clock.now.offset == .seconds(10))
        let upload = try await stores[0].createUpload(Self.key, PutOptions())
        let part = try await stores[0].uploadPart(Self.key, upload, number: 1, body)
        _ = try await stores[0].completeUpload(Self.key, upload, [part], ifAbsent: false)
        #expect(clock.now.offset == .seconds(15))
        _ = try await stores[1].get(Self.key, GetOptions(wholeUpTo: 5 << 20))
        #expect(clock.now.offset == .seconds(15))
    }

    @Test("A retry pays for what it sends again")
    func retry() async throws {
        let clock = ManualClock(isAutomatic: true)
        let faulty = FaultyObjectStore(try await InMemoryObjectStore(), [.on(.put, call: 1, .fail(.internalError))])
        let store = productionStack(
            faulty, bandwidth: Bandwidth(upload: RateLimit(bytesPerSecond: 1 << 20, clock: clock)),
            retries: RetryLoop(clock: ManualClock(isAutomatic: true)))
        _ = try await store.put(Self.key, ReplayableBody(ByteBuffer(repeating: 1, count: 1 << 20)), PutOptions())
        #expect(clock.now.offset == .seconds(2))
    }

    @Test("A body that comes is held back between its pieces, streamed or collected")
    func downloads() async throws {
        let memory = try await InMemoryObjectStore()
        let content = ByteBuffer(bytes: (0..<(1 << 20)).map { UInt8(truncatingIfNeeded: $0 &* 7) })
        _ = try await memory.put(Self.key, ReplayableBody(content), PutOptions())
        let clock = ManualClock(isAutomatic: true)
        let store = productionStack(
            memory, bandwidth: Bandwidth(download: RateLimit(bytesPerSecond: 1 << 18, clock: clock)))

        let whole = try await store.get(Self.key, GetOptions(wholeUpTo: 1 << 20))
        #expect(whole.bytes.whole == content)
        #expect(clock.now.offset == .seconds(4))
        #expect(clock.sleeps.count == 16)

        let body = try await store.get(Self.key, GetOptions(wholeUpTo: 1000))
        #expect(body.bytes.whole == nil && body.length == 1 << 20)
        #expect(clock.now.offset == .seconds(4))
        #expect(try await body.bytes.collect(upTo: 1 << 20) == content)
        #expect(clock.now.offset == .seconds(8))

        _ = try await store.put(Self.key, ReplayableBody(content), PutOptions())
        #expect(clock.now.offset == .seconds(8))
    }

    @Test("Cancellation ends the wait, and nothing is sent")
    func cancellation() async throws {
        let memory = try await InMemoryObjectStore()
        let clock = ManualClock()
        let store = productionStack(
            memory, bandwidth: Bandwidth(upload: RateLimit(bytesPerSecond: 1024, clock: clock)))
        let body = ReplayableBody(ByteBuffer(repeating: 1, count: 1 << 20))
        let task = Task { try await store.put(Self.key, body, PutOptions()) }
        await clock.sleepers(1)
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
        await #expect(throws: ObjectStoreError.self) { try await memory.head(Self.key, version: nil) }
    }
}
