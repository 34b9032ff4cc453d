// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Streams
import Synchronization

extension S3Client {
    /// What the server tells about itself in the headers of its answer to ListBuckets.
    ///
    /// A refusal tells as much as a list, so that wrong credentials and a wrong clock do not stand in the way; only a
    /// server that fails (5xx) is an error, since what answers then may be a proxy.
    package func identity() async throws -> ServerIdentity {
        let request = S3Request("ListBuckets", "GET")
        let response = try await exchange(request)
        guard response.status < 500 else {
            throw ObjectStoreError(
                response.status == 503 ? .throttled : .serverFailure,
                "\(request.subject): \(endpoint) answered \(response.status)", status: response.status)
        }
        let product = response.first("server").map { String(decoding: $0, as: UTF8.self) }
        return ServerIdentity(
            product: product, region: region, tellsTagCount: product.map(Self.tellsTagCount) ?? false,
            clock: response.first("date").flatMap { Timestamp.httpDate($0) })
    }

    /// Servers that send `x-amz-tagging-count` with every tagged object: the S3 API asks for it, not all do it.
    private static func tellsTagCount(_ product: String) -> Bool {
        let name = product.lowercased()
        return ["amazons3", "minio", "seaweedfs", "ceph"].contains { name.hasPrefix($0) }
    }
}

/// An identity once it is known. Two first calls at once both ask; the answers are the same.
final class RememberedIdentity: Sendable {
    private let stored = Mutex<ServerIdentity?>(nil)

    var value: ServerIdentity? { stored.withLock { $0 } }

    func remember(_ identity: ServerIdentity) {
        stored.withLock { $0 = identity }
    }
}
