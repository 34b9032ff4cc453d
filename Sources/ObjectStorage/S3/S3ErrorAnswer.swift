// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import NIOCore

import struct Foundation.Date

/// Turns an unsuccessful answer into an ``ObjectStoreError``: the server's own code first, then the status.
struct S3ErrorReader: Sendable {
    let endpoint: S3Endpoint
    let region: String
    let now: @Sendable () -> Date

    /// The error that `response` is.
    ///
    /// - Parameters:
    ///   - document: from the body, or `nil` when there is none, as after HEAD.
    ///   - body: what of it was read, for the message when it is no document.
    func error(
        for request: S3Request, _ response: WireResponse, document: ErrorDocument?, body: ByteBuffer
    ) -> ObjectStoreError {
        let code = Self.code(response, document)
        var message = "\(request.subject): \(endpoint) answered \(response.status)"
        if let document {
            message += " \(document.code)"
            if !document.message.isEmpty { message += ": \(Self.sentence(document.message))" }
        } else if body.readableBytes > 0 {
            message += " \(Excerpt.text(body))"
        }
        if let hint = hint(code, request, response, document) { message += "; \(hint)" }
        return ObjectStoreError(
            code, message, status: response.status, serverCode: document?.code,
            requestID: requestID(response) ?? document?.requestID, retryAfter: retryAfter(response))
    }

    /// An error of one object within an answer to a batch.
    func error(for subject: String, _ document: ErrorDocument) -> ObjectStoreError {
        ObjectStoreError(
            Self.codes[document.code] ?? .serverFailure,
            "\(subject): \(endpoint) answered \(document.code): \(Self.sentence(document.message))",
            serverCode: document.code)
    }

    func requestID(_ response: WireResponse) -> String? {
        response.first("x-amz-request-id").map { String(decoding: $0, as: UTF8.self) }
    }

    /// `Retry-After` as a number of seconds or a date (RFC 7231 section 7.1.3), at most an hour.
    func retryAfter(_ response: WireResponse) -> Duration? {
        guard let value = response.first("retry-after") else { return nil }
        if !value.isEmpty, value.count <= 9, value.allSatisfy({ (48...57).contains($0) }) {
            let seconds = value.reduce(0) { $0 * 10 + Int($1 - 48) }
            return .seconds(min(seconds, 3600))
        }
        guard let date = Timestamp.httpDate(value) else { return nil }
        // Measured against the server's own clock where it is told, so that ours need not be right.
        let reference = response.first("date").flatMap { Timestamp.httpDate($0) } ?? now()
        return .seconds(min(max(date.timeIntervalSince(reference), 0), 3600))
    }

    // MARK: Code

    private static func code(_ response: WireResponse, _ document: ErrorDocument?) -> ObjectStoreError.Code {
        // GET of a delete marker by its id is 405 at Amazon: the call is known, the object is not there.
        if response.first("x-amz-delete-marker")?.elementsEqual("true".utf8) == true { return .notFound }
        if let document {
            let message = document.message.lowercased()
            // SSE-C: the code is the vague InvalidRequest or InvalidArgument, only the words tell.
            if message.contains("must provide the appropriate secret key")
                || message.contains("stored using a form of server side encryption")
                || message.contains("customer provided keys must provide")
                || message.contains("hash of the key did not match")
            {
                return .encrypted
            }
            if message.contains("no free volumes") || message.contains("no writable volumes") { return .outOfSpace }
            if let code = codes[document.code] { return code }
            if document.code.hasPrefix("Throttl") { return .throttled }
            if document.code.hasPrefix("KMS.") { return .unreadable }
        }
        return code(of: response)
    }

    private static func code(of response: WireResponse) -> ObjectStoreError.Code {
        switch response.status {
        case 200..<300: .serverFailure
        case 304, 412: .preconditionFailed
        case 401: .unauthorized
        case 403: .accessDenied
        case 404: .notFound
        case 405, 501: .notImplemented
        case 409: .conflict
        case 416: .rangeNotSatisfiable
        case 429: .throttled
        case 503: response.first("retry-after") != nil ? .throttled : .serverFailure
        case 507: .outOfSpace
        case 500...: .serverFailure
        case ..<200: .badAnswer
        default: .badRequest
        }
    }

    /// S3 API, "List of error codes", and those of MinIO, Ceph and SeaweedFS that mean the same.
    private static let codes: [String: ObjectStoreError.Code] = [
        "NoSuchKey": .notFound, "NoSuchVersion": .notFound, "NoSuchUpload": .notFound,
        "NoSuchObjectLockConfiguration": .notFound, "NoSuchBucket": .noSuchBucket,
        "BucketAlreadyExists": .bucketExists, "BucketAlreadyOwnedByYou": .bucketExists,
        "SignatureDoesNotMatch": .unauthorized, "InvalidAccessKeyId": .unauthorized, "ExpiredToken": .unauthorized,
        "InvalidToken": .unauthorized, "TokenRefreshRequired": .unauthorized, "InvalidSecurity": .unauthorized,
        "AccountProblem": .unauthorized, "InvalidTokenId": .unauthorized,
        "AccessDenied": .accessDenied, "AllAccessDisabled": .accessDenied, "ObjectLocked": .accessDenied,
        "RequestTimeTooSkewed": .clockSkew, "RequestExpired": .clockSkew,
        "PreconditionFailed": .preconditionFailed, "NotModified": .preconditionFailed,
        "InvalidRange": .rangeNotSatisfiable,
        "NotImplemented": .notImplemented, "MethodNotAllowed": .notImplemented,
        "InvalidObjectState": .unreadable,
        "BucketNotEmpty": .conflict, "OperationAborted": .conflict, "ConditionalRequestConflict": .conflict,
        "InvalidBucketState": .conflict,
        "SlowDown": .throttled, "SlowDownRead": .throttled, "SlowDownWrite": .throttled,
        "ServiceUnavailable": .throttled, "TooManyRequests": .throttled, "RequestLimitExceeded": .throttled,
        "BandwidthLimitExceeded": .throttled, "ServerBusy": .throttled,
        "InternalError": .serverFailure, "XMinioServerNotInitialized": .serverFailure,
        "XMinioBackendDown": .serverFailure, "XMinioReadQuorum": .serverFailure, "XMinioWriteQuorum": .serverFailure,
        "XMinioStorageFull": .outOfSpace, "QuotaExceeded": .outOfSpace, "InsufficientStorage": .outOfSpace,
        "XMinioAdminBucketQuotaExceeded": .outOfSpace,
        // The body did not arrive in time or whole, or not as it was sent: the same request may succeed.
        "RequestTimeout": .unreachable, "IncompleteBody": .unreachable, "BadDigest": .badAnswer,
        "XAmzContentSHA256Mismatch": .badAnswer, "XAmzContentChecksumMismatch": .badAnswer,
    ]

    // MARK: Words

    /// The server's message without its full stop, so that a hint can follow.
    private static func sentence(_ message: String) -> String {
        message.hasSuffix(".") ? String(message.dropLast()) : message
    }

    /// What to do about it.
    private func hint(
        _ code: ObjectStoreError.Code, _ request: S3Request, _ response: WireResponse, _ document: ErrorDocument?
    ) -> String? {
        let serverRegion = response.first("x-amz-bucket-region").map { String(decoding: $0, as: UTF8.self) }
        if let other = document?.region ?? serverRegion, !other.isEmpty, other != region, code == .badRequest {
            return "the bucket lies in region \(other): set the region to \(other) instead of \(region)"
        }
        if code == .badRequest, let other = document?.endpoint, !other.isEmpty {
            return "the bucket is to be addressed at \(other)"
        }
        switch (code, document?.code) {
        case (.unauthorized, "InvalidAccessKeyId"):
            return "the server does not know the access key"
        case (.unauthorized, "SignatureDoesNotMatch"):
            return "check the secret key and the region (\(region)); a proxy that changes the host or the path of a "
                + "request has the same effect"
        case (.clockSkew, _):
            let theirs =
                document?.serverTime
                ?? response.first("date").flatMap { Timestamp.httpDate($0) }.map { Timestamp.extended($0) }
            return "this machine's clock says \(Timestamp.extended(now())), the server's "
                + "\(theirs ?? "is not told"): set the clock that is wrong"
        case (.outOfSpace, _):
            return "make room on the server, then try again"
        case (.accessDenied, _) where request.method == "HEAD":
            return "the credentials lack a right; without the right to list, a missing object looks the same"
        case (.badRequest, nil) where request.method == "HEAD":
            return "an answer to HEAD carries no reason: an object encrypted with a customer's key (SSE-C) and a wrong "
                + "region are the usual ones"
        default:
            return nil
        }
    }
}
