// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import NIOCore
package import ObjectStorage
package import Streams
import Synchronization

/// A store in which chosen requests go wrong in chosen ways, and which remembers what it was asked.
package final class FaultyObjectStore: ObjectStore {
    /// A request as it arrived.
    package struct Call: Equatable, Sendable {
        package let operation: StoreOperation
        package let key: ObjectKey?
    }

    private struct State {
        var calls: [Call] = []
        var counts: [Int]
        var lastPage: ListPage?
        var lastVersionPage: VersionPage?
    }

    private let store: any ObjectStore
    private let faults: [Fault]
    private let clock: any Clock<Duration>
    private let state: Mutex<State>

    package init(_ store: any ObjectStore, _ faults: [Fault], clock: any Clock<Duration> = ContinuousClock()) {
        self.store = store
        self.faults = faults
        self.clock = clock
        state = Mutex(State(counts: Array(repeating: 0, count: faults.count)))
    }

    package var bucket: String { store.bucket }

    /// Every request so far, in order.
    package var calls: [Call] { state.withLock { $0.calls } }

    /// How many requests of a kind came so far.
    package func count(_ operation: StoreOperation) -> Int {
        calls.count { $0.operation == operation }
    }

    package func list(_ query: ListQuery) async throws -> ListPage {
        try await meet(.list, nil) { faults in
            if faults.contains(where: \.effect.repeatsPage), let last = state.withLock({ $0.lastPage }) { return last }
            var page = try await store.list(query)
            for fault in faults {
                if case .dropKeys(let isDropped) = fault.effect { page.objects.removeAll { isDropped($0.key) } }
                for index in page.objects.indices { fault.distort(&page.objects[index]) }
            }
            state.withLock { $0.lastPage = page }
            return page
        }
    }

    package func listVersions(_ query: VersionQuery) async throws -> VersionPage {
        try await meet(.listVersions, nil) { faults in
            if faults.contains(where: \.effect.repeatsPage), let last = state.withLock({ $0.lastVersionPage }) {
                return last
            }
            var page = try await store.listVersions(query)
            for fault in faults {
                if case .dropKeys(let isDropped) = fault.effect { page.versions.removeAll { isDropped($0.info.key) } }
                for index in page.versions.indices { fault.distort(&page.versions[index].info) }
            }
            state.withLock { $0.lastVersionPage = page }
            return page
        }
    }

    package func get(_ key: ObjectKey, _ options: GetOptions) async throws -> ObjectBody {
        try await meet(.get, key) { faults in
            var body = try await store.get(key, options)
            for fault in faults { body = try await fault.distort(body, options) }
            return body
        }
    }

    package func head(_ key: ObjectKey, version: VersionID?) async throws -> ObjectInfo {
        try await meet(.head, key) { faults in
            var info = try await store.head(key, version: version)
            for fault in faults { fault.distort(&info) }
            return info
        }
    }

    package func firstPartSize(of key: ObjectKey, version: VersionID?) async throws -> Int64? {
        try await meet(.head, key) { _ in try await store.firstPartSize(of: key, version: version) }
    }

    package func put(_ key: ObjectKey, _ body: ReplayableBody, _ options: PutOptions) async throws -> PutResult {
        try await meet(.put, key) { _ in try await store.put(key, body, options) }
    }

    package func delete(_ objects: [ObjectReference]) async throws -> [DeleteOutcome] {
        try await meet(.delete, nil) { faults in
            let refusals = objects.map { object in faults.lazy.compactMap { $0.refusal(of: object) }.first }
            var answers = try await store.delete(zip(objects, refusals).filter { $0.1 == nil }.map(\.0))[...]
            return zip(objects, refusals).map { object, refusal in
                refusal.map { DeleteOutcome(object: object, error: $0) } ?? answers.removeFirst()
            }
        }
    }

    package func createUpload(_ key: ObjectKey, _ options: PutOptions) async throws -> UploadID {
        try await meet(.createUpload, key) { _ in try await store.createUpload(key, options) }
    }

    package func uploadPart(
        _ key: ObjectKey, _ upload: UploadID, number: Int, _ body: ReplayableBody
    ) async throws -> UploadedPart {
        try await meet(.uploadPart, key) { _ in
            try await store.uploadPart(key, upload, number: number, body)
        }
    }

    package func copyPart(
        _ key: ObjectKey, _ upload: UploadID, number: Int, from source: ObjectKey, range: Range<Int64>, ifMatch: String
    ) async throws -> UploadedPart {
        try await meet(.uploadPart, key) { _ in
            try await store.copyPart(key, upload, number: number, from: source, range: range, ifMatch: ifMatch)
        }
    }

    package func completeUpload(
        _ key: ObjectKey, _ upload: UploadID, _ parts: [UploadedPart], ifAbsent: Bool
    ) async throws -> PutResult {
        try await meet(.completeUpload, key) { _ in
            try await store.completeUpload(key, upload, parts, ifAbsent: ifAbsent)
        }
    }

    package func abortUpload(_ key: ObjectKey, _ upload: UploadID) async throws {
        try await meet(.abortUpload, key) { _ in try await store.abortUpload(key, upload) }
    }

    package func parts(of key: ObjectKey, _ upload: UploadID) async throws -> [UploadedPart] {
        try await meet(.parts, key) { _ in try await store.parts(of: key, upload) }
    }

    package func uploads(prefix: [UInt8]) async throws -> [PendingUpload] {
        try await meet(.uploads, nil) { _ in try await store.uploads(prefix: prefix) }
    }

    package func tags(of key: ObjectKey, version: VersionID?) async throws -> [Tag] {
        try await meet(.tags, key) { _ in try await store.tags(of: key, version: version) }
    }

    package func acl(of key: ObjectKey, version: VersionID?) async throws -> [UInt8] {
        try await meet(.acl, key) { _ in try await store.acl(of: key, version: version) }
    }

    package func apply(_ setting: ObjectSetting, to key: ObjectKey, version: VersionID?) async throws {
        try await meet(.apply, key) { _ in try await store.apply(setting, to: key, version: version) }
    }

    /// Counts the request, lets happen what happens before it, does it, and loses its answer if that is due.
    private func meet<Value>(
        _ operation: StoreOperation, _ key: ObjectKey?, _ body: ([Fault]) async throws -> Value
    ) async throws -> Value {
        let due = state.withLock { state in
            state.calls.append(Call(operation: operation, key: key))
            return faults.indices.filter { index in
                let fault = faults[index]
                guard fault.operation == operation, fault.key == nil || key == nil || fault.key == key else {
                    return false
                }
                state.counts[index] += 1
                return fault.calls.contains(state.counts[index])
            }.map { faults[$0] }
        }
        for fault in due { try await fault.strike(store, key, clock) }
        let value = try await body(due)
        for fault in due {
            if case .loseAnswer(let error) = fault.effect { throw error }
        }
        return value
    }
}
