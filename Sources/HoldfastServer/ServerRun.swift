// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Glibc
import Holdfast
import Hummingbird
import HummingbirdCore
import HummingbirdTLS
import Logging
import NIOCore
import ServiceLifecycle

/// `holdfast serve`: answers HTTP until its task is cancelled.
package struct ServerRun: Sendable {
    package let address: ListenAddress
    package let backend: Backend
    package var options = Options()

    /// What the operator chose of it.
    package struct Options: Sendable {
        /// Beginnings of paths that need no token.
        package var publicRoutes: [String] = []
        /// Origins whose pages may use the API.
        package var origins: [String] = []
        /// What encrypts; `nil` for plain HTTP.
        package var tls: TLSFiles?

        package init() {}
    }

    package init(address: ListenAddress, backend: Backend, options: Options = Options()) {
        self.address = address
        self.backend = backend
        self.options = options
    }

    /// Listens, and returns when a cancelled task's requests have been answered.
    ///
    /// - Parameter onListening: told the port once connections are accepted.
    /// - Throws: ``HoldfastError`` when the address cannot be listened at.
    package func run(onListening: @escaping @Sendable (_ port: Int) -> Void) async throws {
        // The last one is stopped first: nothing more is begun, then runs end, then the answers that wait for them.
        let group = ServiceGroup(
            services: [
                try application(onListening: onListening), Scheduling(scheduler: backend.scheduler, runs: backend.runs),
                Watching(alerts: backend.alerts),
            ], logger: backend.logger)
        // Not structured: cancelling the group would break connections off, so the cancellation becomes the group's own
        // graceful shutdown.
        let running = Task { try await group.run() }
        do {
            try await withTaskCancellationHandler {
                try await running.value
            } onCancel: {
                Task { await group.triggerGracefulShutdown() }
            }
        } catch let error as IOError {
            let reason = String(cString: strerror(error.errnoCode)).lowercased()
            throw HoldfastError(
                .failed, "Cannot listen at \(address.url(port: address.port)): \(reason).",
                hint: "Is something else listening there? Choose another port with --listen.")
        }
    }

    /// The routes behind a server that is not listening yet.
    ///
    /// - Throws: when the certificate cannot be used.
    func application(onListening: @escaping @Sendable (_ port: Int) -> Void) throws -> some ApplicationProtocol {
        let plain = HTTPServerBuilder.http1(configuration: .init(idleTimeout: .seconds(60)))
        let server =
            try options.tls.map { try .tls(plain, tlsConfiguration: $0.configuration(backend.logger)) } ?? plain
        return Application(
            router: router,
            server: server,
            configuration: ApplicationConfiguration(
                address: .hostname(address.host, port: address.port), serverName: "holdfast"),
            onServerRunning: { channel in onListening(channel.localAddress?.port ?? address.port) },
            logger: backend.logger)
    }

    /// Every route, behind what every request passes.
    var router: Router<ServiceContext> {
        let router = Router(context: ServiceContext.self)
        let metrics = RequestMetrics()
        router.add(middleware: CorrelationMiddleware(metrics: metrics))
        router.add(middleware: CrossOrigin(origins: options.origins))
        router.add(
            middleware: AccessMiddleware(
                tokens: backend.tokens, publicRoutes: PublicRoutes(prefixes: options.publicRoutes),
                failures: AttemptLimit(30, per: .seconds(60))))
        let answers = KeptAnswers(backend)
        HealthRoutes(readiness: VaultReadiness(vault: backend.engine.vault), services: backend.services)
            .add(to: router)
        BucketBackupRoutes(backend: backend, answers: answers).add(to: router)
        RecoveryRoutes(backend: backend, answers: answers).add(to: router)
        let operation = V1Operation(backend: backend, answers: answers)
        BackupRoutes(operation: operation).add(to: router)
        RunRoutes(operation: operation).add(to: router)
        PlanRoutes(operation: operation).add(to: router)
        AccessRoutes(operation: operation).add(to: router)
        AlertRoutes(backend: backend).add(to: router)
        DependencyRoutes(backend: backend).add(to: router)
        MetricsRoutes(backend: backend, requests: metrics).add(to: router)
        return router
    }
}

/// Runs the scheduler until the service stops.
private struct Scheduling: Service {
    let scheduler: Scheduler
    let runs: RunBook

    func run() async throws {
        let scheduling = Task { await scheduler.run() }
        try? await gracefulShutdown()
        scheduling.cancel()
        // Its rounds end with their runs.
        await runs.stop()
        await scheduling.value
    }
}

/// Watches what is wrong until the service stops.
private struct Watching: Service {
    let alerts: AlertWatch

    func run() async throws {
        await cancelWhenGracefulShutdown { await alerts.run() }
    }
}
