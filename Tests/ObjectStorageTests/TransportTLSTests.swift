// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import NIOCore
import NIOPosix
import Streams
import Testing

@testable import ObjectStorage

@Suite(.timeLimit(.minutes(1))) struct TransportTLSTests {
    private static let group = MultiThreadedEventLoopGroup.singleton

    /// Sends one request to a server with `pair`, or to one without TLS.
    private func ask(
        _ pair: TestCertificates.Pair?, host: String, trusting file: String?, isTLS: Bool = true
    ) async throws -> WireResponse {
        let server = try await ScriptedServer.start(on: Self.group, tls: try pair?.serverContext()) { _ in
            .send("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok")
        }
        var options = HTTPTransportOptions()
        options.certificateAuthorities = file
        options.idleTimeout = .seconds(2)
        let transport = try AsyncHTTPClientTransport(eventLoopGroup: Self.group, options: options)
        let request = WireRequest(
            method: "GET", host: host, port: server.port, isTLS: isTLS, target: "/", headers: [Field("host", host)])
        let result: Result<WireResponse, any Error>
        do {
            result = .success(try await transport.send(request))
        } catch {
            result = .failure(error)
        }
        try await transport.shutdown()
        try await server.stop()
        return try result.get()
    }

    @Test(arguments: ["localhost", "127.0.0.1"])
    func trustsTheAuthorityThatIsNamed(_ host: String) async throws {
        try await TestCertificates.local.withPEMFile { file in
            let response = try await ask(TestCertificates.local, host: host, trusting: file)
            #expect(response.body.whole == ByteBuffer(string: "ok"))
        }
    }

    @Test func doesNotTrustOthers() async throws {
        let error = await storeError { _ = try await ask(TestCertificates.local, host: "localhost", trusting: nil) }
        #expect(error?.code == .unreachable)
        #expect(error?.message.contains("is not trusted") == true, "\(error?.message ?? "no error")")
        #expect(error?.message.contains("localhost:") == true)
    }

    @Test func doesNotTakeAnotherNamesCertificate() async throws {
        try await TestCertificates.elsewhere.withPEMFile { file in
            let error = await storeError {
                _ = try await ask(TestCertificates.elsewhere, host: "localhost", trusting: file)
            }
            #expect(error?.code == .unreachable)
            #expect(error?.message.contains("is for another name") == true, "\(error?.message ?? "no error")")
        }
    }

    @Test func saysWhenOneSideSpeaksNoTLS() async throws {
        let plainServer = await storeError { _ = try await ask(nil, host: "127.0.0.1", trusting: nil) }
        #expect(plainServer?.code == .unreachable)
        #expect(plainServer?.message.contains("does not speak TLS") == true, "\(plainServer?.message ?? "no error")")
        let plainClient = await storeError {
            _ = try await ask(TestCertificates.local, host: "127.0.0.1", trusting: nil, isTLS: false)
        }
        #expect(plainClient?.isTransient == true, "\(String(describing: plainClient))")
    }

    @Test func refusesAFileWithoutCertificates() async throws {
        let error = await storeError { _ = try await ask(nil, host: "127.0.0.1", trusting: "/nonexistent.pem") }
        #expect(error?.code == .badRequest)
        #expect(error?.message.contains("/nonexistent.pem") == true)
    }
}
