// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

package import ObjectStorage

/// Something that goes wrong in a ``FaultyObjectStore``.
package struct Fault: Sendable {
    /// What goes wrong.
    package enum Effect: Sendable {
        /// The request fails; nothing is done.
        case fail(ObjectStoreError)
        /// The request is done, then its answer is lost.
        case loseAnswer(ObjectStoreError)
        /// The body breaks off after so many bytes: `get` fails when it collects it, the stream otherwise.
        case breakBody(after: Int)
        /// The body ends after so many bytes as if that were all.
        case truncateBody(to: Int)
        /// One bit of the body is another.
        case flipBit(at: Int)
        /// The answer tells another size or ETag than the truth; in a listing, of the fault's key or of all.
        case claim(size: Int64? = nil, etag: String? = nil)
        /// The answer takes so long.
        case delay(Duration)
        /// No answer ever comes; ends when the task is cancelled.
        case hang
        /// The object is deleted just before.
        case vanish
        /// The object is replaced just before.
        case replace([UInt8])
        /// The page before comes again.
        case repeatPage
        /// Rows are missing from a page.
        case dropKeys(@Sendable (ObjectKey) -> Bool)
        /// A deletion of the fault's key, or of all, is refused in its outcome.
        case refuse(ObjectStoreError)
        /// Something else happens just before, to the store behind.
        case run(@Sendable (any ObjectStore) async throws -> Void)
    }

    let operation: StoreOperation
    let key: ObjectKey?
    let calls: ClosedRange<Int>
    let effect: Effect

    /// - Parameters:
    ///   - key: only requests for this object count; `nil` counts all. Ignored when counting page requests.
    ///   - calls: which of the requests that count, from 1.
    package static func on(
        _ operation: StoreOperation, key: String? = nil, calls: ClosedRange<Int> = 1...Int.max, _ effect: Effect
    ) -> Fault {
        Fault(operation: operation, key: key.map { ObjectKey($0) }, calls: calls, effect: effect)
    }

    /// In the `call`th request only, from 1.
    package static func on(_ operation: StoreOperation, key: String? = nil, call: Int, _ effect: Effect) -> Fault {
        on(operation, key: key, calls: call...call, effect)
    }
}

extension ObjectStoreError {
    /// A broken connection.
    package static let brokenConnection = ObjectStoreError(.unreachable, "the connection broke")
    /// A server's request to slow down.
    package static let slowDown = ObjectStoreError(
        .throttled, "please reduce your request rate", status: 503, serverCode: "SlowDown")
    /// A server's failure.
    package static let internalError = ObjectStoreError(
        .serverFailure, "internal error", status: 500, serverCode: "InternalError")
}
