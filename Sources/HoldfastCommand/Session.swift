// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Holdfast
import Logging
import ObjectStorage

/// What a running command uses: where it writes, what it logs to, and the way to the engine.
struct Session: Sendable {
    let display: DisplayOptions
    let output: StandardOutput
    let messages: MessageOutput
    let surroundings: Surroundings
    let logger: Logger

    init(display: DisplayOptions, output: StandardOutput, messages: MessageOutput, surroundings: Surroundings) {
        self.display = display
        self.output = output
        self.messages = messages
        self.surroundings = surroundings
        var logger = Logger(label: "holdfast") { _ in LineLog(format: display.logFormat, messages: messages) }
        logger.logLevel = display.logLevel.level
        self.logger = logger
    }

    /// Whether reports are for programs.
    var isJSON: Bool { display.json }

    /// Puts the configuration together and tells what is odd about it.
    func resolve(
        _ connection: ConnectionOptions, needsSource: Bool, target: TargetOptions? = nil,
        sealing: SealingOptions? = nil, identities: IdentityOptions? = nil, plans: Bool = false
    ) throws -> ResolvedConfiguration {
        var resolved = try ResolvedConfiguration(
            connection, surroundings, needsSource: needsSource, target: target, sealing: sealing,
            identities: identities, plans: plans)
        let prompt = PassphrasePrompt(messages: messages)
        if let identities, identities.passphrase || prompt.isPossible {
            resolved.configuration.keys.usePrompt { try await prompt.ask("Passphrase:") }
        }
        resolved.warnings.forEach(warn)
        return resolved
    }

    /// Opens the engine for one command.
    func withEngine<Result>(
        _ connection: ConnectionOptions, needsSource: Bool, identities: IdentityOptions? = nil,
        _ body: (Engine) async throws -> Result
    ) async throws -> Result {
        let resolved = try resolve(connection, needsSource: needsSource, identities: identities)
        return try await Engine.withEngine(resolved.configuration, logger: logger, body)
    }

    /// Opens a backup and tells what is wrong with it.
    ///
    /// - Parameter needsContents: whether a sealed backup of which only the catalog is known will not do.
    func open(_ name: String, with engine: Engine, needsContents: Bool = false) async throws -> OpenedBackup {
        try await engine.askForPassphrase(of: [name])
        let backup = try await withProgress { try await engine.open(name, progress: $0) }
        if needsContents, let missingKey = backup.missingKey { throw missingKey }
        backup.flaws.forEach(warn)
        return backup
    }

    /// Runs something that takes its time, and shows how far it is.
    func withProgress<Result>(_ body: (ProgressMeter) async throws -> Result) async throws -> Result {
        let meter = ProgressMeter()
        let isWanted = !display.quiet && (!display.json || messages.isTerminal)
        guard isWanted else { return try await body(meter) }
        // Leaving this scope cancels the display and waits for its last line to be wiped.
        async let _: Void = ProgressDisplay(meter: meter, messages: messages, note: note).run()
        return try await body(meter)
    }

    /// Prints a report: lines for people, one document for programs. A quiet command reports only what is not complete.
    func report(_ document: some Encodable, _ lines: @autoclosure () -> [String], status: ExitStatus = .complete)
        async throws
    {
        if isJSON {
            try await output.print(try JSONText.document(document))
        } else if !display.quiet || status != .complete {
            try await output.print(lines().joined(separator: "\n"))
        }
    }

    /// Says on standard error what should be known.
    func warn(_ text: String) {
        switch display.logFormat {
        case .text: messages.write("warning: \(text)")
        case .json: logger.warning("\(text)")
        }
    }

    /// Says on standard error how things go. The log level has no part in it: whoever wants silence says `--quiet`.
    func note(_ text: String) {
        switch display.logFormat {
        case .text: messages.write(text)
        case .json:
            var logger = logger
            logger.logLevel = .info
            logger.info("\(text)")
        }
    }

    /// Says why the command did not do its work.
    func tell(_ failure: Failure) -> ExitStatus {
        messages.write(isJSON || display.logFormat == .json ? failure.json : failure.text)
        return failure.status
    }
}
