// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

package import Catalog
import Crypto
import Foundation

/// Who changed what: a chain in which each record holds the hash of the one before, so that none can be altered, left
/// out or put between without a trace.
///
/// Who can write the file can still make the whole chain anew, or cut off its end: export it to a place of its own.
package struct AuditLog: Sendable {
    private let state: StateDatabase
    private let services: SystemServices

    package init(state: StateDatabase, services: SystemServices) {
        self.state = state
        self.services = services
    }

    /// Adds a record. Texts are cut to 1,000 characters: some come from outside.
    package func append(
        _ action: String, _ subject: String, outcome: String, actor: String, correlationID: String
    ) async throws {
        let now = services.now()
        let time = TimeText.date(milliseconds: TimeText.milliseconds(now))
        try await state.appendAudit { last in
            var record = AuditRecord(
                sequence: (last?.sequence ?? 0) + 1, time: time, actor: String(actor.prefix(1000)),
                action: String(action.prefix(1000)), subject: String(subject.prefix(1000)),
                outcome: String(outcome.prefix(1000)), correlationID: correlationID, hash: Data())
            record.hash = Self.hash(of: record, after: last?.hash)
            return record
        }
    }

    /// Records in their order, behind the one with that number.
    package func records(after sequence: Int64, limit: Int) async throws -> [AuditRecord] {
        try await state.audit(after: sequence, limit: limit)
    }

    /// Checks the whole chain.
    ///
    /// - Returns: how many records it has, and the hash of the last one in hex.
    /// - Throws: ``HoldfastError`` `.corrupt` with the first record that is not what it was.
    package func verify() async throws -> (count: Int64, last: String?) {
        var previous: AuditRecord?
        while true {
            let page = try await state.audit(after: previous?.sequence ?? 0, limit: 10_000)
            for record in page {
                guard record.sequence == (previous?.sequence ?? 0) + 1 else {
                    throw HoldfastError(
                        .corrupt,
                        "The audit log lacks record \((previous?.sequence ?? 0) + 1): the next is \(record.sequence).")
                }
                guard record.hash == Self.hash(of: record, after: previous?.hash) else {
                    throw HoldfastError(
                        .corrupt, "Record \(record.sequence) of the audit log is not what was written.")
                }
                previous = record
            }
            guard !page.isEmpty else { break }
        }
        return (previous?.sequence ?? 0, previous.map { $0.hash.map { String(format: "%02x", $0) }.joined() })
    }

    /// SHA-256 over the hash before and each field with its length, so that no two records give the same bytes.
    private static func hash(of record: AuditRecord, after previous: Data?) -> Data {
        var hash = SHA256()
        hash.update(data: previous ?? Data(count: 32))
        let fields = [
            "\(record.sequence)", "\(TimeText.milliseconds(record.time))", record.actor, record.action, record.subject,
            record.outcome, record.correlationID,
        ]
        for field in fields {
            hash.update(data: Data("\(field.utf8.count):".utf8))
            hash.update(data: Data(field.utf8))
        }
        return Data(hash.finalize())
    }
}
