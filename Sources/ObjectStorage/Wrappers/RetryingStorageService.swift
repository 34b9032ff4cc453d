// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

package import Logging

/// Makes failed requests to a server again; its stores are ``productionStack(_:gate:counters:bandwidth:retries:logger:)``s that share
/// one gate and one set of counters.
package struct RetryingStorageService: StorageService {
    /// What the stores of this server were asked and answered.
    package let counters: StoreCounters
    private let service: any StorageService
    private let gate: RequestGate
    private let bandwidth: Bandwidth
    private let retries: RetryLoop
    private let logger: Logger

    package init(
        _ service: any StorageService, gate: RequestGate = RequestGate(), counters: StoreCounters = StoreCounters(),
        bandwidth: Bandwidth = Bandwidth(), retries: RetryLoop = RetryLoop(),
        logger: Logger = Logger(label: "holdfast.storage")
    ) {
        self.service = service
        self.gate = gate
        self.counters = counters
        self.bandwidth = bandwidth
        self.retries = retries
        self.logger = logger
    }

    package var name: String { service.name }

    package func store(for bucket: String) -> any ObjectStore {
        productionStack(
            service.store(for: bucket), gate: gate, counters: counters, bandwidth: bandwidth, retries: retries,
            logger: logger)
    }

    package func identify() async throws -> ServerIdentity {
        try await retries.run { _ in try await service.identify() }
    }

    package func buckets() async throws -> [String] {
        try await retries.run { _ in try await service.buckets() }
    }

    package func bucketExists(_ bucket: String) async throws -> Bool {
        try await retries.run { _ in try await service.bucketExists(bucket) }
    }

    /// When the answer was lost and the bucket exists at the second attempt, it counts as made if it is empty.
    package func createBucket(_ bucket: String, objectLock: Bool) async throws {
        var answerLost = false
        try await retries.run { _ in
            do {
                try await service.createBucket(bucket, objectLock: objectLock)
            } catch let error as ObjectStoreError {
                if answerLost, error.code == .bucketExists {
                    let page = try await service.store(for: bucket).list(ListQuery(limit: 1))
                    if page.objects.isEmpty, page.continuation == nil { return }
                }
                answerLost = answerLost || error.mayHaveTakenEffect
                throw error
            }
        }
    }

    /// When the answer was lost and the bucket is gone at the second attempt, it was removed.
    package func deleteBucket(_ bucket: String) async throws {
        var answerLost = false
        try await retries.run { _ in
            do {
                try await service.deleteBucket(bucket)
            } catch let error as ObjectStoreError {
                if answerLost, error.code == .noSuchBucket { return }
                answerLost = answerLost || error.mayHaveTakenEffect
                throw error
            }
        }
    }

    package func hasCustomerKey(of key: ObjectKey, in bucket: String) -> Bool {
        service.hasCustomerKey(of: key, in: bucket)
    }

    package func document(_ document: BucketDocument, of bucket: String) async throws -> [UInt8]? {
        try await retries.run { _ in try await service.document(document, of: bucket) }
    }

    package func setDocument(_ document: BucketDocument, of bucket: String, to content: [UInt8]?) async throws {
        try await retries.run { _ in try await service.setDocument(document, of: bucket, to: content) }
    }
}
