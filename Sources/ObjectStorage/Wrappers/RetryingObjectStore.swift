// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

package import Streams

/// Makes failed requests again where that is safe and may help.
///
/// What a repeated request can leave behind, because the answer to the first may have been lost after the server acted:
/// - `put` and `completeUpload` in a versioned bucket: one more version with the same content;
/// - `delete` without a version in a versioned bucket: one more delete marker;
/// - `createUpload`: an upload that nobody knows; stale uploads are aborted by age.
///
/// Where a lost answer would turn into a wrong one, ``LostAnswer`` asks the server what became of the first attempt.
/// A `get` is covered until it returns, so with the part of the body that is collected; a stream is not.
package struct RetryingObjectStore: ObjectStore {
    private let store: any ObjectStore
    private let retries: RetryLoop

    package init(_ store: any ObjectStore, retries: RetryLoop = RetryLoop()) {
        self.store = store
        self.retries = retries
    }

    package var bucket: String { store.bucket }

    package func list(_ query: ListQuery) async throws -> ListPage {
        try await retries.run { _ in try await store.list(query) }
    }

    package func listVersions(_ query: VersionQuery) async throws -> VersionPage {
        try await retries.run { _ in try await store.listVersions(query) }
    }

    package func get(_ key: ObjectKey, _ options: GetOptions) async throws -> ObjectBody {
        try await retries.run { _ in try await store.get(key, options) }
    }

    package func head(_ key: ObjectKey, version: VersionID?) async throws -> ObjectInfo {
        try await retries.run { _ in try await store.head(key, version: version) }
    }

    package func firstPartSize(of key: ObjectKey, version: VersionID?) async throws -> Int64? {
        try await retries.run { _ in try await store.firstPartSize(of: key, version: version) }
    }

    package func put(_ key: ObjectKey, _ body: ReplayableBody, _ options: PutOptions) async throws -> PutResult {
        var answerLost = false
        return try await retries.run { _ in
            do {
                return try await store.put(key, body, options)
            } catch let error as ObjectStoreError {
                if answerLost, options.ifAbsent, error.refusesExistingKey {
                    return try await LostAnswer(store: store, key: key, refusal: error).ofPut(body)
                }
                answerLost = answerLost || error.mayHaveTakenEffect
                throw error
            }
        }
    }

    /// Objects that failed in a way that may pass are asked for again, the others not.
    package func delete(_ objects: [ObjectReference]) async throws -> [DeleteOutcome] {
        var outcomes = objects.map { DeleteOutcome(object: $0, error: nil) }
        var waiting = Array(objects.indices)
        try await retries.run { attempt in
            let answers = try await store.delete(waiting.map { objects[$0] })
            guard answers.count == waiting.count else {
                throw ObjectStoreError(
                    .badAnswer, "\(answers.count) outcomes for \(waiting.count) deletions in bucket \(bucket)")
            }
            for (index, answer) in zip(waiting, answers) { outcomes[index] = answer }
            waiting = waiting.filter { outcomes[$0].error?.isTransient == true }
            if attempt < retries.policy.attempts, let first = waiting.first, let error = outcomes[first].error {
                throw error
            }
        }
        return outcomes
    }

    package func createUpload(_ key: ObjectKey, _ options: PutOptions) async throws -> UploadID {
        try await retries.run { _ in try await store.createUpload(key, options) }
    }

    package func uploadPart(
        _ key: ObjectKey, _ upload: UploadID, number: Int, _ body: ReplayableBody
    ) async throws -> UploadedPart {
        try await retries.run { _ in try await store.uploadPart(key, upload, number: number, body) }
    }

    package func copyPart(
        _ key: ObjectKey, _ upload: UploadID, number: Int, from source: ObjectKey, range: Range<Int64>, ifMatch: String
    ) async throws -> UploadedPart {
        try await retries.run { _ in
            try await store.copyPart(key, upload, number: number, from: source, range: range, ifMatch: ifMatch)
        }
    }

    package func completeUpload(
        _ key: ObjectKey, _ upload: UploadID, _ parts: [UploadedPart], ifAbsent: Bool
    ) async throws -> PutResult {
        var answerLost = false
        return try await retries.run { _ in
            do {
                return try await store.completeUpload(key, upload, parts, ifAbsent: ifAbsent)
            } catch let error as ObjectStoreError {
                if answerLost, error.code == .notFound || ifAbsent && error.refusesExistingKey {
                    return try await LostAnswer(store: store, key: key, refusal: error).ofCompletion(parts)
                }
                answerLost = answerLost || error.mayHaveTakenEffect
                throw error
            }
        }
    }

    package func abortUpload(_ key: ObjectKey, _ upload: UploadID) async throws {
        try await retries.run { _ in try await store.abortUpload(key, upload) }
    }

    package func parts(of key: ObjectKey, _ upload: UploadID) async throws -> [UploadedPart] {
        try await retries.run { _ in try await store.parts(of: key, upload) }
    }

    package func uploads(prefix: [UInt8]) async throws -> [PendingUpload] {
        try await retries.run { _ in try await store.uploads(prefix: prefix) }
    }

    package func tags(of key: ObjectKey, version: VersionID?) async throws -> [Tag] {
        try await retries.run { _ in try await store.tags(of: key, version: version) }
    }

    package func acl(of key: ObjectKey, version: VersionID?) async throws -> [UInt8] {
        try await retries.run { _ in try await store.acl(of: key, version: version) }
    }

    package func apply(_ setting: ObjectSetting, to key: ObjectKey, version: VersionID?) async throws {
        try await retries.run { _ in try await store.apply(setting, to: key, version: version) }
    }
}
