// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Dispatch
import Foundation
import Holdfast
import Logging
import NIOCore
import NIOSSL
import Synchronization
package import SystemPackage

/// The certificate and the key that the service shows, PEM, read again when one of the files changes.
package final class TLSFiles: Sendable {
    private struct Loaded {
        let stamp: [Date]
        let chain: [NIOSSLCertificateSource]
        let key: NIOSSLPrivateKeySource
    }

    private let certificate: FilePath
    private let key: FilePath
    private let loaded: Mutex<Loaded>

    /// - Throws: ``HoldfastError`` `.invalidConfiguration` when a file cannot be read, or the two do not belong together.
    package init(certificate: FilePath, key: FilePath) throws {
        self.certificate = certificate
        self.key = key
        let first = try Self.load(certificate, key)
        loaded = Mutex(first)
        do {
            _ = try NIOSSLContext(configuration: Self.configuration(first))
        } catch {
            throw HoldfastError(
                .invalidConfiguration, "\(certificate) and \(key) cannot be used together: \(error)",
                hint: "The key must be that of the first certificate in the file.")
        }
    }

    /// TLS 1.3 alone. Each handshake looks whether the files are the same, on a thread that may wait for a disk; files
    /// that cannot be used leave what was in use.
    func configuration(_ logger: Logger) -> TLSConfiguration {
        var configuration = Self.configuration(loaded.withLock { $0 })
        configuration.sslContextCallback = { [self] _, promise in
            DispatchQueue.global().async {
                let current = self.current(logger)
                var change = NIOSSLContextConfigurationOverride()
                change.certificateChain = current.chain
                change.privateKey = current.key
                promise.succeed(change)
            }
        }
        return configuration
    }

    private static func configuration(_ loaded: Loaded) -> TLSConfiguration {
        var configuration = TLSConfiguration.makeServerConfiguration(
            certificateChain: loaded.chain, privateKey: loaded.key)
        configuration.minimumTLSVersion = .tlsv13
        return configuration
    }

    private func current(_ logger: Logger) -> Loaded {
        loaded.withLock { loaded in
            guard Self.stamp(certificate, key) != loaded.stamp else { return loaded }
            do {
                let new = try Self.load(certificate, key)
                _ = try NIOSSLContext(configuration: Self.configuration(new))
                loaded = new
                logger.info("the certificate was read again", metadata: ["file": "\(certificate)"])
            } catch {
                logger.error("the new certificate cannot be used: \(error)", metadata: ["file": "\(certificate)"])
            }
            return loaded
        }
    }

    private static func load(_ certificate: FilePath, _ key: FilePath) throws -> Loaded {
        let stamp = stamp(certificate, key)
        do {
            return Loaded(
                stamp: stamp,
                chain: try NIOSSLCertificate.fromPEMFile(certificate.string).map { .certificate($0) },
                key: .privateKey(try NIOSSLPrivateKey(file: key.string, format: .pem)))
        } catch {
            throw HoldfastError(
                .invalidConfiguration, "The certificate \(certificate) or its key \(key) cannot be read: \(error)",
                hint: "Both are PEM files that this user may read.")
        }
    }

    /// When the files were last changed.
    private static func stamp(_ files: FilePath...) -> [Date] {
        files.map { file in
            let attributes = try? FileManager.default.attributesOfItem(atPath: file.string)
            return attributes?[.modificationDate] as? Date ?? .distantPast
        }
    }
}
