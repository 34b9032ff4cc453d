// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import HTTPTypes
import Holdfast
import Hummingbird

/// What all routes of `/v1` share: roles, problems, idempotency, the audit log.
struct V1Operation: Sendable {
    let backend: Backend
    let answers: KeptAnswers

    /// Answers a request that looks.
    func look(
        _ context: ServiceContext, _ body: (Requester) async throws -> Answer
    ) async throws -> Response {
        let requester = try demand(.viewer, context)
        do {
            return try await body(requester).response
        } catch {
            throw problem(error, context)
        }
    }

    /// Answers a request that changes something: once for each idempotency key, and with a record in the audit log.
    ///
    /// - Parameters:
    ///   - body: given the request's body, as JSON or empty.
    func change(
        _ action: String, _ subject: String, _ role: Role, _ request: Request, _ context: ServiceContext,
        _ body: @escaping @Sendable (Requester, Data) async throws -> Answer
    ) async throws -> Response {
        let requester = try demand(role, context)
        let content = try await BodyReading.collect(request, upTo: context.maxUploadSize, context)
        let key = IdempotencyKey(request, body: content, requester: requester)
        // What is about nothing that has a name yet is told by what was asked for: no body holds a secret.
        let subject = subject.isEmpty ? String(decoding: content.prefix(1000), as: UTF8.self) : subject
        do {
            return try await answers.answer(key) {
                do {
                    let answer = try await body(requester, content)
                    try await note(action, subject, "success", requester, context)
                    return answer
                } catch {
                    try await note(action, subject, "failed: \(error)", requester, context)
                    throw error
                }
            }.response
        } catch {
            throw problem(error, context)
        }
    }

    private func note(
        _ action: String, _ subject: String, _ outcome: String, _ requester: Requester, _ context: ServiceContext
    ) async throws {
        try await backend.audit.append(
            action, subject, outcome: outcome, actor: requester.name, correlationID: context.correlationID)
    }

    private func demand(_ role: Role, _ context: ServiceContext) throws -> Requester {
        guard let requester = context.requester, requester.role >= role else {
            throw Problem(.forbidden, "This takes a token of the role \(role.rawValue).", context)
        }
        return requester
    }

    private func problem(_ error: any Error, _ context: ServiceContext) -> any Error {
        switch error {
        case let problem as Problem: return problem
        case let scope as OutOfScope: return Problem(.forbidden, "\(scope)", context)
        case let invalid as RequestParameters.Invalid:
            return Problem(.badRequest, "\(invalid.loc.last ?? ""): \(invalid.msg)", context)
        case is DecodingError: return Problem(.badRequest, "The body is not the JSON that belongs here.", context)
        case let error as HoldfastError:
            let text = error.hint.map { "\(error.message) \($0)" } ?? error.message
            return Problem(Self.status(error.code), text, context)
        default: return error
        }
    }

    private static func status(_ code: HoldfastError.Code) -> HTTPResponse.Status {
        switch code {
        case .notFound: .notFound
        case .conflict: .conflict
        case .invalidConfiguration: .badRequest
        case .unreachable, .accessDenied: .badGateway
        case .failed, .corrupt, .wrongKey: .internalServerError
        }
    }
}

/// Part of a list, and how to ask for the next part.
struct ListPage<Item: Encodable & Sendable>: Encodable, Sendable {
    let items: [Item]
    /// What to give as `cursor`; absent at the end.
    let nextCursor: String?

    /// The items behind the one whose name is the cursor.
    ///
    /// - Parameter name: unlike for each two items, and in their order.
    init(_ all: [Item], after cursor: String?, limit: Int, name: (Item) -> String) {
        let first = cursor.flatMap { cursor in all.firstIndex { name($0) == cursor }.map { $0 + 1 } } ?? 0
        items = Array(all[first...].prefix(limit))
        nextCursor = first + items.count < all.count ? items.last.map(name) : nil
    }

    init(items: [Item], nextCursor: String?) {
        self.items = items
        self.nextCursor = nextCursor
    }
}

extension RequestParameters {
    /// How many items are wanted, 1...1000.
    func limit() throws(Invalid) -> Int {
        guard let text = try text("limit") else { return 100 }
        guard let limit = Int(text), (1...1000).contains(limit) else {
            throw Invalid(type: "int", loc: ["query", "limit"], msg: "1 to 1000", input: text)
        }
        return limit
    }
}
