// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Catalog
import Crypto
import Foundation
import HTTPTypes
import Holdfast
import Hummingbird
import NIOCore
import Synchronization

/// What makes two requests the same one, sent again: who makes it, how, where, with what, and under which key.
struct IdempotencyKey: Hashable, Sendable {
    let digest: Data

    /// `nil` for a request without a key, or of a method that needs none.
    init?(_ request: Request, body: Data, requester: Requester) {
        guard [.post, .put, .patch].contains(request.method) else { return nil }
        guard let key = request.headers[named: "Idempotency-Key"] ?? request.headers[named: "X-Idempotency-Key"],
            !key.isEmpty
        else { return nil }
        var hash = SHA256()
        for part in [requester.name, request.method.rawValue, request.uri.path, request.uri.query ?? "", key] {
            hash.update(data: Data("\(part.utf8.count):\(part)".utf8))
        }
        hash.update(data: body)
        digest = Data(hash.finalize())
    }
}

/// Gives a request that is sent again the answer that it was given before, and does its work once.
///
/// Answers of success are kept for a day, across restarts. While the first request is at work, the second waits for it.
final class KeptAnswers: Sendable {
    private let backend: Backend
    private let working = Mutex<[IdempotencyKey: Task<(answer: Answer, wasKept: Bool), any Error>]>([:])

    private static let lifetime: TimeInterval = 86_400

    init(_ backend: Backend) {
        self.backend = backend
    }

    /// The answer kept under `key`, or that of `body`.
    func answer(_ key: IdempotencyKey?, _ body: @escaping @Sendable () async throws -> Answer) async throws -> Answer {
        guard let key else { return try await body() }
        // Not structured: whoever comes second waits for the same work, and the first may hang up.
        let (task, isFirst) = working.withLock { working in
            if let task = working[key] { return (task, false) }
            let task = Task { try await self.work(key, body) }
            working[key] = task
            return (task, true)
        }
        defer { if isFirst { working.withLock { $0[key] = nil } } }
        let (answer, wasKept) = try await task.value
        return Self.marked(answer, isRepeated: wasKept || !isFirst)
    }

    /// What is kept is looked for only here, where nobody else is at work on the same request.
    private func work(_ key: IdempotencyKey, _ body: @Sendable () async throws -> Answer) async throws
        -> (answer: Answer, wasKept: Bool)
    {
        let now = backend.services.now()
        let oldest = now - Self.lifetime
        if let kept = try await backend.state.answer(to: key.digest, notBefore: oldest) { return (Answer(kept), true) }
        let answer = try await body()
        if answer.status.kind == .successful {
            try await backend.state.keep(answer.kept, to: key.digest, at: now, forgettingBefore: oldest)
        }
        return (answer, false)
    }

    private static func marked(_ answer: Answer, isRepeated: Bool) -> Answer {
        var answer = answer
        answer.headers[named: "X-Idempotency-Hit"] = isRepeated ? "true" : "false"
        return answer
    }
}
