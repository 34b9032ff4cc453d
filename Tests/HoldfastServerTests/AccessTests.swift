// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import HTTPTypes
import Holdfast
import SystemPackage
import Testing

@testable import HoldfastServer

@Suite("Access")
struct AccessTests {
    struct Route: Sendable, CustomTestStringConvertible {
        let method: HTTPRequest.Method
        let path: String
        let role: Role
        var testDescription: String { "\(method) \(path)" }
    }

    static let routes = [
        Route(method: .get, path: "/api/admin/minio/buckets", role: .viewer),
        Route(method: .get, path: "/api/admin/minio/backup/list", role: .viewer),
        Route(method: .post, path: "/api/admin/minio/backup/create", role: .operator),
        Route(method: .post, path: "/api/admin/minio/backup/restore", role: .operator),
        Route(method: .delete, path: "/api/admin/minio/backup/none", role: .admin),
        Route(method: .post, path: "/api/admin/backup/create", role: .operator),
        Route(method: .post, path: "/api/admin/backup/restore", role: .operator),
        Route(method: .get, path: "/api/admin/backup/list", role: .viewer),
        Route(method: .delete, path: "/api/admin/backup/none", role: .admin),
        Route(method: .get, path: "/api/admin/dr/status", role: .viewer),
        Route(method: .post, path: "/api/admin/dr/simulate", role: .operator),
        Route(method: .get, path: "/metrics", role: .viewer),
        Route(method: .get, path: "/alerts", role: .viewer),
        Route(method: .get, path: "/dependencies", role: .viewer),
        Route(method: .get, path: "/health/services", role: .viewer),
        Route(method: .get, path: "/v1/buckets", role: .viewer),
        Route(method: .get, path: "/v1/backups", role: .viewer),
        Route(method: .get, path: "/v1/runs", role: .viewer),
        Route(method: .post, path: "/v1/runs", role: .operator),
        Route(method: .delete, path: "/v1/backups/none", role: .admin),
        Route(method: .get, path: "/v1/plans", role: .viewer),
        Route(method: .post, path: "/v1/plans/none/run", role: .operator),
        Route(method: .post, path: "/v1/plans/none/pause", role: .admin),
        Route(method: .get, path: "/v1/tokens", role: .admin),
        Route(method: .post, path: "/v1/tokens", role: .admin),
        Route(method: .get, path: "/v1/audit", role: .admin),
    ]

    @Test("Each route lets in from its role on, and nobody without a token", arguments: routes)
    func matrix(_ route: Route) async throws {
        try await ServiceScene.with { scene in
            #expect(try await scene.ask(route.method, route.path).status == 401)
            for role in Role.allCases {
                let answer = try await scene.ask(route.method, route.path, token: try await scene.token(role))
                // What is let in fails for other reasons here: there is no source and no backup.
                #expect((answer.status == 403) == (role < route.role), "\(role): \(answer.status) \(answer.text)")
                #expect(answer.status != 401)
                // A route that there is names what it does not find.
                #expect(answer.string("detail") != "Not Found")
            }
        }
    }

    @Test("What is asked without a token is told so, on paths that do not exist too")
    func closed() async throws {
        try await ServiceScene.with { scene in
            let none = try await scene.ask(.get, "/api/admin/minio/buckets")
            #expect(none.string("detail") == "Authorization header missing")
            #expect(none.header("WWW-Authenticate") == "Bearer realm=\"holdfast\"")
            #expect(try await scene.ask(.get, "/no/such/path").status == 401)
            let odd = try await scene.ask(.get, "/metrics", headers: ["Authorization": "Basic eDp5"])
            #expect(odd.status == 401 && odd.string("detail") == "Invalid authorization header format")
            let new = try await scene.ask(.get, "/v1/backups")
            #expect(new.status == 401 && new.header("Content-Type") == "application/problem+json")
            #expect(try await scene.ask(.get, "/health").status == 200)
            // Where things lie is not for everybody.
            let ready = try await scene.ask(.get, "/health/ready")
            #expect(ready.status == 200 && ready.text == #"{"status":"ready"}"#)
            let token = try await scene.token(.viewer)
            let told = try await scene.ask(.get, "/health/ready", token: token)
            #expect(told.string("copies.0.copy") == scene.root.appending("vault").string)
        }
    }

    @Test("A token ends when it expires, when it is revoked, and when a digit of it is another")
    func tokens() async throws {
        try await ServiceScene.with { scene in
            let path = "/api/admin/minio/backup/list"
            let short = try await scene.token(.viewer, name: "short", lifetime: 60)
            #expect(try await scene.ask(.get, path, token: short).status == 200)
            scene.clock.advance(59)
            #expect(try await scene.ask(.get, path, token: short).status == 200)
            scene.clock.advance(1)
            #expect(try await scene.ask(.get, path, token: short).status == 401)

            let long = try await scene.token(.viewer, name: "long")
            #expect(try await scene.ask(.get, path, token: long).status == 200)
            let last = try #require(long.last)
            #expect(try await scene.ask(.get, path, token: long.dropLast() + (last == "0" ? "1" : "0")).status == 401)
            try await scene.backend.tokens.revoke("long")
            #expect(try await scene.ask(.get, path, token: long).status == 401)
            await #expect(throws: HoldfastError.self) { try await scene.backend.tokens.revoke("long") }
            // The audit log names people by it.
            await #expect(throws: HoldfastError.self) { try await scene.token(.admin, name: "long") }
        }
    }

    @Test("Nothing that is kept opens the door")
    func kept() async throws {
        try await ServiceScene.with { scene in
            let token = try await scene.token(.admin)
            let secret = try #require(token.split(separator: "_").last)
            try await scene.backend.audit.append(
                "test", "x", outcome: "success", actor: "admin", correlationID: "1")
            for file in try FileManager.default.contentsOfDirectory(atPath: scene.root.appending("state").string) {
                let path = scene.root.appending("state").appending(file).string
                guard let data = FileManager.default.contents(atPath: path) else { continue }
                #expect(data.range(of: Data(secret.utf8)) == nil, "\(file) holds the token")
                if file.hasPrefix("service.db") {
                    let mode = try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
                    #expect(mode == 0o600)
                }
            }
        }
    }

    @Test("Public routes need no token, and nothing beside them is public")
    func publicRoutes() async throws {
        var options = ServerRun.Options()
        options.publicRoutes = ["/api/admin/"]
        try await ServiceScene.with(options) { scene in
            let list = try await scene.ask(.get, "/api/admin/minio/backup/list")
            #expect(list.status == 200)
            for path in [
                "/v1/backups", "/api/adminx", "/api/admin//../v1/backups", "/api/admin/../../v1/backups",
                "/api/admin/%2e%2e/v1",
            ] {
                #expect(try await scene.ask(.get, path).status == 401, "\(path)")
            }
            // A wrong token is not better than none.
            #expect(try await scene.ask(.get, "/api/admin/minio/backup/list", token: "holdfast_x_y").status == 401)
        }
    }

    @Test("Who guesses tokens is slowed down, and nobody else is")
    func guessing() async throws {
        try await ServiceScene.with { scene in
            let token = try await scene.token(.viewer)
            var statuses: [Int] = []
            for _ in 0..<35 {
                statuses.append(try await scene.ask(.get, "/api/admin/minio/backup/list", token: "wrong").status)
            }
            #expect(statuses == Array(repeating: 401, count: 30) + Array(repeating: 429, count: 5))
            #expect(try await scene.ask(.get, "/api/admin/minio/backup/list", token: token).status == 200)
        }
    }

    @Test("Security headers and a correlation id are on every answer")
    func headers() async throws {
        try await ServiceScene.with { scene in
            for path in ["/health", "/nothing"] {
                let answer = try await scene.ask(.get, path, headers: ["X-Correlation-ID": "abc-1"])
                #expect(answer.header("X-Correlation-ID") == "abc-1")
                #expect(answer.header("X-Frame-Options") == "DENY")
                #expect(answer.header("X-Content-Type-Options") == "nosniff")
            }
            let injected = try await scene.ask(.get, "/health", headers: ["X-Correlation-ID": "a b<script>"])
            #expect(injected.header("X-Correlation-ID")?.count == 36)
        }
    }

    @Test("Pages of other origins use the API only if the operator named them")
    func origins() async throws {
        var options = ServerRun.Options()
        options.origins = ["http://localhost:3000"]
        try await ServiceScene.with(options) { scene in
            let known = ["Origin": "http://localhost:3000", "Access-Control-Request-Method": "POST"]
            let asked = try await scene.ask(.options, "/api/admin/minio/backup/create", headers: known)
            #expect(asked.status == 204)
            #expect(asked.header("Access-Control-Allow-Origin") == "http://localhost:3000")
            let other = try await scene.ask(.get, "/health", headers: ["Origin": "http://evil.example"])
            #expect(other.status == 200 && other.header("Access-Control-Allow-Origin") == nil)
        }
    }
}
