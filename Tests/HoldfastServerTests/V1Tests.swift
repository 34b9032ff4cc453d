// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import HTTPTypes
import Holdfast
import TestSupport
import Testing

@testable import HoldfastServer

@Suite("The API proper", .enabled(if: TestServer.expected.contains { $0.name == "seaweedfs" }))
struct V1Tests {
    /// Waits for a run's end.
    private static func end(of run: JSONAnswer, _ scene: ServiceScene, _ token: String) async throws -> JSONAnswer {
        let id = try #require(run.string("id"))
        while true {
            let answer = try await scene.ask(.get, "/v1/runs/\(id)", token: token)
            guard answer.string("state") == "running" else { return answer }
            try await Task.sleep(for: .milliseconds(20))
        }
    }

    @Test("A backup and a restore are begun, watched and found again")
    func runs() async throws {
        try await BucketBackupContractTests.with { scene, bucket, store in
            let token = try await scene.token(.operator)
            let begun = try await scene.ask(
                .post, "/v1/runs", token: token, body: #"{"kind": "backup", "bucket": "\#(bucket)", "name": "one"}"#)
            #expect(begun.status == 202 && begun.header("Location") == "/v1/runs/\(begun.string("id") ?? "")")
            #expect(begun.string("requester") == "operator" && begun.string("subject") == bucket)
            let ended = try await Self.end(of: begun, scene, token)
            #expect(ended.string("state") == "complete" && ended.int("report.stored_count") == 10, "\(ended.text)")

            let list = try await scene.ask(.get, "/v1/backups?bucket=\(bucket)", token: token)
            #expect(list.string("items.0.name") == "one" && list["next_cursor"] == nil)
            let first = try await scene.ask(.get, "/v1/backups/one/objects?limit=7", token: token)
            let cursor = try #require(first.string("next_cursor"))
            let rest = try await scene.ask(.get, "/v1/backups/one/objects?limit=7&cursor=\(cursor)", token: token)
            let pages = [first, rest].map { ($0["items"] as? [[String: Any]])?.compactMap { $0["key"] as? String } }
            #expect(pages[0]?.count == 7 && pages[1]?.count == 3)
            #expect(Set((pages[0] ?? []) + (pages[1] ?? [])).count == 10)
            let some = try await scene.ask(.get, "/v1/backups/one/objects?prefix=drawing-3", token: token)
            #expect(some.string("items.0.key") == "drawing-3.svg" && some["items.1"] == nil)

            scene.clock.advance(1)
            let restore = try await scene.ask(
                .post, "/v1/runs", token: token,
                body: #"{"kind": "restore", "backup": "one", "target_bucket": "\#(bucket)-2", "dry_run": true}"#)
            let dry = try await Self.end(of: restore, scene, token)
            #expect(dry.string("state") == "complete" && dry.int("report.restored_count") == 10, "\(dry.text)")
            scene.clock.advance(1)
            let verify = try await scene.ask(
                .post, "/v1/runs", token: token, body: #"{"kind": "verify", "backup": "one", "depth": "contents"}"#)
            #expect(try await Self.end(of: verify, scene, token).string("state") == "complete")
            let runs = try await scene.ask(.get, "/v1/runs?limit=2", token: token)
            #expect(runs.string("items.0.kind") == "verify" && runs.string("items.1.kind") == "restore")
            let more = try await scene.ask(
                .get, "/v1/runs?limit=2&cursor=\(runs.string("next_cursor") ?? "")", token: token)
            #expect(more.string("items.0.kind") == "backup" && more["items.1"] == nil)

            let events = try await scene.ask(.get, "/v1/runs/\(begun.string("id") ?? "")/events", token: token)
            #expect(events.header("Content-Type") == "text/event-stream")
            #expect(events.text.hasPrefix("event: end\ndata: {") && events.text.hasSuffix("}\n\n"))
        }
    }

    @Test("What makes no sense is a problem with the right status")
    func problems() async throws {
        try await BucketBackupContractTests.with { scene, bucket, _ in
            let token = try await scene.token(.admin)
            for (method, path, body, status) in [
                (HTTPRequest.Method.get, "/v1/backups/none", nil, 404), (.get, "/v1/runs/none", nil, 404),
                (.get, "/v1/plans/none", nil, 404), (.get, "/v1/backups?limit=0", nil, 400),
                (.get, "/v1/backups/none/objects", nil, 404), (.get, "/v1/nothing", nil, 404),
                (.post, "/v1/runs", "{", 400), (.post, "/v1/runs", #"{"kind": "backup"}"#, 400),
                (.post, "/v1/runs", #"{"kind": "prune"}"#, 400),
                (.post, "/v1/runs", #"{"kind": "restore", "backup": "../x"}"#, 400),
                (.post, "/v1/tokens", #"{"name": "a b", "role": "viewer"}"#, 400),
                (.delete, "/v1/tokens/none", nil, 404),
            ] {
                let answer = try await scene.ask(method, path, token: token, body: body)
                #expect(answer.status == status, "\(path) \(body ?? ""): \(answer.text)")
                #expect(answer.header("Content-Type") == "application/problem+json")
                #expect(answer.int("status") == status && answer.string("detail")?.isEmpty == false)
            }
        }
    }

    @Test("Tokens are made, used and revoked, and the audit log says so")
    func tokens() async throws {
        try await BucketBackupContractTests.with { scene, _, _ in
            let admin = try await scene.token(.admin)
            scene.clock.advance(1)
            let made = try await scene.ask(
                .post, "/v1/tokens", token: admin, body: #"{"name": "look", "role": "viewer", "expires_in": 3600}"#)
            let token = try #require(made.string("token"))
            #expect(made.status == 201)
            #expect(try await scene.ask(.get, "/v1/backups", token: token).status == 200)
            #expect(try await scene.ask(.get, "/v1/tokens", token: token).status == 403)
            #expect(try await scene.ask(.delete, "/v1/tokens/look", token: admin).status == 200)
            #expect(try await scene.ask(.get, "/v1/backups", token: token).status == 401)
            let list = try await scene.ask(.get, "/v1/tokens", token: admin)
            #expect(!list.text.contains(token) && list.string("items.1.name") == "look")
            let audit = try await scene.ask(.get, "/v1/audit", token: admin)
            #expect(audit.string("items.0.action") == "token create")
            #expect(audit.string("items.1.action") == "token revoke")
            #expect(audit.string("items.0.actor") == "admin" && !audit.text.contains(token))
        }
    }

    @Test("A token for one bucket sees nothing of another")
    func scopes() async throws {
        try await BucketBackupContractTests.with { scene, bucket, _ in
            let all = try await scene.token(.operator, name: "all")
            let other = try await scene.token(.admin, ["elsewhere"], name: "other")
            let begun = try await scene.ask(
                .post, "/v1/runs", token: all, body: #"{"kind": "backup", "bucket": "\#(bucket)", "name": "one"}"#)
            _ = try await Self.end(of: begun, scene, all)
            for path in ["/v1/backups", "/v1/runs", "/v1/buckets"] {
                let answer = try await scene.ask(.get, path, token: other)
                #expect(answer.status == 200 && answer["items.0"] == nil, "\(path): \(answer.text)")
            }
            for path in ["/v1/backups/one", "/v1/backups/one/objects", "/v1/tokens", "/v1/audit", "/metrics"] {
                #expect(try await scene.ask(.get, path, token: other).status == 403, "\(path)")
            }
            #expect(try await scene.ask(.get, "/v1/runs/\(begun.string("id") ?? "")", token: other).status == 404)
            for body in [#"{"kind": "backup", "bucket": "\#(bucket)"}"#, #"{"kind": "verify", "backup": "one"}"#] {
                #expect(try await scene.ask(.post, "/v1/runs", token: other, body: body).status == 403)
            }
            #expect(try await scene.ask(.delete, "/v1/backups/one", token: other).status == 403)
        }
    }

    @Test("Metrics tell of each bucket, of requests by route, and of the servers asked")
    func metrics() async throws {
        try await BucketBackupContractTests.with { scene, bucket, _ in
            let token = try await scene.token(.operator)
            let create = "/api/admin/minio/backup/create?bucket_name=\(bucket)&backup_name=one"
            #expect(try await scene.ask(.post, create, token: token).status == 200)
            _ = try await scene.ask(.delete, "/api/admin/minio/backup/no-such-name")
            let text = try await scene.ask(.get, "/metrics", token: token).text
            let created = #"method="POST",path="/api/admin/minio/backup/create",status_code="200""#
            for line in [
                "holdfast_backup_objects{bucket=\"\(bucket)\"} 10",
                "holdfast_backup_exceptions{bucket=\"\(bucket)\"} 0",
                "holdfast_backup_bytes{bucket=\"\(bucket)\"} 55000", "holdfast_backups{bucket=\"\(bucket)\"} 1",
                "api_gateway_requests_total{\(created)} 1",
                "holdfast_run_succeeded{kind=\"backup\",subject=\"\(bucket)\"} 1",
                "holdfast_server_requests_total{operation=\"GetObject\",status=\"200\"} 10", "holdfast_runs_going_on 0",
                "# TYPE api_gateway_request_duration_seconds histogram",
            ] {
                #expect(text.contains(line + "\n"), "no \(line) in\n\(text)")
            }
            // A series for each name that somebody makes up would be a way to fill the memory.
            #expect(!text.contains("no-such-name"))
            let services = try await scene.ask(.get, "/health/services", token: token)
            #expect(services.string("status") == "healthy" && services.string("services.source.status") == "healthy")
            #expect(services["services.vault-1.response_time_ms"] is Double)
            let graph = try await scene.ask(.get, "/dependencies?include_health=true", token: token)
            #expect(graph.int("graph.total_dependencies") == 2 && graph.int("health.summary.healthy") == 2)
            #expect(graph.string("graph.edges.0.to") == "source" && graph.int("circular_dependencies.count") == 0)
        }
    }
}
