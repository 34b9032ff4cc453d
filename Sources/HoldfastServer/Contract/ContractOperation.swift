// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Catalog
import Crypto
import Foundation
import HTTPTypes
import Holdfast
import Hummingbird
import Logging
import NIOCore

/// One call of the older API: limits, parameters, idempotency, the audit log, and errors in that API's words.
struct ContractOperation: Sendable {
    /// What the audit log calls it; `nil` for one that changes nothing.
    let action: String?
    /// What stands before every error.
    let errorPrefix: String
    /// What the caller must be at least.
    let role: Role
    let limit: CallLimit
    let backend: Backend
    let answers: KeptAnswers

    /// One call.
    struct Call: Sendable {
        let parameters: RequestParameters
        /// The name in the path, decoded; empty where the path has none.
        let name: String
        let requester: Requester
        let correlationID: String
    }

    /// Answers a request.
    ///
    /// - Parameters:
    ///   - subject: what the call is about, for limits and the audit log.
    ///   - body: does the work.
    func answer(
        _ request: Request, _ context: ServiceContext,
        subject: @escaping @Sendable (Call) throws -> String = { _ in "" },
        _ body: @escaping @Sendable (Call) async throws -> any Encodable & Sendable
    ) async throws -> Response {
        guard let requester = context.requester, requester.role >= role else { throw forbidden(context) }
        let content = try await BodyReading.collect(request, upTo: context.maxUploadSize, context)
        let call = Call(
            parameters: RequestParameters(query: request.uri.query, body: content),
            name: context.parameters.get("backup_name").map { PercentText.decode($0) } ?? "", requester: requester,
            correlationID: context.correlationID)
        let key = IdempotencyKey(request, body: content, requester: requester)
        return try await answers.answer(key) { try await perform(call, context, subject, body) }.response
    }

    private func perform(
        _ call: Call, _ context: ServiceContext, _ subject: @Sendable (Call) throws -> String,
        _ body: @Sendable (Call) async throws -> any Encodable & Sendable
    ) async throws -> Answer {
        var about = ""
        var limitKey: String?
        do {
            about = try subject(call)
            let key = "\(context.peer ?? "") \(call.requester.name) \(limit.countsEachSubject ? about : "")"
            // Who has shown that he is an operator is never the one who is refused.
            if call.requester == .anonymous || call.requester.role < .operator {
                if let seconds = limit.attempts.refuses(key) {
                    return try Self.tooMany(limit, seconds)
                }
                limitKey = key
            }
            let result = try await body(call)
            try await note(call, about, "success")
            return try Answer(ContractDocument(call.correlationID, backend.services.now(), result))
        } catch let invalid as RequestParameters.Invalid {
            return try Answer(Invalid(detail: [invalid]), status: .unprocessableContent)
        } catch let unknown as UnknownScenario {
            return try Answer(Detail(detail: "\(unknown)"), status: .badRequest)
        } catch let refusal as OutOfScope {
            try await note(call, about, "refused: \(refusal)")
            return try Answer(Detail(detail: "\(refusal)"), status: .forbidden)
        } catch {
            // What came to nothing does not count.
            if let limitKey { limit.attempts.forgive(limitKey) }
            context.logger.warning("\(errorPrefix): \(error)")
            try await note(call, about, "failed: \(error)")
            return try Answer(Detail(detail: "\(errorPrefix): \(Self.text(error))"), status: .internalServerError)
        }
    }

    private func note(_ call: Call, _ subject: String, _ outcome: String) async throws {
        guard let action else { return }
        try await backend.audit.append(
            action, subject, outcome: outcome, actor: call.requester.name, correlationID: call.correlationID)
    }

    private func forbidden(_ context: ServiceContext) -> Problem {
        Problem(.forbidden, "This takes a token of the role \(role.rawValue).", context)
    }

    private static func text(_ error: any Error) -> String {
        guard let error = error as? HoldfastError else { return "\(error)" }
        return error.hint.map { "\(error.message) \($0)" } ?? error.message
    }

    private static func tooMany(_ limit: CallLimit, _ seconds: Int) throws -> Answer {
        var answer = try Answer(TooMany(error: "Rate limit exceeded: \(limit.words)"), status: .tooManyRequests)
        answer.headers[.retryAfter] = "\(seconds)"
        return answer
    }

    private struct Detail: Encodable {
        let detail: String
    }

    private struct Invalid: Encodable {
        let detail: [RequestParameters.Invalid]
    }

    private struct TooMany: Encodable {
        let error: String
    }
}

/// A bucket that the bearer of a token may not touch.
struct OutOfScope: Error, CustomStringConvertible {
    let bucket: String?

    var description: String {
        bucket.map { "This token is not for the bucket \($0)." }
            ?? "This token is for certain buckets only, and nobody knows which this is of."
    }
}

extension Requester {
    /// - Throws: ``OutOfScope`` when he may not touch that bucket.
    func demand(_ bucket: String?) throws(OutOfScope) {
        guard mayTouch(bucket) else { throw OutOfScope(bucket: bucket) }
    }
}

/// How often one caller may make a call, and how that is told.
struct CallLimit: Sendable {
    let attempts: AttemptLimit
    let words: String
    /// Whether each subject has a limit of its own: six buckets to restore are not one restore made six times.
    var countsEachSubject = false

    static func hourly(_ count: Int, countsEachSubject: Bool = false) -> CallLimit {
        CallLimit(
            attempts: AttemptLimit(count, per: .seconds(3600)), words: "\(count) per 1 hour",
            countsEachSubject: countsEachSubject)
    }

    static func eachMinute(_ count: Int) -> CallLimit {
        CallLimit(attempts: AttemptLimit(count, per: .seconds(60)), words: "\(count) per 1 minute")
    }
}

/// What stands around every answer of the older API.
struct ContractDocument: Encodable {
    private let correlationID: String
    private let timestamp: String
    private let content: any Encodable & Sendable

    init(_ correlationID: String, _ now: Date, _ content: any Encodable & Sendable) {
        self.correlationID = correlationID
        timestamp = ContractTime.utc(now)
        self.content = content
    }

    private enum Key: String, CodingKey {
        case correlationID = "correlation_id"
        case timestamp
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Key.self)
        try container.encode(correlationID, forKey: .correlationID)
        try container.encode(timestamp, forKey: .timestamp)
        try content.encode(to: encoder)
    }
}
