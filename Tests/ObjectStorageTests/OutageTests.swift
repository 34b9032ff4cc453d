// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import NIOCore
import ObjectStorage
import Streams
import TestSupport
import Testing

/// A server that answered before and is silent for minutes is waited for.
@Suite struct OutageTests {
    let clock = ManualClock(isAutomatic: true)
    let key = ObjectKey("key")

    private func makeStore(_ faults: Fault...) async throws -> (store: RetryingObjectStore, faulty: FaultyObjectStore) {
        let memory = try await InMemoryObjectStore()
        _ = try await memory.put(key, ReplayableBody(ByteBuffer(string: "content")), PutOptions())
        let faulty = FaultyObjectStore(memory, faults)
        return (RetryingObjectStore(faulty, retries: RetryLoop(clock: clock, fraction: { 1 })), faulty)
    }

    private var waited: Duration { clock.sleeps.reduce(.zero, +) }

    @Test("an outage of minutes is waited out")
    func minutes() async throws {
        // 100 ms to 12.8 s, then 20 s each: the 18th attempt is made after more than 4 minutes.
        let (store, faulty) = try await makeStore(.on(.get, calls: 1...20, .fail(.brokenConnection)))
        _ = try await store.head(key, version: nil)
        _ = try await store.get(key, GetOptions())
        #expect(faulty.count(.get) == 21)
        #expect(waited > .seconds(240) && waited < .seconds(300))
    }

    @Test("an outage of more than five minutes is the caller's")
    func tooLong() async throws {
        let (store, _) = try await makeStore(.on(.get, .fail(.brokenConnection)))
        _ = try await store.head(key, version: nil)
        let error = await #expect(throws: ObjectStoreError.self) { try await store.get(key, GetOptions()) }
        #expect(error?.code == .unreachable)
        #expect(waited >= .seconds(300) && waited < .seconds(330))
        // What comes after that does not wait as long once more.
        _ = await #expect(throws: ObjectStoreError.self) { try await store.get(key, GetOptions()) }
        #expect(waited < .seconds(340))
    }

    @Test("an answer ends the outage, and the next one is waited out as long")
    func again() async throws {
        let (store, _) = try await makeStore(
            .on(.get, calls: 1...19, .fail(.brokenConnection)), .on(.get, calls: 21...39, .fail(.brokenConnection)))
        _ = try await store.head(key, version: nil)
        _ = try await store.get(key, GetOptions())
        _ = try await store.get(key, GetOptions())
        #expect(waited > .seconds(400))
    }

    @Test("a refusal is an answer")
    func refusals() async throws {
        let (store, faulty) = try await makeStore(.on(.get, calls: 1...10, .fail(.brokenConnection)))
        _ = await #expect(throws: ObjectStoreError.self) { try await store.head(ObjectKey("none"), version: nil) }
        _ = try await store.get(key, GetOptions())
        #expect(faulty.count(.get) == 11)
    }

    @Test("a server that never answered is not waited for")
    func neverAnswered() async throws {
        let (store, faulty) = try await makeStore(.on(.head, .fail(.brokenConnection)))
        _ = await #expect(throws: ObjectStoreError.self) { try await store.head(key, version: nil) }
        #expect(faulty.count(.head) == 6)
        #expect(waited < .seconds(4))
    }

    @Test("whoever tidies up does not wait")
    func tidyingUp() async throws {
        let (store, faulty) = try await makeStore(.on(.get, .fail(.brokenConnection)))
        _ = try await store.head(key, version: nil)
        await RetryLoop.$waitsOutOutages.withValue(false) {
            _ = await #expect(throws: ObjectStoreError.self) { try await store.get(key, GetOptions()) }
        }
        #expect(faulty.count(.get) == 6)
    }

    @Test("a server that fails is no outage: it answers")
    func failures() async throws {
        let (store, faulty) = try await makeStore(.on(.get, .fail(.internalError)))
        _ = try await store.head(key, version: nil)
        _ = await #expect(throws: ObjectStoreError.self) { try await store.get(key, GetOptions()) }
        #expect(faulty.count(.get) == 6)
    }
}
