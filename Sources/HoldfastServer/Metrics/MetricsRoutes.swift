// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Catalog
import HTTPTypes
import Holdfast
import Hummingbird
import NIOCore

/// `/metrics`, for Prometheus.
struct MetricsRoutes: Sendable {
    let backend: Backend
    let requests: RequestMetrics

    func add(to router: Router<ServiceContext>) {
        router.get("metrics") { _, context in
            guard context.requester?.buckets == nil else {
                throw Problem(.forbidden, "Metrics are of every bucket, and this token is for some.", context)
            }
            return try await answer()
        }
    }

    private func answer() async throws -> Response {
        var text = MetricsText()
        requests.write(to: &text)
        MachineMetrics(places: backend.engine.vault.directories).write(to: &text)
        writeServers(to: &text)
        text.add(
            "holdfast_build_info", .gauge, "The version of this program.",
            [.init(1, ("version", HoldfastVersion.current))])
        // A vault that is away must not take the other numbers with it.
        let copies = backend.engine.vault.copies.map(\.label)
        let all = copies.map { CopyProblem(label: $0, problem: "") }
        let found: (backups: [BackupSummary], unreachable: [CopyProblem])
        do {
            found = try await backend.engine.backups()
        } catch {
            found = ([], all)
        }
        BackupMetrics(
            backups: found.backups, unreachable: found.unreachable, copies: copies,
            runs: try await backend.state.runs(limit: 1000), current: await backend.runs.current.count,
            now: backend.services.now()
        ).write(to: &text)
        return Response(
            status: .ok,
            headers: [.contentType: "text/plain; version=0.0.4; charset=utf-8", .cacheControl: "no-store"],
            body: ResponseBody(byteBuffer: ByteBuffer(string: text.text)))
    }

    private func writeServers(to text: inout MetricsText) {
        let counts = backend.engine.serverRequests
        text.add(
            "holdfast_server_requests_total", .counter,
            "Requests to S3 servers, repeated ones too; status 0 is no answer.",
            counts.map {
                .init(Double($0.count), ("operation", $0.operation), ("status", "\($0.status)"))
            })
    }
}
