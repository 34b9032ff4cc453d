// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Glibc
package import Holdfast
import Hummingbird
package import Logging
import NIOCore
import ServiceLifecycle

/// `holdfast serve`: answers HTTP until its task is cancelled.
package struct ServerRun: Sendable {
    package let address: ListenAddress
    package let vault: Vault
    package let logger: Logger
    package let services: SystemServices

    package init(address: ListenAddress, vault: Vault, logger: Logger, services: SystemServices = .live) {
        self.address = address
        self.vault = vault
        self.logger = logger
        self.services = services
    }

    /// Listens, and returns when a cancelled task's requests have been answered.
    ///
    /// - Parameter onListening: told the port once connections are accepted.
    /// - Throws: ``HoldfastError`` when the address cannot be listened at.
    package func run(onListening: @escaping @Sendable (_ port: Int) -> Void) async throws {
        let group = ServiceGroup(services: [application(onListening: onListening)], logger: logger)
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
    func application(onListening: @escaping @Sendable (_ port: Int) -> Void) -> some ApplicationProtocol {
        let router = Router()
        HealthRoutes(readiness: VaultReadiness(vault: vault), services: services).add(to: router)
        return Application(
            router: router,
            configuration: ApplicationConfiguration(
                address: .hostname(address.host, port: address.port), serverName: "holdfast"),
            onServerRunning: { channel in onListening(channel.localAddress?.port ?? address.port) }, logger: logger)
    }
}
