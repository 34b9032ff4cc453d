// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Catalog
import Foundation
import HTTPTypes
import Holdfast
import Hummingbird

/// `/v1/tokens` and `/v1/audit`: for admins of every bucket.
struct AccessRoutes: Sendable {
    let operation: V1Operation

    private var backend: Backend { operation.backend }

    func add(to router: Router<ServiceContext>) {
        router.get("v1/tokens") { _, context in
            try await operation.look(context) { requester in
                try demandAll(requester)
                return try Answer(
                    ListPage(items: try await backend.tokens.list().map(ShownToken.init), nextCursor: nil))
            }
        }
        router.post("v1/tokens") { request, context in
            try await operation.change("token create", "", .admin, request, context) { requester, body in
                try demandAll(requester)
                let wanted = try JSONDecoder.snakeCase.decode(Wanted.self, from: body)
                let token = try await backend.tokens.create(
                    wanted.name, role: wanted.role, buckets: wanted.buckets, lifetime: wanted.expiresIn)
                return try Answer(Created(name: wanted.name, role: wanted.role, token: token.text), status: .created)
            }
        }
        router.delete("v1/tokens/:name") { request, context in
            let name = context.backupName
            return try await operation.change("token revoke", name, .admin, request, context) { requester, _ in
                try demandAll(requester)
                try await backend.tokens.revoke(name)
                return try Answer(Revoked(revoked: name))
            }
        }
        router.get("v1/audit") { request, context in
            try await operation.look(context) { requester in
                try demandAll(requester)
                let parameters = RequestParameters(query: request.uri.query, body: Data())
                let limit = try parameters.limit()
                let after = try parameters.text("cursor").flatMap { Int64($0) } ?? 0
                let records = try await backend.audit.records(after: after, limit: limit)
                return try Answer(
                    ListPage(
                        items: records.map(ShownAuditRecord.init),
                        nextCursor: records.count < limit ? nil : records.last.map { "\($0.sequence)" }))
            }
        }
    }

    private func demandAll(_ requester: Requester) throws {
        guard requester.role == .admin, requester.buckets == nil else {
            throw OutOfScope(bucket: nil)
        }
    }

    private struct Wanted: Decodable {
        let name: String
        let role: Role
        let buckets: [String]?
        /// Seconds.
        let expiresIn: TimeInterval?
    }

    private struct Created: Encodable {
        let name: String
        let role: Role
        let token: String
    }

    private struct Revoked: Encodable {
        let revoked: String
    }
}
