// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import NIOPosix
import ObjectStorage
import Streams
import TestSupport
import Testing

extension TestServer: CustomTestStringConvertible {
    public var testDescription: String { name }
}

/// The S3 client against real servers, over either transport, by the same checks as every other conformer.
@Suite(.timeLimit(.minutes(10))) struct ConformanceServersTests {
    enum Transport: String, CaseIterable, Sendable {
        case asyncHTTPClient, lean

        func make() throws -> any S3Transport {
            let group = MultiThreadedEventLoopGroup.singleton
            switch self {
            case .asyncHTTPClient: return try AsyncHTTPClientTransport(eventLoopGroup: group)
            case .lean: return LeanTransport(eventLoopGroup: group)
            }
        }

        func with(_ body: (any S3Transport) async throws -> Void) async throws {
            let transport = try make()
            do {
                try await body(transport)
                try await transport.shutdown()
            } catch {
                try await transport.shutdown()
                throw error
            }
        }
    }

    @Test("store", arguments: TestServer.expected, Transport.allCases)
    func store(server: TestServer, transport: Transport) async throws {
        try await transport.with { transport in
            let service = RetryingStorageService(try server.service(over: transport))
            let plain = Self.bucketName()
            let versioned = Self.bucketName()
            try await service.createBucket(plain)
            if server.limits.capabilities.contains(.versioning) {
                try await service.createBucket(versioned)
                try await service.setDocument(.versioning, of: versioned, to: versioningDocument("Enabled"))
            }
            let checks = StoreCheck.checks(for: server.limits)
            try await checks.enumerated().forEachConcurrently(width: 4) { index, check in
                let store = service.store(for: check.requires.contains(.versioning) ? versioned : plain)
                do {
                    try await check.run(store, "check-\(index)/")
                } catch {
                    Issue.record("\(server.name): \(check.name): \(error)")
                }
            }
        }
    }

    @Test("service", arguments: TestServer.expected, Transport.allCases)
    func service(server: TestServer, transport: Transport) async throws {
        try await transport.with { transport in
            let service = RetryingStorageService(try server.service(over: transport))
            for check in ServiceCheck.all where check.requires.isSubset(of: server.limits.capabilities) {
                do {
                    try await check.run(service, Self.bucketName())
                } catch {
                    Issue.record("\(server.name): \(check.name): \(error)")
                }
            }
        }
    }

    private static func bucketName() -> String {
        "conformance-\(UInt64.random(in: .min ... .max))"
    }
}
