// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Holdfast
import HoldfastServer

/// `holdfast serve`
struct ServeCommand: Subcommand {
    static let configuration = CommandConfiguration(
        commandName: "serve",
        abstract: "Answer health checks over HTTP until told to stop.",
        discussion: """
            /health says that the process lives, /health/ready whether a copy of the vault can be listed. Only loopback \
            addresses are accepted: there is no access control yet. SIGTERM and Ctrl-C stop it gracefully.

            Examples:
              holdfast serve
              holdfast serve --listen 127.0.0.1:9090 --log-format json --log-level info
            """)

    @Option(help: ArgumentHelp("The address to listen at.", valueName: "host:port"))
    var listen = "127.0.0.1:8090"

    @OptionGroup(title: "Server and vault") var connection: ConnectionOptions
    @OptionGroup(title: "Output") var display: DisplayOptions

    func run(in session: Session) async throws -> ExitStatus {
        let address = try ListenAddress(listen)
        return try await session.withEngine(connection, needsSource: false) { engine in
            let run = ServerRun(address: address, vault: engine.vault, logger: session.logger)
            try await run.run { port in
                if !session.display.quiet { session.note("Listening at \(address.url(port: port))") }
            }
            return .complete
        }
    }
}
