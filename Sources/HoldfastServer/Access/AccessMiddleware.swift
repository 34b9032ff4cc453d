// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import HTTPTypes
import Holdfast
import Hummingbird

/// Lets in who has a token, and everybody where the operator said so.
struct AccessMiddleware: RouterMiddleware {
    let tokens: TokenBook
    let publicRoutes: PublicRoutes
    let failures: AttemptLimit

    @concurrent func handle(
        _ request: Request, context: ServiceContext,
        next: @concurrent (Request, ServiceContext) async throws -> Response
    ) async throws -> Response {
        var context = context
        let path = request.uri.path
        // Who shows a token is who it says, on a public route too: his name is in the audit log then.
        if let header = request.headers[.authorization] {
            guard let requester = try await requester(header) else {
                return refusal(
                    header.hasPrefix("Bearer ")
                        ? "Invalid token: it is unknown, expired or revoked"
                        : "Invalid authorization header format", path, context)
            }
            context.requester = requester
        } else if publicRoutes.contains(path) {
            context.requester = .anonymous
        } else if !PublicRoutes.isProbe(path) {
            return refusal("Authorization header missing", path, context)
        }
        return try await next(request, context)
    }

    private func requester(_ header: String) async throws -> Requester? {
        guard header.hasPrefix("Bearer ") else { return nil }
        return try await tokens.requester(of: header.dropFirst("Bearer ".count))
    }

    private func refusal(_ detail: String, _ path: String, _ context: ServiceContext) -> Response {
        if let seconds = failures.refuses(context.peer ?? "") {
            return Refusal(
                .tooManyRequests, "Too many requests without a valid token", path, context, retryAfter: seconds
            )
            .response
        }
        return Refusal(.unauthorized, detail, path, context).response
    }
}

/// The paths that need no token.
struct PublicRoutes: Sendable {
    /// Beginnings of paths, each with a `/` in front.
    let prefixes: [String]

    func contains(_ path: String) -> Bool {
        // A path that is written in a roundabout way is not the one that was meant.
        !path.contains("//") && !path.contains("/.") && !path.contains("%") && prefixes.contains { path.hasPrefix($0) }
    }

    /// What orchestrators ask, who have no token: it says nothing of any bucket.
    static func isProbe(_ path: String) -> Bool { ["/health", "/health/live", "/health/ready"].contains(path) }
}

/// A request that is turned away, in the words of the API that it was made to.
struct Refusal {
    private let problem: Problem
    private let isOlder: Bool

    init(
        _ status: HTTPResponse.Status, _ detail: String, _ path: String, _ context: ServiceContext,
        retryAfter: Int? = nil
    ) {
        var problem = Problem(status, detail, context)
        if status == .unauthorized { problem.headers[.wwwAuthenticate] = "Bearer realm=\"holdfast\"" }
        if let retryAfter { problem.headers[.retryAfter] = "\(retryAfter)" }
        self.problem = problem
        isOlder = !path.hasPrefix("/v1")
    }

    private struct Detail: Encodable {
        let detail: String
    }

    var response: Response {
        guard isOlder, var answer = try? Answer(Detail(detail: problem.detail), status: problem.status) else {
            return problem.response
        }
        answer.headers = problem.headers
        return answer.response
    }
}
