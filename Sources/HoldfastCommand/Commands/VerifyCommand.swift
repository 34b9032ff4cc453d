// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Foundation
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
            index is read from end to end. --sample reads the contents of some objects instead, drawn at random, which \
            finds a rotten disk sooner or later and proves nothing of the rest. The exit code is 6 when a copy is damaged or missing, 7 when a seal kept it \
            from being looked at.

            Examples:
              holdfast verify before-migration
              holdfast verify --all --depth structure
              holdfast verify --all --again-after 7d
              holdfast verify before-migration --sample 5%
            """)

    @Argument(help: "The backup.")
    var name: String?

    @Flag(help: "Verify every backup of the vault.")
    var all = false

    @Option(help: "How far to look.")
    var depth: VerifyDepth?

    @Option(
        help: ArgumentHelp("Read only this share of the objects, drawn at random: 5%.", valueName: "share"),
        transform: ShareArgument.parse)
    var sample: ShareArgument?

    @Option(help: ArgumentHelp("With --sample: draw the objects that another verification drew.", valueName: "number"))
    var seed: UInt32?

    @Option(
        help: ArgumentHelp(
            "With --all: leave out what was proven to this depth in every copy within this time: 12h, 7d, 2w.",
            valueName: "time"),
        transform: PeriodArgument.parse)
    var againAfter: PeriodArgument?

    @OptionGroup(title: "Sealed backups") var identities: IdentityOptions
    @OptionGroup(title: "Server and vault") var connection: ConnectionOptions
    @OptionGroup(title: "Output") var display: DisplayOptions

    func validate() throws {
        guard (name == nil) == all else { throw ValidationError("Name a backup, or give --all.") }
        guard all || againAfter == nil else { throw ValidationError("--again-after goes with --all.") }
        guard sample != nil || seed == nil else { throw ValidationError("--seed goes with --sample.") }
        guard sample == nil || depth == nil else {
            throw ValidationError(
                "--sample reads contents of some objects, and --depth says what is read of all: give one.")
        }
    }

    func run(in session: Session) async throws -> ExitStatus {
        try await session.withEngine(connection, needsSource: false, identities: identities) { engine in
            guard let name else { return try await verifyAll(engine, session) }
            try await engine.askForPassphrase(of: [name])
            let report = try await verify(name, VerifiedContents(), engine, session)
            try await session.report(report.document, report.lines, status: report.status)
            return report.status
        }
    }

    private func verify(
        _ name: String, _ verified: VerifiedContents, _ engine: Engine, _ session: Session
    ) async throws -> VerifyReport {
        let drawn = sample.map { VerifySample(share: $0.share, seed: seed ?? .random(in: .min ... .max)) }
        return try await session.withProgress {
            try await engine.verify(name, depth: depth ?? .contents, sample: drawn, verified: verified, progress: $0)
        }
    }

    private struct Document: Encodable {
        struct Skipped: Encodable {
            let name: String
            let file: String
            /// When the copy that was verified the longest ago was.
            let proven: Date
        }
        struct Problem: Encodable {
            let name: String
            let message: String
        }
        var reports: [ReportDocument<VerifyReport>] = []
        /// Backups that were verified within the time of `--again-after`.
        var skipped: [Skipped] = []
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
        // The oldest come first, so that what later ones refer to was read by then.
        let verified = VerifiedContents()
        for backup in backups {
            if let period = againAfter,
                let date = engine.proof(of: backup, to: depth ?? .contents, within: period.seconds)
            {
                document.skipped.append(.init(name: backup.name, file: backup.file, proven: date))
                continue
            }
            do {
                let report = try await verify(backup.file, verified, engine, session)
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
        if !session.isJSON, !session.display.quiet {
            for skipped in document.skipped {
                session.note(
                    "\(skipped.file) was left out: all of its copies were verified since \(AmountText.time(skipped.proven))."
                )
            }
        }
        if session.isJSON { try await session.output.print(try JSONText.document(document)) }
        return status
    }
}
