// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import NIOCore
import NIOPosix
import NIOSSL

/// The TLS settings of a transport, made when the first connection needs them: reading the system's certificates
/// takes a while and happens off the event loop.
final class LeanTLS {
    private let certificateAuthorities: String?
    private var made: EventLoopFuture<NIOSSLContext>?

    init(certificateAuthorities: String?) {
        self.certificateAuthorities = certificateAuthorities
    }

    func context(on loop: any EventLoop) -> EventLoopFuture<NIOSSLContext> {
        if let made { return made }
        let file = certificateAuthorities
        let future = NIOThreadPool.singleton.runIfActive(eventLoop: loop) {
            var configuration = TLSConfiguration.makeClientConfiguration()
            configuration.applicationProtocols = ["http/1.1"]
            if let file {
                do {
                    let certificates = try NIOSSLCertificate.fromPEMFile(file)
                    guard !certificates.isEmpty else { throw NIOSSLError.failedToLoadCertificate }
                    configuration.additionalTrustRoots = [.certificates(certificates)]
                } catch {
                    throw ObjectStoreError(
                        .badRequest,
                        "the certificates in \(file) cannot be used (\(error)): it must be a readable PEM file")
                }
            }
            return try NIOSSLContext(configuration: configuration)
        }
        made = future
        // The file may be mended meanwhile.
        future.assumeIsolated().whenFailure { _ in self.made = nil }
        return future
    }

    /// The name to send and to check; `nil` for an address, which TLS cannot name (RFC 6066 section 3).
    static func serverName(_ host: String) -> String? {
        (try? SocketAddress(ipAddress: host, port: 0)) == nil ? host : nil
    }
}
