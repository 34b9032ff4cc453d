// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Holdfast
import NIOCore
import NIOPosix
import ObjectStorage
import Streams
import TestSupport
import Testing

/// Objects under a customer's key (SSE-C) on real servers.
@Suite(.timeLimit(.minutes(3))) struct CustomerKeyTests {
    private static let contents = ["secret/small": 1000, "secret/large": (17 << 20) + 3, "plain": 500]

    private static func key(_ byte: UInt8) throws -> CustomerKey {
        try #require(CustomerKey(Array(repeating: byte, count: 32)))
    }

    private static func keys(_ byte: UInt8, _ glob: String) throws -> CustomerKeys {
        CustomerKeys([.init(glob: glob, key: try key(byte))])
    }

    private static func with(
        _ server: TestServer, _ body: (Scene, String, (CustomerKeys) throws -> S3Service) async throws -> Void
    ) async throws {
        let transport = LeanTransport(eventLoopGroup: MultiThreadedEventLoopGroup.singleton)
        do {
            try await Scene.with { scene in
                let service = { (keys: CustomerKeys) in
                    var options = S3ClientOptions()
                    options.customerKeys = keys
                    return try server.service(over: transport, options: options)
                }
                let bucket = "keys-\(UInt64.random(in: .min ... .max))"
                let writer = try service(try keys(1, "*/secret/*"))
                try await writer.createBucket(bucket)
                let mark = Field(ObjectAttributes.customerAlgorithm, "AES256")
                for (name, size) in contents {
                    let attributes = ObjectAttributes(headers: name == "plain" ? [] : [mark])
                    try await writer.store(for: bucket).put(name, [UInt8](repeating: 7, count: size), attributes)
                }
                try await body(scene, bucket, service)
            }
            try await transport.shutdown()
        } catch {
            try? await transport.shutdown()
            throw error
        }
    }

    private static func backUp(
        _ scene: Scene, _ name: String, _ bucket: String, from service: S3Service, isFull: Bool = true
    ) async throws -> BackupReport {
        try await BackupRun(
            bucket: bucket, name: try BackupName(name), source: RetryingStorageService(service), vault: scene.vault,
            options: BackupRun.Options(isFull: isFull, sweep: .always), environment: scene.environment
        ).run()
    }

    @Test(arguments: TestServer.expected.filter { $0.name == "seaweedfs" || $0.name == "ceph" })
    func theyComeBackUnderTheKey(server: TestServer) async throws {
        try await Self.with(server) { scene, bucket, service in
            let right = try service(try Self.keys(1, "*/secret/*"))
            let report = try await Self.backUp(scene, "first", bucket, from: right)
            #expect(report.complete && report.storedCount == 3)
            let next = try await Self.backUp(scene, "next", bucket, from: right, isFull: false)
            #expect(next.complete && next.unchangedCount == 3)

            let restored = try await scene.restore("next", into: bucket + "-back", at: right)
            #expect(restored.complete && restored.warnings.isEmpty && restored.withoutKeyCount == 0)
            let without = try service(CustomerKeys()).store(for: bucket + "-back")
            for (name, size) in Self.contents {
                let info = try await right.store(for: bucket + "-back").head(ObjectKey(name), version: nil)
                #expect(info.size == Int64(size) && info.attributes.hasCustomerKey == (name != "plain"))
                let body = try await right.store(for: bucket + "-back").get(ObjectKey(name), GetOptions())
                let bytes = try await body.bytes.collect(upTo: 1 << 25)
                #expect(bytes == ByteBuffer(repeating: 7, count: size))
                guard name != "plain" else { continue }
                for request in [true, false] {
                    let error = await #expect(throws: ObjectStoreError.self) {
                        if request {
                            _ = try await without.get(ObjectKey(name), GetOptions())
                        } else {
                            _ = try await without.head(ObjectKey(name), version: nil)
                        }
                    }
                    #expect(error?.code == .encrypted, "\(error?.message ?? "")")
                }
            }

            // Where no key is for them they are written without, which is told.
            let open = try await scene.restore("first", into: bucket + "-open", at: try service(CustomerKeys()))
            #expect(open.withoutKeyCount == 2 && open.warnings.contains { $0.contains("2 objects were encrypted") })
            let info = try await without.head(ObjectKey("plain"), version: nil)
            #expect(!info.attributes.hasCustomerKey)
            let plain = try service(CustomerKeys()).store(for: bucket + "-open")
            #expect(try await plain.head(ObjectKey("secret/small"), version: nil).size == 1000)
        }
    }

    @Test(arguments: TestServer.expected.filter { $0.name == "seaweedfs" || $0.name == "ceph" }, [true, false])
    func aMissingOrWrongKeyIsAnException(server: TestServer, isWrong: Bool) async throws {
        try await Self.with(server) { scene, bucket, service in
            let source = try service(isWrong ? try Self.keys(2, "*/secret/*") : CustomerKeys())
            let report = try await Self.backUp(scene, "first", bucket, from: source)
            try await scene.expectExceptions(
                ["secret/small": "encrypted", "secret/large": "encrypted"], in: report)
            #expect(report.storedCount == 1)
            let why = isWrong ? "holds another key" : "no key is at hand"
            #expect(report.exceptions.allSatisfy { $0.message.contains(why) }, "\(report.exceptions)")
            // The key is nowhere in what is told or kept.
            let secret = Data(repeating: 2, count: 32).base64EncodedString()
            #expect(
                try !"\(report)".contains(secret)
                    && !String(decoding: JSONEncoder().encode(report), as: UTF8.self).contains(secret))
        }
    }
}
