// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

package import Catalog
package import Foundation

/// A token, as it is told: never with what opens anything.
package struct ShownToken: Encodable, Sendable {
    package let name: String
    package let role: String
    /// `nil` for all.
    package let buckets: [String]?
    /// UTC.
    package let created: Date
    package let expires: Date?
    package let lastUsed: Date?
    package let revoked: Date?

    package init(_ token: TokenRecord) {
        name = token.name
        role = token.role
        buckets = token.buckets
        created = token.created
        expires = token.expires
        lastUsed = token.lastUsed
        revoked = token.revoked
    }
}

/// A record of the audit log, as it is told.
package struct ShownAuditRecord: Encodable, Sendable {
    package let sequence: Int64
    /// UTC.
    package let time: Date
    package let actor: String
    package let action: String
    package let subject: String
    package let outcome: String
    package let correlationId: String
    /// Hex.
    package let hash: String

    package init(_ record: AuditRecord) {
        sequence = record.sequence
        time = record.time
        actor = record.actor
        action = record.action
        subject = record.subject
        outcome = record.outcome
        correlationId = record.correlationID
        hash = Hex.text(record.hash)
    }
}
