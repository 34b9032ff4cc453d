// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import HTTPTypes
import Holdfast
import Hummingbird

/// `/health/services` and `/dependencies`: what this service needs, and how that is.
struct DependencyRoutes: Sendable {
    let backend: Backend
    /// Whoever asks waits no longer.
    private static let limit = Duration.seconds(5)

    func add(to router: Router<ServiceContext>) {
        router.get("health/services") { _, _ in try Answer(try await services()).response }
        router.get("dependencies") { request, context in
            let parameters = RequestParameters(query: request.uri.query, body: Data())
            let includesHealth: Bool
            do throws(RequestParameters.Invalid) {
                includesHealth = try parameters.flag("include_health", default: true)
            } catch {
                return try Answer(Invalid(detail: [error]), status: .unprocessableContent).response
            }
            return try Answer(
                ContractDocument(
                    context.correlationID, backend.services.now(), try await dependencies(includesHealth))
            ).response
        }
    }

    private struct Invalid: Encodable {
        let detail: [RequestParameters.Invalid]
    }

    private struct Services: Encodable {
        let status: String
        let services: [String: Service]
        let timestamp: String
    }

    private struct Service: Encodable {
        let status: String
        let url: String
        let responseTimeMs: Double?
        let error: String?
    }

    private func services() async throws -> Services {
        let probes = await probe()
        let services = probes.map { probe in
            (
                probe.id,
                Service(
                    status: probe.error == nil ? "healthy" : "unreachable", url: probe.name,
                    responseTimeMs: probe.error == nil ? probe.milliseconds : nil, error: probe.error)
            )
        }
        return Services(
            status: probes.allSatisfy { $0.error == nil } ? "healthy" : "degraded",
            services: Dictionary(services) { first, _ in first },
            timestamp: ContractTime.utc(backend.services.now()))
    }

    private struct Dependencies: Encodable {
        struct Graph: Encodable {
            struct Node: Encodable {
                let id: String
                let name: String
                let type: String
                let port: Int
            }
            struct Edge: Encodable {
                let from: String
                let to: String
                let type = "depends_on"
            }
            let nodes: [Node]
            let edges: [Edge]
            let totalServices: Int
            let totalDependencies: Int
        }
        struct Circular: Encodable {
            let found = false
            let count = 0
            let cycles: [[String]] = []
        }
        struct Path: Encodable {
            let path: [String]
            let length: Int
            let description: String
        }
        struct Health: Encodable {
            struct Summary: Encodable {
                let total: Int
                let healthy: Int
                let unhealthy: Int
                let unknown = 0
                let healthPercentage: Double
            }
            struct Entry: Encodable {
                let serviceId: String
                let name: String
                let type: String
                let port: Int
                let status: String
                let responseTimeMs: Double
                let error: String?
            }
            let summary: Summary
            let services: [Entry]
        }
        let graph: Graph
        let circularDependencies = Circular()
        let criticalPath: Path
        let health: Health?
    }

    private func dependencies(_ includesHealth: Bool) async throws -> Dependencies {
        let stores = backend.engine.stores
        let nodes =
            [Dependencies.Graph.Node(id: "holdfast", name: "holdfast", type: "service", port: 0)]
            + stores.map { .init(id: $0.id, name: $0.name, type: "infrastructure", port: $0.port ?? 0) }
        let path = ["holdfast"] + stores.prefix(1).map(\.id)
        return Dependencies(
            graph: Dependencies.Graph(
                nodes: nodes, edges: stores.map { .init(from: "holdfast", to: $0.id) }, totalServices: nodes.count,
                totalDependencies: stores.count),
            criticalPath: Dependencies.Path(
                path: path, length: path.count, description: path.joined(separator: " → ")),
            health: includesHealth ? await health() : nil)
    }

    private func health() async -> Dependencies.Health {
        let probes = await probe()
        let healthy = probes.count { $0.error == nil }
        let share = probes.isEmpty ? 100 : Double(healthy) / Double(probes.count) * 100
        return Dependencies.Health(
            summary: .init(
                total: probes.count, healthy: healthy, unhealthy: probes.count - healthy,
                healthPercentage: (share * 10).rounded() / 10),
            services: probes.map { probe in
                .init(
                    serviceId: probe.id, name: probe.name, type: "infrastructure", port: probe.port ?? 0,
                    status: probe.error == nil ? "healthy" : "unhealthy", responseTimeMs: probe.milliseconds,
                    error: probe.error)
            })
    }

    private struct Probe: Sendable {
        let id: String
        let name: String
        let port: Int?
        let milliseconds: Double
        let error: String?
    }

    /// Asks every store at once, in their order.
    private func probe() async -> [Probe] {
        await withTaskGroup(of: (Int, Probe).self) { group in
            for (index, store) in backend.engine.stores.enumerated() {
                group.addTask {
                    let begun = ContinuousClock.now
                    let error = await Self.error { try await store.probe() }
                    let milliseconds = ((ContinuousClock.now - begun) / .milliseconds(1) * 100).rounded() / 100
                    return (
                        index,
                        Probe(
                            id: store.id, name: store.name, port: store.port, milliseconds: milliseconds, error: error)
                    )
                }
            }
            var probes: [(Int, Probe)] = []
            for await probe in group { probes.append(probe) }
            return probes.sorted { $0.0 < $1.0 }.map(\.1)
        }
    }

    /// What went wrong; `nil` when nothing did within the limit.
    private static func error(_ body: @escaping @Sendable () async throws -> Void) async -> String? {
        await withTaskGroup(of: String?.self) { group in
            group.addTask {
                do {
                    try await body()
                    return nil
                } catch {
                    return "\(error)"
                }
            }
            group.addTask {
                do {
                    try await Task.sleep(for: limit)
                    return "no answer within \(limit.components.seconds) s"
                } catch {
                    return nil
                }
            }
            defer { group.cancelAll() }
            return await group.next() ?? nil
        }
    }
}
