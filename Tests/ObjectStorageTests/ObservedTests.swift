// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Logging
import NIOCore
import ObjectStorage
import Streams
import TestSupport
import Testing

@Suite struct ObservedTests {
    private struct Recorder: LogHandler {
        let lines: Guarded<[String]>
        var metadata: Logger.Metadata = [:]
        var logLevel = Logger.Level.debug

        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { metadata[key] }
            set { metadata[key] = newValue }
        }

        func log(event: LogEvent) {
            let details = (event.metadata ?? [:]).map { "\($0)=\($1)" }.sorted().joined(separator: " ")
            lines.with { $0.append("\(event.level) \(event.message) \(details)") }
        }
    }

    private let counters = StoreCounters()
    private let lines = Guarded<[String]>([])
    private let key = ObjectKey("key")

    private func observe(_ store: any ObjectStore, clock: any Clock<Duration> = ManualClock()) -> ObservedObjectStore {
        let logger = Logger(label: "test") { _ in Recorder(lines: lines) }
        return ObservedObjectStore(store, counters: counters, logger: logger, clock: clock)
    }

    @Test("requests and bytes are counted by operation")
    func counts() async throws {
        let store = observe(try await InMemoryObjectStore())
        let content = ByteBuffer(repeating: 1, count: 100_000)
        _ = try await store.put(key, ReplayableBody(content), PutOptions())
        _ = try await store.get(key, GetOptions())
        _ = try await store.get(key, GetOptions(range: 0..<10))
        let streamed = try await store.get(key, GetOptions(wholeUpTo: 0))
        #expect(counters.snapshot[.get].bytesIn == 100_010)
        _ = try await streamed.bytes.collect(upTo: 100_000)
        let statistics = counters.snapshot
        #expect(statistics[.put].requests == 1)
        #expect(statistics[.put].bytesOut == 100_000)
        #expect(statistics[.get].requests == 3)
        #expect(statistics[.get].bytesIn == 200_010)
        #expect(statistics[.list].requests == 0)
        #expect(statistics.total.requests == 4)
        #expect(lines.value.isEmpty)
    }

    @Test("errors are counted by code and logged without secrets")
    func errors() async throws {
        let refused = ObjectStoreError(
            .accessDenied, "refused with the secret", status: 403, serverCode: "AccessDenied", requestID: "R1")
        let store = observe(
            FaultyObjectStore(
                try await InMemoryObjectStore(),
                [.on(.head, call: 1, .fail(refused)), .on(.delete, key: "b", .refuse(.slowDown))]))
        await #expect(throws: ObjectStoreError.self) { try await store.head(key, version: nil) }
        await #expect(throws: ObjectStoreError.self) { try await store.head(key, version: nil) }
        _ = try await store.delete([ObjectReference(ObjectKey("a")), ObjectReference(ObjectKey("b"))])
        let statistics = counters.snapshot
        #expect(statistics[.head].errors == [.accessDenied: 1, .notFound: 1])
        #expect(statistics[.delete].errors == [.throttled: 1])
        #expect(statistics.total.failures == 3)
        let logged = lines.value
        #expect(logged.count == 3)
        #expect(
            logged.first
                == "debug request failed error.code=accessDenied error.server=AccessDenied error.status=403 "
                + "request.id=R1 store.bucket=bucket store.key=key store.operation=head")
    }

    @Test("cancellation is no error")
    func cancellation() async throws {
        let faulty = FaultyObjectStore(try await InMemoryObjectStore(), [.on(.get, .hang)])
        let store = observe(faulty)
        await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { _ = try await store.get(ObjectKey("key"), GetOptions()) }
            while faulty.count(.get) == 0 { await Task.yield() }
            group.cancelAll()
            await #expect(throws: CancellationError.self) { try await group.next() }
        }
        #expect(counters.snapshot[.get].cancellations == 1)
        #expect(counters.snapshot[.get].failures == 0)
    }

    @Test("the time of each request is added up")
    func latency() async throws {
        let clock = ManualClock(isAutomatic: true)
        let memory = try await InMemoryObjectStore()
        let faulty = FaultyObjectStore(memory, [.on(.list, calls: 1...2, .delay(.seconds(3)))], clock: clock)
        let store = observe(faulty, clock: clock)
        for _ in 0..<3 { _ = try await store.list(ListQuery()) }
        #expect(counters.snapshot[.list].latency == .seconds(6))
    }

    @Test("a body that cannot be read is counted apart")
    func otherErrors() async throws {
        struct Unreadable: Error {}
        let store = observe(try await InMemoryObjectStore())
        let body = ReplayableBody(length: 5) { throw Unreadable() }
        await #expect(throws: Unreadable.self) { try await store.put(key, body, PutOptions()) }
        #expect(counters.snapshot[.put].otherErrors == 1)
        #expect(counters.snapshot[.put].bytesOut == 0)
    }
}
