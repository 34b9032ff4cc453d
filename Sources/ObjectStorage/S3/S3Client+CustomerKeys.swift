// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// Objects under keys of the customer's own (SSE-C): the server wants the key with every request for their bytes.
extension S3Client {
    /// Sends a request that reads an object, with its key if there is one for it.
    ///
    /// - Throws: ``ObjectStoreError`` `.encrypted` when the key is missing or wrong.
    func performReading(_ request: S3Request) async throws -> S3Answer {
        guard let bucket = request.bucket, let name = request.key else { return try await perform(request) }
        guard let key = options.customerKeys.key(of: name, in: bucket) else {
            do {
                return try await perform(request)
            } catch let refusal as ObjectStoreError where refusal.code == .encrypted || isSpeechless(refusal, request) {
                if refusal.code != .encrypted, await !isEncrypted(request) { throw refusal }
                throw encrypted(
                    "no key is at hand: name its key file in customer_keys of holdfast.yaml", request, refusal)
            }
        }
        do {
            return try await perform(request.adding(key.headers))
        } catch let refusal as ObjectStoreError where refusal.status == 400 || refusal.status == 403 {
            do {
                // Some servers refuse a key for an object that needs none.
                return try await perform(request)
            } catch let error as ObjectStoreError where error.code == .encrypted || isSpeechless(error, request) {
                throw encrypted(
                    "the key file that customer_keys of holdfast.yaml names for it holds another key", request, error)
            }
        }
    }

    /// The headers of a request that stores an object which was under such a key.
    func customerHeaders(of key: ObjectKey, in bucket: String, _ attributes: ObjectAttributes) -> [Field] {
        guard attributes.hasCustomerKey else { return [] }
        return options.customerKeys.key(of: key, in: bucket)?.headers ?? []
    }

    /// An answer to HEAD carries no reason.
    private func isSpeechless(_ error: ObjectStoreError, _ request: S3Request) -> Bool {
        request.method == "HEAD" && error.status == 400 && error.serverCode == nil
    }

    /// Asks for one byte, to get the reason in words.
    private func isEncrypted(_ request: S3Request) async -> Bool {
        var probe = S3Request("GetObject", "GET", bucket: request.bucket, key: request.key)
        probe.query = request.query
        probe.setHeader("range", "bytes=0-0")
        do {
            _ = try await perform(probe)
            return false
        } catch {
            return (error as? ObjectStoreError)?.code == .encrypted
        }
    }

    private func encrypted(_ why: String, _ request: S3Request, _ error: ObjectStoreError) -> ObjectStoreError {
        ObjectStoreError(
            .encrypted, "\(request.subject): it is encrypted with a customer's key (SSE-C), and \(why)",
            status: error.status, serverCode: error.serverCode, requestID: error.requestID)
    }
}

/// The uploads that were begun with a customer's key: each of their parts needs it.
final class KeyedUploads: Sendable {
    private let uploads = Mutex<Set<UploadID>>([])

    func contains(_ upload: UploadID) -> Bool { uploads.withLock { $0.contains(upload) } }

    func insert(_ upload: UploadID) { uploads.withLock { _ = $0.insert(upload) } }

    func remove(_ upload: UploadID) { uploads.withLock { _ = $0.remove(upload) } }
}
