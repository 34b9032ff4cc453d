// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import NIOSSL

/// Self-signed certificates for servers on loopback, valid from 2020 to 2120. Made for these tests; they protect
/// nothing.
enum TestCertificates {
    /// For `localhost` and `127.0.0.1`.
    static let local = Pair(
        key: """
            MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgQi1PlJaLFYMETfXRr2uQL3lRp+DtPFVOsgzRd+ykBeKhRANCAAQq
            GHnlkkzRwR+7G0bjSpnhDK3E4fbseEMwmHYPPhpsfz08tWd3HPriEa9rcwZIBcoqKicsUb30PPs4rbvo+k9C
            """,
        certificate: """
            MIIBcDCCARWgAwIBAgIBATAKBggqhkjOPQQDAjAYMRYwFAYDVQQDDA1Ib2xkZmFzdCB0ZXN0MCAXDTIwMDEwMTAwMDAwMFoYDzIx
            MjAwMTAxMDAwMDAwWjAYMRYwFAYDVQQDDA1Ib2xkZmFzdCB0ZXN0MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEKhh55ZJM0cEf
            uxtG40qZ4QytxOH27HhDMJh2Dz4abH89PLVndxz64hGva3MGSAXKKionLFG99Dz7OK276PpPQqNOMEwwGgYDVR0RBBMwEYIJbG9j
            YWxob3N0hwR/AAABMA8GA1UdEwEB/wQFMAMBAf8wHQYDVR0OBBYEFNn+8rq4dmZ2txSj+BWokWeND8fBMAoGCCqGSM49BAMCA0kA
            MEYCIQDOofTdbtjbMv43hBWSQs+j0Pk8V59HTMohLS4krnriTgIhAP/TmnI/HhXlPxzqF+fpWM3cSgpWWSsa3umCSk4A2K4/
            """)

    /// For `elsewhere.test`.
    static let elsewhere = Pair(
        key: """
            MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg61qXLTsKYwhQ6JT3sxNZd2fkR02X92DQfRZxZSfdnQ+hRANCAAQa
            H4gfKRXWJXcUJB4pdTJZwWTAVuusPolcHKtoSTxFLzVvHyH5A7jEbdk7TxGfactNiphliyvPsWRY4a+IGdgI
            """,
        certificate: """
            MIIBbzCCARSgAwIBAgIBATAKBggqhkjOPQQDAjAYMRYwFAYDVQQDDA1Ib2xkZmFzdCB0ZXN0MCAXDTIwMDEwMTAwMDAwMFoYDzIx
            MjAwMTAxMDAwMDAwWjAYMRYwFAYDVQQDDA1Ib2xkZmFzdCB0ZXN0MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEGh+IHykV1iV3
            FCQeKXUyWcFkwFbrrD6JXByraEk8RS81bx8h+QO4xG3ZO08Rn2nLTYqYZYsrz7FkWOGviBnYCKNNMEswGQYDVR0RBBIwEIIOZWxz
            ZXdoZXJlLnRlc3QwDwYDVR0TAQH/BAUwAwEB/zAdBgNVHQ4EFgQUNu3JNcjgUcZ+NIrzgzmZyjXxLMIwCgYIKoZIzj0EAwIDSQAw
            RgIhALcfJva0DY/JFw3sHXnkT/4azKysyAepcNGzWHMhwDRnAiEA1mrVe1LdG0UzY81S81ylviTYywABx8MjRLmZsPLs7+E=
            """)

    struct Pair: Sendable {
        /// PKCS #8 in Base64.
        let key: String
        /// X.509 in Base64.
        let certificate: String

        func serverContext() throws -> NIOSSLContext {
            let chain = try NIOSSLCertificate(bytes: Array(decode(certificate)), format: .der)
            let privateKey = try NIOSSLPrivateKey(bytes: Array(decode(key)), format: .der)
            return try NIOSSLContext(
                configuration: .makeServerConfiguration(
                    certificateChain: [.certificate(chain)], privateKey: .privateKey(privateKey)))
        }

        /// Runs `body` with the path of a PEM file that holds the certificate.
        func withPEMFile<Result>(_ body: (String) async throws -> Result) async throws -> Result {
            let file = FileManager.default.temporaryDirectory.appendingPathComponent(
                "holdfast-\(UUID().uuidString).pem")
            try Data("-----BEGIN CERTIFICATE-----\n\(certificate)\n-----END CERTIFICATE-----\n".utf8).write(to: file)
            defer { try? FileManager.default.removeItem(at: file) }
            return try await body(file.path)
        }

        private func decode(_ text: String) -> Data {
            Data(base64Encoded: text, options: .ignoreUnknownCharacters) ?? Data()
        }
    }
}
