// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Logging
import NIOCore
import ObjectStorage
import Streams
import TestSupport
import Testing

extension StoreCheck: CustomTestStringConvertible {
    public var testDescription: String { name }
}

extension ServiceCheck: CustomTestStringConvertible {
    public var testDescription: String { name }
}

/// Every conformer of the contract that needs no network, against every check.
@Suite struct ConformanceTests {
    enum Conformer: String, CaseIterable, Sendable {
        case memory, directoryOrder, smallPages, retrying, throttled, observed, stack, faultless, unreliable

        func store(versioning: Bool) async throws -> any ObjectStore {
            let memory = try await InMemoryObjectStore(
                versioning: versioning,
                InMemoryOptions {
                    if self == .directoryOrder { $0.order = .directories }
                    if self == .smallPages { $0.pageLimit = 3 }
                })
            let retries = RetryLoop(clock: ManualClock(isAutomatic: true))
            let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
            let narrow = RequestGate(limit: AdaptiveLimit(initial: 2, maximum: 3))
            switch self {
            case .memory, .directoryOrder, .smallPages: return memory
            case .retrying: return RetryingObjectStore(memory, retries: retries)
            case .throttled: return ThrottledObjectStore(memory, gate: narrow)
            case .observed: return ObservedObjectStore(memory, counters: StoreCounters(), logger: logger)
            case .stack: return productionStack(memory, retries: retries, logger: logger)
            case .faultless: return FaultyObjectStore(memory, [])
            case .unreliable:
                // Every operation fails at its first, third and fifth request, in three ways.
                let errors = [1: ObjectStoreError.slowDown, 3: .internalError, 5: .brokenConnection]
                let faults = StoreOperation.allCases.flatMap { operation in
                    errors.map { call, error in Fault.on(operation, call: call, .fail(error)) }
                }
                return productionStack(
                    FaultyObjectStore(memory, faults), gate: narrow, retries: retries, logger: logger)
            }
        }

        var limits: StoreLimits {
            guard self == .directoryOrder else { return .all }
            return StoreLimits(name: rawValue, capabilities: StoreLimits.all.capabilities.subtracting([.byteOrder]))
        }
    }

    @Test("store", arguments: Conformer.allCases, StoreCheck.all)
    func store(conformer: Conformer, check: StoreCheck) async throws {
        guard check.requires.isSubset(of: conformer.limits.capabilities) else { return }
        let store = try await conformer.store(versioning: check.requires.contains(.versioning))
        try await check.run(store, "scratch/")
        #expect(try await store.list(ListQuery()).objects.isEmpty, "the check left objects behind")
        #expect(try await store.uploads(prefix: []).isEmpty, "the check left uploads behind")
    }

    @Test("store in a versioned bucket", arguments: StoreCheck.all)
    func versioned(check: StoreCheck) async throws {
        let store = try await InMemoryObjectStore(versioning: true)
        try await check.run(store, "scratch/")
        #expect(try await store.listVersions(VersionQuery()).versions.isEmpty, "the check left versions behind")
    }

    @Test("service", arguments: ServiceCheck.all)
    func service(check: ServiceCheck) async throws {
        let memory = InMemoryStorageService()
        try await check.run(memory, "plain")
        let retries = RetryLoop(clock: ManualClock(isAutomatic: true))
        try await check.run(RetryingStorageService(memory, retries: retries), "retried")
        #expect(try await memory.buckets().isEmpty)
    }

    @Test("a check fails on a store that breaks its promise")
    func checksCanFail() async throws {
        let lies: [Fault] = [
            .on(.get, .flipBit(at: 2)), .on(.get, .truncateBody(to: 1)), .on(.head, .claim(size: 5)),
            .on(.head, .claim(etag: "other")), .on(.list, .dropKeys { $0.bytes.last == 49 }),
        ]
        for lie in lies {
            var failures = 0
            for check in StoreCheck.all {
                let store = FaultyObjectStore(try await InMemoryObjectStore(versioning: true), [lie])
                do { try await check.run(store, "scratch/") } catch { failures += 1 }
            }
            #expect(failures > 0)
        }
    }
}

@Suite struct ConformanceWrappersTests {
    private let key = ObjectKey("key")
    private let body = ReplayableBody(ByteBuffer(string: "content"))

    @Test("a read-only store reads and refuses every change")
    func readOnly() async throws {
        let memory = try await InMemoryObjectStore()
        _ = try await memory.put(key, body, PutOptions())
        let upload = try await memory.createUpload(key, PutOptions())
        let store = ReadOnlyObjectStore(memory)
        #expect(try await store.get(key, GetOptions()).length == 7)
        #expect(try await store.list(ListQuery()).objects.count == 1)
        #expect(try await store.listVersions(VersionQuery()).versions.count == 1)
        #expect(try await store.uploads(prefix: []).count == 1)
        #expect(try await store.tags(of: key, version: nil).isEmpty)
        let changes: [(any ObjectStore) async throws -> Void] = [
            { [key, body] in _ = try await $0.put(key, body, PutOptions()) },
            { [key] in _ = try await $0.delete([ObjectReference(key)]) },
            { [key] in _ = try await $0.createUpload(key, PutOptions()) },
            { [key, body] in _ = try await $0.uploadPart(key, upload, number: 1, body) },
            { [key] in _ = try await $0.completeUpload(key, upload, [], ifAbsent: false) },
            { [key] in try await $0.abortUpload(key, upload) },
        ]
        for change in changes {
            let error = await #expect(throws: ObjectStoreError.self) { try await change(store) }
            #expect(error?.code == .accessDenied)
        }
        #expect(try await memory.head(key, version: nil).size == 7)
    }

    @Test(
        "random access believes no server that ignores If-Match, and none that gives less",
        arguments: [Fault.on(.get, .claim(etag: "new")), .on(.get, .claim(size: 6)), .on(.get, .truncateBody(to: 2))])
    func storedBytes(fault: Fault) async throws {
        let memory = try await InMemoryObjectStore()
        _ = try await memory.put(key, body, PutOptions())
        let honest = try await memory.randomAccess(to: key)
        #expect(try await honest.read(3..<7) == ByteBuffer(string: "tent"))
        let bytes = try await FaultyObjectStore(memory, [fault]).randomAccess(to: key)
        await #expect(throws: (any Error).self) { try await bytes.read(3..<7) }
    }

    @Test("a version stays readable after it is replaced")
    func versionedBytes() async throws {
        let memory = try await InMemoryObjectStore(versioning: true)
        let first = try await memory.put(key, body, PutOptions())
        let bytes = try await memory.randomAccess(to: key, version: first.version)
        _ = try await memory.put(key, ReplayableBody(ByteBuffer(string: "other")), PutOptions())
        #expect(try await bytes.read(0..<7) == ByteBuffer(string: "content"))
    }

    @Test("ranges outside the object are refused without a request")
    func bounds() async throws {
        let memory = try await InMemoryObjectStore()
        _ = try await memory.put(key, body, PutOptions())
        let faulty = FaultyObjectStore(memory, [])
        let bytes = try await faulty.randomAccess(to: key)
        await #expect(throws: ByteStreamError.outOfBounds(5..<8, size: 7)) { try await bytes.read(5..<8) }
        #expect(faulty.count(.get) == 0)
    }
}
