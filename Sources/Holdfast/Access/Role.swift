// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

/// What the bearer of a token may do; each may do what those before it may.
package enum Role: String, Codable, CaseIterable, Comparable, Sendable {
    /// Looks: lists backups, objects, runs and metrics.
    case viewer
    /// Also backs up, restores and verifies.
    case `operator`
    /// Also deletes, prunes, and manages tokens and plans.
    case admin

    package static func < (left: Role, right: Role) -> Bool { left.rank < right.rank }

    private var rank: Int {
        switch self {
        case .viewer: 0
        case .operator: 1
        case .admin: 2
        }
    }
}

/// Who makes a request, and what for he is let in.
package struct Requester: Equatable, Sendable {
    /// The name of the token, or `anonymous`.
    package let name: String
    package let role: Role
    /// The buckets that he may touch; `nil` for all.
    package let buckets: [String]?

    package init(name: String, role: Role, buckets: [String]? = nil) {
        self.name = name
        self.role = role
        self.buckets = buckets
    }

    /// Somebody who came by a public route.
    package static let anonymous = Requester(name: "anonymous", role: .admin)

    /// Whether he may touch a bucket; `nil` is a bucket that nobody knows the name of.
    package func mayTouch(_ bucket: String?) -> Bool {
        guard let buckets else { return true }
        return bucket.map(buckets.contains) ?? false
    }
}
