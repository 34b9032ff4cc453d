// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Holdfast
import NIOPosix
import ObjectStorage
import SystemPackage
import TestSupport

/// The built program, run as a user runs it, against a real server.
struct HoldfastProcess: Sendable {
    let directory: FilePath
    /// The vault bucket.
    let bucket: String
    private let program: String
    private let endpoint: S3Endpoint
    private let accessKey: String
    private let secretKey: String

    struct Missing: Error, CustomStringConvertible {
        let description: String
    }

    struct Outcome {
        /// The exit code, or the negative number of the signal that ended it.
        let status: Int32
        let output: Data
        let errors: String
    }

    /// - Throws: when the program or the server is not there: a test that needs them must not pass silently.
    init(directory: FilePath, bucket: String) throws {
        func variable(_ name: String) throws -> String {
            guard let value = ProcessInfo.processInfo.environment[name] else {
                throw Missing(
                    description: "\(name) is not set: run `make test`, which builds the program and starts servers")
            }
            return value
        }
        program = try variable("HOLDFAST_TEST_BINARY")
        endpoint = try S3Endpoint(variable("HOLDFAST_TEST_SEAWEEDFS"))
        accessKey = try variable("HOLDFAST_TEST_ACCESS_KEY")
        secretKey = try variable("HOLDFAST_TEST_SECRET_KEY")
        self.directory = directory
        self.bucket = bucket
    }

    var server: (host: String, port: Int) { (endpoint.host, endpoint.port) }

    /// Runs `body` with a client of the server.
    func withService<Result>(_ body: (S3Service) async throws -> Result) async throws -> Result {
        let transport = try AsyncHTTPClientTransport(eventLoopGroup: .singletonMultiThreadedEventLoopGroup)
        let client = S3Client(
            endpoint: endpoint, credentials: S3Credentials(accessKey: accessKey, secretKey: Secret(secretKey)),
            region: "us-east-1", transport: transport)
        do {
            let result = try await body(S3Service(client))
            try await transport.shutdown()
            return result
        } catch {
            try? await transport.shutdown()
            throw error
        }
    }

    /// Runs a command; `vaultPort` is the port of a proxy before the vault, `started` is told the process's number.
    func run(
        _ arguments: [String], vaultPort: Int? = nil, started: (pid_t) -> Void = { _ in }
    ) async throws -> Outcome {
        try await launch(
            program, arguments,
            [
                "HOME": directory.string, "MINIO_ENDPOINT": "http://\(endpoint.host):\(endpoint.port)",
                "HOLDFAST_VAULT_ENDPOINT": "http://\(endpoint.host):\(vaultPort ?? endpoint.port)",
                "HOLDFAST_VAULT_ACCESS_KEY": accessKey, "HOLDFAST_VAULT_SECRET_KEY": secretKey,
                "HOLDFAST_VAULT_BUCKET": bucket, "HOLDFAST_VAULT_DIRECTORY": directory.appending("vault").string,
                "HOLDFAST_STATE_DIRECTORY": directory.appending("state").string,
            ], started: started)
    }

    /// Runs a program that is told the keys of the server.
    func launch(
        _ program: String, _ arguments: [String], _ environment: [String: String], started: (pid_t) -> Void = { _ in }
    ) async throws -> Outcome {
        let files = ["out", "err"].map { directory.appending("\($0)-\(UUID().uuidString)").string }
        defer { for file in files { try? FileManager.default.removeItem(atPath: file) } }
        for file in files { try Data().write(to: URL(fileURLWithPath: file)) }
        let process = Process()
        process.executableURL = URL(fileURLWithPath: program)
        process.arguments = arguments
        process.environment = environment.merging(["MINIO_ROOT_USER": accessKey, "MINIO_ROOT_PASSWORD": secretKey]) {
            $1
        }
        process.standardInput = FileHandle.nullDevice
        let handles = try files.map { try FileHandle(forWritingTo: URL(fileURLWithPath: $0)) }
        // A process keeps them open as long as it is remembered, and Foundation remembers it for ever.
        defer { for handle in handles { try? handle.close() } }
        (process.standardOutput, process.standardError) = (handles[0], handles[1])
        let (ends, end) = AsyncStream<Void>.makeStream()
        process.terminationHandler = { _ in end.finish() }
        try process.run()
        started(process.processIdentifier)
        for await _ in ends {}
        let errors = try Data(contentsOf: URL(fileURLWithPath: files[1]))
        return Outcome(
            status: process.terminationReason == .exit ? process.terminationStatus : -process.terminationStatus,
            output: try Data(contentsOf: URL(fileURLWithPath: files[0])),
            errors: String(decoding: errors, as: UTF8.self))
    }

    /// What `--json` printed.
    static func decode<Value: Decodable>(_ type: Value.Type, _ outcome: Outcome) throws -> Value {
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        decoder.dateDecodingStrategy = .iso8601
        return try decoder.decode(type, from: outcome.output)
    }
}
