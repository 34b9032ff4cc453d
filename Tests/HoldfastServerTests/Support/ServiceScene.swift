// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Catalog
import Foundation
import HTTPTypes
import Holdfast
import Hummingbird
import HummingbirdTesting
import Logging
import ObjectStorage
import Synchronization
import SystemPackage
import TestSupport

@testable import HoldfastServer

/// A service with a vault in a directory of its own, and, when a server is named, a source.
struct ServiceScene: Sendable {
    let backend: Backend
    let root: FilePath
    let client: any TestClientProtocol
    /// The wall clock, which stands still until a test moves it.
    let clock: TestTime

    /// Runs `body` with a new service, whose files are gone afterwards.
    static func with(
        source: TestServer? = nil, _ options: ServerRun.Options = ServerRun.Options(),
        _ body: @escaping @Sendable (ServiceScene) async throws -> Void
    ) async throws {
        let root = FilePath(NSTemporaryDirectory()).appending("holdfast-service-\(UUID().uuidString)")
        try FileManager.default.createDirectory(atPath: root.string, withIntermediateDirectories: false)
        defer { try? FileManager.default.removeItem(atPath: root.string) }
        let configuration = HoldfastConfiguration(
            source: try source?.configuration(), vault: [.directory(root.appending("vault"))],
            stateDirectory: root.appending("state"))
        let logger = Logger(label: "tests") { _ in SwiftLogNoOpLogHandler() }
        let clock = TestTime()
        try await StateDirectory(root.appending("state")).withDatabase { state in
            try await Engine.withEngine(configuration, logger: logger, services: clock.services) { engine in
                let backend = try await Backend(engine: engine, state: state, services: clock.services, logger: logger)
                let run = ServerRun(address: try ListenAddress("127.0.0.1:0"), backend: backend, options: options)
                try await run.application(onListening: { _ in }).test(.router) { client in
                    try await body(ServiceScene(backend: backend, root: root, client: client, clock: clock))
                }
                await backend.runs.stop()
            }
        }
    }

    /// The text of a new token.
    func token(_ role: Role, _ buckets: [String]? = nil, name: String? = nil, lifetime: TimeInterval? = nil)
        async throws -> String
    {
        try await backend.tokens.create(name ?? role.rawValue, role: role, buckets: buckets, lifetime: lifetime).text
    }

    /// Makes a request, and reads its answer as JSON.
    func ask(
        _ method: HTTPRequest.Method, _ target: String, token: String? = nil, headers: [String: String] = [:],
        body: String? = nil
    ) async throws -> JSONAnswer {
        var fields = HTTPFields()
        if let token { fields[.authorization] = "Bearer \(token)" }
        for (name, value) in headers { if let name = HTTPField.Name(name) { fields[name] = value } }
        return try await client.execute(
            uri: target, method: method, headers: fields, body: body.map { ByteBuffer(string: $0) }
        ) { response in
            JSONAnswer(
                status: Int(response.status.code), headers: response.headers,
                text: String(buffer: response.body))
        }
    }
}

/// A clock that a test moves.
final class TestTime: Sendable {
    private let date = Mutex(Date(timeIntervalSince1970: 1_795_000_000))

    var services: SystemServices { SystemServices(now: { self.now }) }
    var now: Date { date.withLock { $0 } }

    func advance(_ seconds: TimeInterval) { date.withLock { $0 += seconds } }
}

/// An answer, with its JSON by names.
struct JSONAnswer: Sendable {
    let status: Int
    let headers: HTTPFields
    let text: String

    /// The value at a path such as `backup.object_count`.
    subscript(_ path: String) -> Any? {
        var value = try? JSONSerialization.jsonObject(with: Data(text.utf8))
        for name in path.split(separator: ".") {
            if let index = Int(name), let list = value as? [Any] {
                value = list.indices.contains(index) ? list[index] : nil
            } else {
                value = (value as? [String: Any])?[String(name)]
            }
        }
        return value
    }

    func string(_ path: String) -> String? { self[path] as? String }
    func int(_ path: String) -> Int? { (self[path] as? NSNumber)?.intValue }
    func flag(_ path: String) -> Bool? { self[path] as? Bool }
    func header(_ name: String) -> String? { HTTPField.Name(name).flatMap { headers[$0] } }
}

extension TestServer {
    /// How the engine reaches it.
    func configuration() throws -> StorageConfiguration {
        let environment = ProcessInfo.processInfo.environment
        guard let endpoint = environment["HOLDFAST_TEST_\(name.uppercased())"],
            let accessKey = environment["HOLDFAST_TEST_ACCESS_KEY"],
            let secretKey = environment["HOLDFAST_TEST_SECRET_KEY"]
        else { throw TestServerMissing(name: name) }
        return StorageConfiguration(
            endpoint: try S3Endpoint(endpoint),
            credentials: S3Credentials(accessKey: accessKey, secretKey: Secret(secretKey)), region: "us-east-1",
            origin: "tests")
    }
}
