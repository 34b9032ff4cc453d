// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Catalog
import Foundation
import Holdfast

/// `holdfast token`
struct TokenCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "token",
        abstract: "Make, list and revoke the tokens that the API lets in.",
        discussion: """
            Only the SHA-256 of a token is kept. A running service knows of changes at once.

            Examples:
              holdfast token create grafana --role viewer
              holdfast token create nightly --role operator --bucket photos --expires 90d
              holdfast token list
              holdfast token revoke nightly
            """,
        subcommands: [TokenCreateCommand.self, TokenListCommand.self, TokenRevokeCommand.self])
}

/// `holdfast token create`
struct TokenCreateCommand: Subcommand {
    static let configuration = CommandConfiguration(
        commandName: "create",
        abstract: "Make a token, and print it once.",
        discussion: """
            A viewer looks; an operator also backs up, restores and verifies; an admin also deletes, prunes and manages.

            Examples:
              holdfast token create nightly --role operator --bucket photos --expires 90d
            """)

    @Argument(help: "What the token is called in lists and in the audit log.")
    var name: String

    @Option(help: "What its bearer may do.")
    var role = Role.viewer

    @Option(
        name: .customLong("bucket"),
        help: ArgumentHelp("Only for this bucket; may be given several times.", valueName: "bucket"),
        transform: BucketArgument.parse)
    var buckets: [BucketArgument] = []

    @Option(
        help: ArgumentHelp("Until when it lets in, such as 90d; for good if nobody says.", valueName: "span"),
        transform: PeriodArgument.parse)
    var expires: PeriodArgument?

    @OptionGroup(title: "State") var place: StateOptions
    @OptionGroup(title: "Output") var display: DisplayOptions

    private struct Document: Encodable {
        let name: String
        let role: Role
        let token: String
    }

    func run(in session: Session) async throws -> ExitStatus {
        try await session.withState(place) { state in
            let names = buckets.isEmpty ? nil : buckets.map(\.name)
            let token = try await TokenBook(state: state, services: .live).create(
                name, role: role, buckets: names, lifetime: expires?.seconds)
            try await AuditLog(state: state, services: .live).append(
                "token create", name, outcome: "success", actor: "command", correlationID: CorrelationID.accepting(nil))
            try await session.report(
                Document(name: name, role: role, token: token.text),
                ["Token  \(token.text)", "It is not shown again. Send it as: Authorization: Bearer …"])
            return .complete
        }
    }
}

/// `holdfast token list`
struct TokenListCommand: Subcommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List the tokens there are and were.",
        discussion: """
            Examples:
              holdfast token list
            """)

    @OptionGroup(title: "State") var place: StateOptions
    @OptionGroup(title: "Output") var display: DisplayOptions

    private struct Document: Encodable {
        let tokens: [ShownToken]
    }

    func run(in session: Session) async throws -> ExitStatus {
        try await session.withState(place) { state in
            let tokens = try await TokenBook(state: state, services: .live).list()
            let document = Document(tokens: tokens.map(ShownToken.init))
            try await session.report(document, lines(tokens))
            return .complete
        }
    }

    private func lines(_ tokens: [TokenRecord]) -> [String] {
        guard !tokens.isEmpty else { return ["There is no token. holdfast token create NAME --role admin makes one."] }
        var table = Table([
            ("NAME", .left), ("ROLE", .left), ("BUCKETS", .left), ("VALID", .left), ("LAST USED", .left),
        ])
        for token in tokens {
            table.add([
                token.name, token.role, token.buckets?.joined(separator: ",") ?? "all", state(of: token),
                token.lastUsed.map(AmountText.time) ?? "never",
            ])
        }
        return table.lines
    }

    private func state(of token: TokenRecord) -> String {
        if let revoked = token.revoked { return "revoked \(AmountText.time(revoked))" }
        guard let expires = token.expires else { return "does not expire" }
        return "\(expires <= Date() ? "expired" : "expires") \(AmountText.time(expires))"
    }
}

/// `holdfast token revoke`
struct TokenRevokeCommand: Subcommand {
    static let configuration = CommandConfiguration(
        commandName: "revoke", abstract: "Make a token useless, at once.",
        discussion: """
            Examples:
              holdfast token revoke nightly
            """)

    @Argument(help: "The name of the token.")
    var name: String

    @OptionGroup(title: "State") var place: StateOptions
    @OptionGroup(title: "Output") var display: DisplayOptions

    private struct Document: Encodable {
        let revoked: String
    }

    func run(in session: Session) async throws -> ExitStatus {
        try await session.withState(place) { state in
            try await TokenBook(state: state, services: .live).revoke(name)
            try await AuditLog(state: state, services: .live).append(
                "token revoke", name, outcome: "success", actor: "command", correlationID: CorrelationID.accepting(nil))
            try await session.report(Document(revoked: name), ["Revoked \(name)."])
            return .complete
        }
    }
}

extension Role: ExpressibleByArgument {}
