// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import NIOCore
import ObjectStorage
import Streams
import TestSupport
import Testing

@Suite struct RetryingObjectStoreTests {
    let clock = ManualClock(isAutomatic: true)
    let key = ObjectKey("key")

    /// A bucket with `key` in it, behind `faults`, behind retries whose jitter is the whole ceiling.
    private func makeStore(
        holding content: String? = "content", _ faults: Fault...
    ) async throws -> (store: RetryingObjectStore, faulty: FaultyObjectStore) {
        let memory = try await InMemoryObjectStore()
        if let content { _ = try await memory.put(key, body(content), PutOptions()) }
        let faulty = FaultyObjectStore(memory, faults)
        return (RetryingObjectStore(faulty, retries: RetryLoop(clock: clock, fraction: { 1 })), faulty)
    }

    private func body(_ text: String) -> ReplayableBody {
        ReplayableBody(ByteBuffer(string: text))
    }

    @Test(
        "what may pass is tried again, after growing pauses",
        arguments: [
            ObjectStoreError.slowDown, .internalError, .brokenConnection, ObjectStoreError(.badAnswer, "HTML"),
        ])
    func transient(error: ObjectStoreError) async throws {
        let (store, faulty) = try await makeStore(.on(.get, calls: 1...3, .fail(error)))
        let found = try await store.get(key, GetOptions())
        #expect(found.length == 7)
        #expect(faulty.count(.get) == 4)
        #expect(clock.sleeps == [.milliseconds(100), .milliseconds(200), .milliseconds(400)])
    }

    @Test("after six attempts the error is the caller's")
    func givesUp() async throws {
        let (store, faulty) = try await makeStore(.on(.head, .fail(.internalError)))
        let error = await #expect(throws: ObjectStoreError.self) { try await store.head(key, version: nil) }
        #expect(error?.code == .serverFailure)
        #expect(faulty.count(.head) == 6)
        #expect(clock.sleeps.count == 5)
    }

    @Test(
        "a decision is not tried again",
        arguments: [
            ObjectStoreError.Code.notFound, .accessDenied, .unauthorized, .preconditionFailed, .badRequest, .conflict,
            .notImplemented, .unreadable, .rangeNotSatisfiable, .clockSkew, .noSuchBucket, .outOfSpace,
        ])
    func decisions(code: ObjectStoreError.Code) async throws {
        let (store, faulty) = try await makeStore(.on(.get, .fail(ObjectStoreError(code, "no"))))
        let error = await #expect(throws: ObjectStoreError.self) { try await store.get(key, GetOptions()) }
        #expect(error?.code == code)
        #expect(faulty.count(.get) == 1)
        #expect(clock.sleeps.isEmpty)
    }

    @Test("Retry-After is obeyed")
    func retryAfter() async throws {
        let error = ObjectStoreError(.throttled, "slow down", status: 503, retryAfter: .seconds(7))
        let (store, _) = try await makeStore(.on(.head, call: 1, .fail(error)))
        _ = try await store.head(key, version: nil)
        #expect(clock.sleeps == [.seconds(7) + .milliseconds(100)])
    }

    @Test("a body that breaks while it is collected is read again; one that breaks as a stream is not")
    func brokenBody() async throws {
        let (store, faulty) = try await makeStore(.on(.get, calls: 1...2, .breakBody(after: 3)))
        #expect(try await store.get(key, GetOptions()).bytes.whole == ByteBuffer(string: "content"))
        #expect(faulty.count(.get) == 3)

        let (other, streaming) = try await makeStore(.on(.get, call: 1, .breakBody(after: 3)))
        let found = try await other.get(key, GetOptions(wholeUpTo: 1))
        await #expect(throws: ObjectStoreError.self) { try await found.bytes.collect(upTo: 100) }
        #expect(streaming.count(.get) == 1)
    }

    @Test("cancellation ends the pause, and no attempt follows")
    func cancelledPause() async throws {
        let clock = ManualClock()
        let memory = try await InMemoryObjectStore()
        let faulty = FaultyObjectStore(memory, [.on(.head, .fail(.internalError))])
        let store = RetryingObjectStore(faulty, retries: RetryLoop(clock: clock))
        await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { _ = try await store.head(ObjectKey("key"), version: nil) }
            await clock.sleepers(1)
            group.cancelAll()
            await #expect(throws: CancellationError.self) { try await group.next() }
        }
        #expect(faulty.count(.head) == 1)
    }

    @Test("cancellation inside a request passes through")
    func cancelledRequest() async throws {
        let (store, faulty) = try await makeStore(.on(.get, .hang))
        await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { _ = try await store.get(ObjectKey("key"), GetOptions()) }
            while faulty.count(.get) == 0 { await Task.yield() }
            group.cancelAll()
            await #expect(throws: CancellationError.self) { try await group.next() }
        }
        #expect(faulty.count(.get) == 1)
    }

    @Test("of a batch of deletions only what may pass is asked for again")
    func deletions() async throws {
        let (store, faulty) = try await makeStore(
            .on(.delete, key: "b", calls: 1...2, .refuse(.slowDown)),
            .on(.delete, key: "c", .refuse(ObjectStoreError(.accessDenied, "locked"))))
        let objects = ["a", "b", "c", "d"].map { ObjectReference(ObjectKey($0)) }
        let outcomes = try await store.delete(objects)
        #expect(outcomes.map(\.object) == objects)
        #expect(outcomes.map { $0.error?.code } == [nil, nil, .accessDenied, nil])
        #expect(faulty.count(.delete) == 3)
    }

    @Test("deletions that fail to the end are told in their outcomes")
    func failingDeletions() async throws {
        let (store, faulty) = try await makeStore(.on(.delete, key: "b", .refuse(.slowDown)))
        let outcomes = try await store.delete(["a", "b"].map { ObjectReference(ObjectKey($0)) })
        #expect(outcomes.map { $0.error?.code } == [nil, .throttled])
        #expect(faulty.count(.delete) == 6)
    }
}
