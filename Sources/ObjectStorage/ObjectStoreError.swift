// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

/// What a store can answer instead of success. The code is for programs, the message for people.
package struct ObjectStoreError: Error, Sendable, CustomStringConvertible {
    package enum Code: String, Sendable {
        /// No such key, version or upload.
        case notFound
        case noSuchBucket
        case bucketExists
        /// Credentials wrong, unknown or expired.
        case unauthorized
        /// Credentials known, the right missing.
        case accessDenied
        /// Client and server clocks differ too much.
        case clockSkew
        case preconditionFailed
        case rangeNotSatisfiable
        /// The server does not know this operation.
        case notImplemented
        /// An archived-tier object and the like: the object is there and cannot be read.
        case unreadable
        /// An object under a customer's key (SSE-C), which is missing or wrong.
        case encrypted
        case conflict
        /// The server asks to slow down (503 SlowDown, 429).
        case throttled
        /// No answer, a broken connection, a time limit.
        case unreachable
        /// The server failed (5xx).
        case serverFailure
        /// The answer makes no sense: HTML where XML belongs, a body cut short, a length or checksum that is not so.
        case badAnswer
        /// The request makes no sense to the server (any other 4xx).
        case badRequest
        case outOfSpace
    }

    package let code: Code
    /// One sentence: what was asked of which object, and what came back.
    package let message: String
    /// HTTP status; `nil` when no answer came.
    package let status: Int?
    /// The server's own error code, `NoSuchKey` for instance.
    package let serverCode: String?
    /// The server's id of the request, for its logs.
    package let requestID: String?
    /// From `Retry-After`.
    package let retryAfter: Duration?

    package init(
        _ code: Code, _ message: String, status: Int? = nil, serverCode: String? = nil, requestID: String? = nil,
        retryAfter: Duration? = nil
    ) {
        self.code = code
        self.message = message
        self.status = status
        self.serverCode = serverCode
        self.requestID = requestID
        self.retryAfter = retryAfter
    }

    package var description: String { message }

    /// Whether the same request may succeed a moment later. Never for an answer that is a decision (4xx).
    package var isTransient: Bool {
        switch code {
        case .throttled, .unreachable, .serverFailure, .badAnswer: true
        default: false
        }
    }
}
