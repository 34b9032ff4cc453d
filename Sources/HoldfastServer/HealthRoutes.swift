// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Holdfast
import Hummingbird
import NIOCore

/// What orchestrators and people ask: does the process live, and can it work?
struct HealthRoutes: Sendable {
    let readiness: VaultReadiness
    let services: SystemServices

    /// Adds `/health`, `/health/live` and `/health/ready`.
    func add(to router: Router<ServiceContext>) {
        router.get("health") { _, _ in try Response.json(health) }
        router.get("health/live") { _, _ in try Response.json(["status": "alive"]) }
        router.get("health/ready") { _, context in try await ready(tellsCopies: context.requester != nil) }
    }

    private struct Health: Encodable {
        let status = "healthy"
        let service = "holdfast"
        let timestamp: String
        let version = HoldfastVersion.current
    }

    private struct Readiness: Encodable {
        let status: String
        /// Absent for those who showed no token: the names of places are not for everybody.
        let copies: [VaultReadiness.Answer]?
    }

    private var health: Health { Health(timestamp: ContractTime.utc(services.now())) }

    /// 200 when at least one copy can be listed: then backups can be read. 503 when none can.
    private func ready(tellsCopies: Bool) async throws -> Response {
        let answers = await readiness.ask()
        let isReady = answers.contains(where: \.ready)
        return try .json(
            Readiness(status: isReady ? "ready" : "not ready", copies: tellsCopies ? answers : nil),
            status: isReady ? .ok : .serviceUnavailable)
    }
}

extension Response {
    /// A value as JSON, never to be cached: it is true now.
    static func json(_ value: some Encodable, status: HTTPResponse.Status = .ok) throws -> Response {
        let encoder = JSONEncoder()
        encoder.keyEncodingStrategy = .convertToSnakeCase
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        let body = ByteBuffer(bytes: try encoder.encode(value))
        return Response(
            status: status, headers: [.contentType: "application/json; charset=utf-8", .cacheControl: "no-store"],
            body: ResponseBody(byteBuffer: body))
    }
}
