// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

package import Catalog
package import Foundation

/// The tokens that let people and programs in: made, listed, revoked, recognised.
package struct TokenBook: Sendable {
    private let state: StateDatabase
    private let services: SystemServices

    package init(state: StateDatabase, services: SystemServices) {
        self.state = state
        self.services = services
    }

    /// Makes a token.
    ///
    /// - Parameters:
    ///   - buckets: those that it is for; `nil` for all.
    ///   - lifetime: seconds until it expires; `nil` for never.
    /// - Returns: the token, which nobody can be told again.
    /// - Throws: ``HoldfastError`` `.conflict` when the name was ever used, `.invalidConfiguration` when it is no name.
    package func create(_ name: String, role: Role, buckets: [String]?, lifetime: TimeInterval?) async throws
        -> AccessToken
    {
        guard (1...100).contains(name.utf8.count), name.utf8.allSatisfy({ (33...126).contains($0) }),
            !["anonymous", "scheduler", "command"].contains(name)
        else {
            throw HoldfastError(
                .invalidConfiguration, "“\(name.prefix(100))” cannot be the name of a token.",
                hint:
                    "Use 1 to 100 letters, digits and signs without spaces; anonymous, scheduler and command are taken."
            )
        }
        guard buckets?.isEmpty != true else {
            throw HoldfastError(.invalidConfiguration, "A token for no bucket lets nobody do anything.")
        }
        let now = services.now()
        let token = AccessToken()
        let record = TokenRecord(
            id: token.id, name: name, hash: token.hash, role: role.rawValue, buckets: buckets, created: now,
            expires: lifetime.map { now.addingTimeInterval($0) })
        guard try await state.add(record) else {
            throw HoldfastError(
                .conflict, "There is or was a token called \(name).",
                hint: "Take another name: the audit log must not confuse the two.")
        }
        return token
    }

    /// Every token, revoked and expired ones too, oldest first.
    package func list() async throws -> [TokenRecord] { try await state.tokens() }

    /// Makes a token useless.
    ///
    /// - Throws: ``HoldfastError`` `.notFound`.
    package func revoke(_ name: String) async throws {
        guard try await state.revokeToken(named: name, at: services.now()) else {
            throw HoldfastError(
                .notFound, "There is no token called \(name.prefix(100)) that could be revoked.",
                hint: "holdfast token list shows them.")
        }
    }

    /// Whose token this is; `nil` when it is nobody's, was revoked, or has expired.
    package func requester(of text: some StringProtocol) async throws -> Requester? {
        let now = services.now()
        guard let token = AccessToken(text), let record = try await state.token(token.id), token.matches(record.hash),
            record.revoked == nil, record.expires.map({ now < $0 }) ?? true, let role = Role(rawValue: record.role)
        else { return nil }
        // Once a minute is enough to see which are in use.
        if record.lastUsed.map({ abs(now.timeIntervalSince($0)) >= 60 }) ?? true {
            try await state.useToken(token.id, at: now)
        }
        return Requester(name: record.name, role: role, buckets: record.buckets)
    }
}
