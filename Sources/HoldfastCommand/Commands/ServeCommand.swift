// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Holdfast
import HoldfastServer

/// `holdfast serve`
struct ServeCommand: Subcommand {
    static let configuration = CommandConfiguration(
        commandName: "serve",
        abstract: "Serve the HTTP API until told to stop.",
        discussion: """
            Requests need a token (holdfast token create); the first one is made and shown at the first start. \
            /health says that the process lives, /health/ready whether a copy of the vault can be listed; both need none.

            HOLDFAST_PUBLIC_ROUTES names beginnings of paths that need no token, such as /api/admin/ for clients of the \
            older API. CORS_ORIGINS names the origins whose pages may use the API. Addresses that others can reach are \
            accepted with a certificate, or with --without-tls.

            SIGTERM and Ctrl-C stop it: running backups stop at a point from which they can be gone on with. A second \
            signal ends it at once.

            Examples:
              holdfast serve
              holdfast serve --listen 127.0.0.1:9090 --log-format json --log-level info
              holdfast serve --listen 0.0.0.0:8443 --tls-certificate cert.pem --tls-key key.pem
            """)

    @Option(help: ArgumentHelp("The address to listen at.", valueName: "host:port"))
    var listen = "127.0.0.1:8090"

    @Option(
        help: ArgumentHelp(
            "Encrypt with this certificate, PEM (HOLDFAST_TLS_CERTIFICATE); read again when it changes.",
            valueName: "file"))
    var tlsCertificate: String?

    @Option(help: ArgumentHelp("The certificate's key, PEM (HOLDFAST_TLS_KEY).", valueName: "file"))
    var tlsKey: String?

    @Flag(help: "Listen at an address that others can reach although nothing encrypts what is sent.")
    var withoutTls = false

    @OptionGroup(title: "Server and vault") var connection: ConnectionOptions
    @OptionGroup(title: "Output") var display: DisplayOptions

    func run(in session: Session) async throws -> ExitStatus {
        let options = try serverOptions(session)
        let isEncrypted = options.tls != nil
        let address = try ListenAddress(listen, isSafe: isEncrypted || withoutTls)
        let resolved = try session.resolve(connection, needsSource: false, plans: true)
        let plans = try await session.plans(resolved)
        let place = StateDirectory(resolved.configuration.stateDirectory)
        return try await place.withServiceLock {
            try await place.withDatabase { state in
                try await Engine.withEngine(resolved.configuration, logger: session.logger) { engine in
                    let backend = try await Backend(
                        engine: engine, state: state, plans: plans, channels: resolved.notifications,
                        logger: session.logger)
                    try await makeFirstToken(backend, session)
                    try await ServerRun(address: address, backend: backend, options: options).run { port in
                        if !session.display.quiet {
                            session.note("Listening at \(address.url(port: port, isEncrypted: isEncrypted))")
                        }
                    }
                    return .complete
                }
            }
        }
    }

    private func tlsFiles(_ session: Session) throws -> TLSFiles? {
        let surroundings = session.surroundings
        let certificate = tlsCertificate ?? surroundings["HOLDFAST_TLS_CERTIFICATE"]
        let key = tlsKey ?? surroundings["HOLDFAST_TLS_KEY"]
        guard let certificate, let key else {
            guard certificate == nil, key == nil else {
                throw HoldfastError(
                    .invalidConfiguration, "--tls-certificate and --tls-key belong together and one is missing.")
            }
            return nil
        }
        return try TLSFiles(certificate: surroundings.path(certificate), key: surroundings.path(key))
    }

    private func serverOptions(_ session: Session) throws -> ServerRun.Options {
        var options = ServerRun.Options()
        options.tls = try tlsFiles(session)
        options.publicRoutes = session.surroundings.list("HOLDFAST_PUBLIC_ROUTES")
        options.origins = session.surroundings.list("CORS_ORIGINS")
        if !options.publicRoutes.isEmpty {
            session.warn(
                "anybody who reaches this address may use \(options.publicRoutes.joined(separator: ", ")): "
                    + "HOLDFAST_PUBLIC_ROUTES opens them without a token")
        }
        return options
    }

    /// Without a token nobody could come in. Told once, and never again.
    private func makeFirstToken(_ backend: Backend, _ session: Session) async throws {
        guard try await backend.tokens.list().isEmpty else { return }
        let token = try await backend.tokens.create("first", role: .admin, buckets: nil, lifetime: nil)
        try await backend.audit.append(
            "token create", "first", outcome: "success", actor: "command", correlationID: CorrelationID.accepting(nil))
        session.messages.write("The first token, for an admin; it is not shown again:\n  \(token.text)")
    }
}

extension Surroundings {
    /// The parts of a variable between commas, without blanks around them; none when it is not set.
    fileprivate func list(_ name: String) -> [String] {
        (self[name] ?? "").split(separator: ",").map { $0.trimmingPrefix(while: \.isWhitespace) }
            .map { String($0.reversed().trimmingPrefix(while: \.isWhitespace).reversed()) }.filter { !$0.isEmpty }
    }
}
