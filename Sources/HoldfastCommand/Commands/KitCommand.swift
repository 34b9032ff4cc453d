// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Holdfast

/// `holdfast kit`
struct KitCommand: Subcommand {
    static let configuration = CommandConfiguration(
        commandName: "kit",
        abstract: "Write a recovery kit: what it takes to bring the backups back without Holdfast.",
        discussion: """
            The folder says where the backups are, names the newest of each bucket with their files, and has the commands \
            and the program that bring them back with tar, age and python3. It holds public keys and no secrets: keep it \
            where the backups are not, and write it again when something changes. A directory that holds anything but an \
            older kit is not touched. The exit code is 3 when a copy of the vault could not be asked.

            Examples:
              holdfast kit /mnt/usb/recovery
            """)

    @Argument(help: "The directory of the kit.")
    var directory: String

    @OptionGroup(title: "Sealed backups") var identities: IdentityOptions
    @OptionGroup(title: "Server and vault") var connection: ConnectionOptions
    @OptionGroup(title: "Output") var display: DisplayOptions

    func run(in session: Session) async throws -> ExitStatus {
        let resolved = try session.resolve(
            connection, needsSource: false, sealing: try SealingOptions.parse([]), identities: identities)
        let recipients: [String] =
            switch resolved.sealing {
            case .unsealed: []
            case .keys(let keys): keys.map(\.value)
            case .passphrase, .askForPassphrase: ["a passphrase"]
            }
        let path = session.surroundings.path(directory)
        let report = try await Engine.withEngine(resolved.configuration, logger: session.logger) { engine in
            try await engine.makeKit(in: path, recipients: recipients)
        }
        let status = report.contents.unreachable.isEmpty ? ExitStatus.complete : .exceptions
        try await session.report(report, lines(report), status: status)
        return status
    }

    private func lines(_ report: KitReport) -> [String] {
        let contents = report.contents
        let older =
            contents.olderCount > 0 ? " (\(AmountText.count(contents.olderCount)) older ones are not listed)" : ""
        return [
            "Wrote the recovery kit \(report.directory): \(report.files.joined(separator: ", ")).",
            "  backups  \(AmountText.count(contents.backups.count))\(older), in \(AmountText.count(contents.archives.count, "file"))",
            "  places   \(contents.places.map(\.label).joined(separator: " and "))",
        ] + contents.unreachable.map { "NOT ASKED: \($0.label): \($0.problem)" }
    }
}
