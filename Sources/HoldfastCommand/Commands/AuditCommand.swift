// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Catalog
import Foundation
import Holdfast

/// `holdfast audit`
struct AuditCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "audit",
        abstract: "Look who changed what, and whether the record of it is whole.",
        discussion: """
            Examples:
              holdfast audit verify
              holdfast audit export > audit.jsonl
            """,
        subcommands: [AuditVerifyCommand.self, AuditExportCommand.self])
}

/// `holdfast audit verify`
struct AuditVerifyCommand: Subcommand {
    static let configuration = CommandConfiguration(
        commandName: "verify",
        abstract: "Check that no record was altered, taken out or put in.",
        discussion: """
            Each record holds the hash of itself and the one before. Compare the last hash with one that was written down             elsewhere: whoever can write the file can make the whole log anew, or cut off its end. The exit code is 6 when             the log is not what was written.

            Examples:
              holdfast audit verify
            """)

    @OptionGroup(title: "State") var place: StateOptions
    @OptionGroup(title: "Output") var display: DisplayOptions

    private struct Document: Encodable {
        let count: Int64
        let last: String?
    }

    func run(in session: Session) async throws -> ExitStatus {
        try await session.withState(place) { state in
            let found = try await AuditLog(state: state, services: .live).verify()
            try await session.report(
                Document(count: found.count, last: found.last),
                [
                    "\(AmountText.count(Int(found.count), "record")), each as it was written.",
                    "Last hash: \(found.last ?? "none")",
                ])
            return .complete
        }
    }
}

/// `holdfast audit export`
struct AuditExportCommand: Subcommand {
    static let configuration = CommandConfiguration(
        commandName: "export",
        abstract: "Print every record, one JSON object a line.",
        discussion: """
            Examples:
              holdfast audit export > audit.jsonl
            """)

    @OptionGroup(title: "State") var place: StateOptions
    @OptionGroup(title: "Output") var display: DisplayOptions

    func run(in session: Session) async throws -> ExitStatus {
        try await session.withState(place) { state in
            let log = AuditLog(state: state, services: .live)
            var page = session.output.page()
            var last: Int64 = 0
            while true {
                let records = try await log.records(after: last, limit: 1000)
                guard let end = records.last else { break }
                for record in records {
                    if let text = JSONText.line(ShownAuditRecord(record)) { try await page.add(text) }
                }
                last = end.sequence
            }
            try await page.flush()
            return .complete
        }
    }
}
