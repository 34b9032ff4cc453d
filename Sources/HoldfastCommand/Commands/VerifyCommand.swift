// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Holdfast

/// `holdfast verify`
struct VerifyCommand: Subcommand {
    static let configuration = CommandConfiguration(
        commandName: "verify",
        abstract: "Read a backup back, in every copy, and say whether it is sound.",
        discussion: """
            seal compares the bytes of a sealed archive with what this host wrote and with the other copies, without an \
            identity. structure reads the end of each archive and its catalog: seconds, whatever its size. frames also \
            reads every frame (a piece that is compressed on its own) and compares it with its checksum. contents then \
            reads each object and compares it with the SHA-256 that it was backed up with. An archive without an \
            index is read from end to end. The exit code is 6 when a copy is damaged or missing, 7 when a seal kept it \
            from being looked at.

            Examples:
              holdfast verify before-migration
              holdfast verify --all --depth structure
            """)

    @Argument(help: "The backup.")
    var name: String?

    @Flag(help: "Verify every backup of the vault.")
    var all = false

    @Option(help: "How far to look.")
    var depth = VerifyDepth.contents

    @OptionGroup(title: "Sealed backups") var identities: IdentityOptions
    @OptionGroup(title: "Server and vault") var connection: ConnectionOptions
    @OptionGroup(title: "Output") var display: DisplayOptions

    func validate() throws {
        guard (name == nil) == all else { throw ValidationError("Name a backup, or give --all.") }
    }

    func run(in session: Session) async throws -> ExitStatus {
        try await session.withEngine(connection, needsSource: false, identities: identities) { engine in
            guard let name else { return try await verifyAll(engine, session) }
            try await engine.askForPassphrase(of: [name])
            let report = try await session.withProgress { try await engine.verify(name, depth: depth, progress: $0) }
            try await session.report(report.document, report.lines, status: report.status)
            return report.status
        }
    }

    private struct Document: Encodable {
        struct Problem: Encodable {
            let name: String
            let message: String
        }
        var reports: [ReportDocument<VerifyReport>] = []
        /// Backups that could not be verified at all.
        var failures: [Problem] = []
        var unreachable: [CopyProblem] = []
    }

    /// One backup that cannot be verified does not keep the others from it.
    private func verifyAll(_ engine: Engine, _ session: Session) async throws -> ExitStatus {
        let (backups, unreachable) = try await engine.backups()
        guard !backups.isEmpty else {
            throw HoldfastError(.notFound, "There is no backup to verify.", hint: "holdfast backup BUCKET makes one.")
        }
        var document = Document(unreachable: unreachable)
        var status = unreachable.isEmpty ? ExitStatus.complete : .corrupt
        for backup in backups {
            do {
                let report = try await session.withProgress {
                    try await engine.verify(backup.file, depth: depth, progress: $0)
                }
                if !report.isSound { status = .corrupt }
                if report.isUnopened, status == .complete { status = .wrongKey }
                document.reports.append(report.document)
                if !session.isJSON { try await session.report(report.document, report.lines, status: report.status) }
            } catch let error as HoldfastError {
                let failure = Failure(error)
                document.failures.append(.init(name: backup.name, message: failure.message))
                if !session.isJSON { session.warn("\(backup.file) could not be verified: \(failure.message)") }
                if status == .complete { status = failure.status }
            }
        }
        if session.isJSON { try await session.output.print(try JSONText.document(document)) }
        return status
    }
}
