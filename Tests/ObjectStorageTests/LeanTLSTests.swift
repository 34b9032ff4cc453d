// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import NIOCore
import NIOPosix
import NIOSSL
import ObjectStorage
import Streams
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(2))) struct LeanTLSTests {
    /// For `localhost` and 127.0.0.1, signed by itself, valid from 2020 to 2120. Used by tests only.
    private static let certificate = """
        -----BEGIN CERTIFICATE-----
        MIIBZzCCAQ2gAwIBAgIBATAKBggqhkjOPQQDAjAUMRIwEAYDVQQDDAlsb2NhbGhv
        c3QwIBcNMjAwMTAxMDAwMDAwWhgPMjEyMDAxMDEwMDAwMDBaMBQxEjAQBgNVBAMM
        CWxvY2FsaG9zdDBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABAa5anBlBMonO5IQ
        /e6/894KeVON5dIOvu1PgRG21dA7djWI/zYSm7uZMW1TH8dSKescLrzG1pswAq3p
        bAQxFbijTjBMMA8GA1UdEwEB/wQFMAMBAf8wGgYDVR0RBBMwEYIJbG9jYWxob3N0
        hwR/AAABMB0GA1UdDgQWBBRnYZzHH85XD1wAOiBQfF61+FH4bzAKBggqhkjOPQQD
        AgNIADBFAiAd+hJPXqWiLdgdGJF2ZRf8D4ulHFh5VgoMvT+z7s2SBQIhAN8+dk+J
        IX80O3OJtz0bxQ7jKuPfvVmHBz1shFRWIznF
        -----END CERTIFICATE-----
        """
    private static let key = """
        -----BEGIN PRIVATE KEY-----
        MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgJ71LC2elKex8aRv8
        WqfB468mbz1/agJjm4PeLSdNIXehRANCAAQGuWpwZQTKJzuSEP3uv/PeCnlTjeXS
        Dr7tT4ERttXQO3Y1iP82Epu7mTFtUx/HUinrHC68xtabMAKt6WwEMRW4
        -----END PRIVATE KEY-----
        """

    private func with<Value>(
        trusting: Bool, hasTLS: Bool = true, connectTimeout: Duration = .seconds(10),
        script: @escaping @Sendable (ScriptedHTTPServer.Request) -> [ScriptedHTTPServer.Step] = { request in
            LeanTransportTests.ok("hello \(request.number)")
        },
        _ body: (LeanTransport, ScriptedHTTPServer) async throws -> Value
    ) async throws -> Value {
        let certificates = try NIOSSLCertificate.fromPEMBytes(Array(Self.certificate.utf8))
        let key = try NIOSSLPrivateKey(bytes: Array(Self.key.utf8), format: .pem)
        let context = try NIOSSLContext(
            configuration: .makeServerConfiguration(
                certificateChain: certificates.map { .certificate($0) }, privateKey: .privateKey(key)))
        let file = FileManager.default.temporaryDirectory.appendingPathComponent("\(UUID().uuidString).pem")
        try Data(Self.certificate.utf8).write(to: file)
        defer { try? FileManager.default.removeItem(at: file) }
        var options = HTTPTransportOptions()
        options.connectTimeout = connectTimeout
        if trusting { options.certificateAuthorities = file.path }
        return try await ScriptedHTTPServer.with(
            prepare: { channel in
                if hasTLS { try channel.pipeline.syncOperations.addHandler(NIOSSLServerHandler(context: context)) }
            }, script: script
        ) { server in
            let transport = LeanTransport(eventLoopGroup: MultiThreadedEventLoopGroup.singleton, options: options)
            do {
                let value = try await body(transport, server)
                try await transport.shutdown()
                return value
            } catch {
                try await transport.shutdown()
                throw error
            }
        }
    }

    private func request(
        _ server: ScriptedHTTPServer, host: String = "localhost", method: String = "GET", body: ReplayableBody? = nil
    ) -> WireRequest {
        WireRequest(
            method: method, host: host, port: server.port, isTLS: true, target: "/", headers: [Field("host", host)],
            body: body)
    }

    @Test("requests share a TLS connection, by name and by address", arguments: ["localhost", "127.0.0.1"])
    func works(host: String) async throws {
        try await with(trusting: true) { transport, server in
            for number in 1...3 {
                let answer = try await transport.send(request(server, host: host))
                #expect(answer.body.whole == ByteBuffer(string: "hello \(number)"))
            }
            #expect(server.connections == 1)
        }
    }

    @Test("large bodies go both ways")
    func largeBodies() async throws {
        let block = [UInt8](repeating: 42, count: 100_000)
        let script: @Sendable (ScriptedHTTPServer.Request) -> [ScriptedHTTPServer.Step] = { _ in
            [.send("HTTP/1.1 200 OK\r\nContent-Length: 5000000\r\n\r\n"), .sendRepeatedly(block, count: 50)]
        }
        try await with(trusting: true, script: script) { transport, server in
            let content = BufferBytes(ByteBuffer(repeating: 7, count: 5_000_000))
            let body = ReplayableBody(length: 5_000_000) { content.stream(0..<5_000_000, blockSize: 70_000) }
            let answer = try await transport.send(request(server, method: "PUT", body: body))
            #expect(server.requests.first?.body.count == 5_000_000)
            #expect(try await answer.body.collect(upTo: 5_000_000) == ByteBuffer(repeating: 42, count: 5_000_000))
        }
    }

    @Test("a certificate that nobody vouches for is refused")
    func untrusted() async throws {
        try await with(trusting: false) { transport, server in
            let error = await #expect(throws: ObjectStoreError.self) { try await transport.send(request(server)) }
            #expect(error?.code == .unreachable)
            #expect(error?.message.contains("not trusted") == true)
            #expect(server.requests.isEmpty)
        }
    }

    @Test("a server that does not answer the handshake is told from one that is slow")
    func noTLS() async throws {
        let script: @Sendable (ScriptedHTTPServer.Request) -> [ScriptedHTTPServer.Step] = { _ in [] }
        let patience = Duration.milliseconds(100)
        try await with(trusting: true, hasTLS: false, connectTimeout: patience, script: script) { transport, server in
            let error = await #expect(throws: ObjectStoreError.self) { try await transport.send(request(server)) }
            #expect(error?.code == .unreachable)
            #expect(error?.message.contains("TLS") == true)
        }
    }

    @Test("certificates that cannot be read are named")
    func noFile() async throws {
        var options = HTTPTransportOptions()
        options.certificateAuthorities = "/nowhere.pem"
        let server = try await ScriptedHTTPServer.start { _ in [] }
        let transport = LeanTransport(eventLoopGroup: MultiThreadedEventLoopGroup.singleton, options: options)
        let error = await #expect(throws: ObjectStoreError.self) { try await transport.send(request(server)) }
        #expect(error?.code == .badRequest)
        #expect(error?.message.contains("/nowhere.pem") == true)
        try await transport.shutdown()
        try await server.shutdown()
    }
}
