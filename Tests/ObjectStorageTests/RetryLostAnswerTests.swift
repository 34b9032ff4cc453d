// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import NIOCore
import ObjectStorage
import Streams
import TestSupport
import Testing

/// A write is done, its answer is lost, and the repetition meets what the first attempt did.
@Suite struct RetryLostAnswerTests {
    let key = ObjectKey("key")
    let once = PutOptions(ifAbsent: true)

    private func stack(
        _ memory: InMemoryObjectStore, _ faults: Fault...
    ) -> (store: RetryingObjectStore, faulty: FaultyObjectStore) {
        let faulty = FaultyObjectStore(memory, faults)
        let clock = ManualClock(isAutomatic: true)
        return (RetryingObjectStore(faulty, retries: RetryLoop(clock: clock)), faulty)
    }

    private func body(_ text: String) -> ReplayableBody {
        ReplayableBody(ByteBuffer(string: text))
    }

    private func content(_ store: any ObjectStore) async throws -> String {
        String(buffer: try await store.get(key, GetOptions()).bytes.collect(upTo: 1 << 20))
    }

    @Test("an object that we created ourselves is no refusal", arguments: [true, false])
    func ownPut(isStreamed: Bool) async throws {
        let (store, faulty) = stack(try await InMemoryObjectStore(), .on(.put, call: 1, .loseAnswer(.brokenConnection)))
        let buffer = ByteBuffer(string: "ours")
        let body = isStreamed ? ReplayableBody(length: 4) { ByteStream(buffer) } : ReplayableBody(buffer)
        let result = try await store.put(key, body, once)
        #expect(result.etag == (try await store.head(key, version: nil).etag))
        #expect(faulty.count(.put) == 2)
        #expect(try await content(store) == "ours")
    }

    @Test(
        "another's object is a refusal where the size proves it, and a conflict where nothing does",
        arguments: [("them", ObjectStoreError.Code.conflict), ("someone else's", .preconditionFailed)])
    func foreignPut(other: String, code: ObjectStoreError.Code) async throws {
        let memory = try await InMemoryObjectStore()
        let (store, _) = stack(
            memory, .on(.put, call: 1, .replace(Array(other.utf8))), .on(.put, call: 1, .fail(.brokenConnection)))
        let error = await #expect(throws: ObjectStoreError.self) { try await store.put(key, body("ours"), once) }
        #expect(error?.code == code)
        #expect(try await content(memory) == other)
    }

    @Test("an object that existed before is a plain refusal, also after a request to slow down")
    func existing() async throws {
        let memory = try await InMemoryObjectStore()
        _ = try await memory.put(key, body("ours"), PutOptions())
        let (store, faulty) = stack(memory, .on(.put, call: 1, .fail(.slowDown)))
        let error = await #expect(throws: ObjectStoreError.self) { try await store.put(key, body("ours"), once) }
        #expect(error?.code == .preconditionFailed)
        #expect(faulty.count(.head) == 0)
    }

    @Test("an ETag that is no MD5 proves nothing")
    func opaqueETag() async throws {
        let (store, _) = stack(
            try await InMemoryObjectStore(), .on(.put, call: 1, .loseAnswer(.brokenConnection)),
            .on(.head, .claim(etag: "opaque")))
        let error = await #expect(throws: ObjectStoreError.self) { try await store.put(key, body("ours"), once) }
        #expect(error?.code == .conflict)
    }

    @Test("a head that fails for the moment is asked again with the rest")
    func failingHead() async throws {
        let (store, faulty) = stack(
            try await InMemoryObjectStore(), .on(.put, call: 1, .loseAnswer(.brokenConnection)),
            .on(.head, call: 1, .fail(.internalError)))
        _ = try await store.put(key, body("ours"), once)
        #expect(faulty.count(.head) == 2)
    }

    private func upload(_ store: any ObjectStore) async throws -> (UploadID, [UploadedPart]) {
        let upload = try await store.createUpload(key, PutOptions())
        let first = try await store.uploadPart(key, upload, number: 1, body("first "))
        let second = try await store.uploadPart(key, upload, number: 2, body("second"))
        return (upload, [first, second])
    }

    @Test("a completed upload that is gone is complete", arguments: [true, false])
    func ownCompletion(ifAbsent: Bool) async throws {
        let (store, faulty) = stack(
            try await InMemoryObjectStore(), .on(.completeUpload, call: 1, .loseAnswer(.brokenConnection)))
        let (id, parts) = try await upload(store)
        let result = try await store.completeUpload(key, id, parts, ifAbsent: ifAbsent)
        #expect(ETag.partCount(of: result.etag) == 2)
        #expect(try await content(store) == "first second")
        #expect(faulty.count(.completeUpload) == 2)
    }

    @Test("a completion refused for our own object is complete")
    func refusedCompletion() async throws {
        let refusal = ObjectStoreError(.preconditionFailed, "exists", status: 412)
        let (store, _) = stack(
            try await InMemoryObjectStore(), .on(.completeUpload, call: 1, .loseAnswer(.internalError)),
            .on(.completeUpload, call: 2, .fail(refusal)))
        let (id, parts) = try await upload(store)
        let result = try await store.completeUpload(key, id, parts, ifAbsent: true)
        #expect(result.etag == (try await store.head(key, version: nil).etag))
    }

    @Test("a completion refused for another's object stays refused")
    func foreignObject() async throws {
        let memory = try await InMemoryObjectStore()
        let (id, parts) = try await upload(memory)
        let (store, _) = stack(
            memory, .on(.completeUpload, call: 1, .fail(.brokenConnection)),
            .on(.completeUpload, call: 2, .replace([1])))
        let error = await #expect(throws: ObjectStoreError.self) {
            try await store.completeUpload(key, id, parts, ifAbsent: true)
        }
        #expect(error?.code == .preconditionFailed)
    }

    @Test("an upload that was aborted meanwhile is not found, and the message says so")
    func abortedUpload() async throws {
        let memory = try await InMemoryObjectStore()
        let (id, parts) = try await upload(memory)
        let (store, _) = stack(
            memory, .on(.completeUpload, call: 1, .run { try await $0.abortUpload(ObjectKey("key"), id) }),
            .on(.completeUpload, call: 1, .fail(.brokenConnection)))
        let error = await #expect(throws: ObjectStoreError.self) {
            try await store.completeUpload(key, id, parts, ifAbsent: false)
        }
        #expect(error?.code == .notFound)
        #expect(error?.message.contains("aborted") == true)
    }

    @Test("another object in the place of ours is a conflict")
    func foreignCompletion() async throws {
        let memory = try await InMemoryObjectStore()
        let (id, parts) = try await upload(memory)
        let (store, _) = stack(
            memory, .on(.completeUpload, call: 1, .loseAnswer(.brokenConnection)),
            .on(.completeUpload, call: 2, .replace(Array("first_second".utf8))))
        let error = await #expect(throws: ObjectStoreError.self) {
            try await store.completeUpload(key, id, parts, ifAbsent: false)
        }
        #expect(error?.code == .conflict)
        #expect(try await content(memory) == "first_second")
    }

    @Test("a refusal at the first attempt stays one")
    func firstAttempt() async throws {
        let (store, faulty) = stack(try await InMemoryObjectStore())
        let error = await #expect(throws: ObjectStoreError.self) {
            try await store.completeUpload(
                key, UploadID("none"), [UploadedPart(number: 1, etag: "x", size: 1)], ifAbsent: false)
        }
        #expect(error?.code == .notFound)
        #expect(faulty.count(.head) == 0)
    }
}
