// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Crypto
package import Foundation
import NIOCore
import NIOPosix
package import ObjectStorage
import Streams

/// Posts notices to an address, signed, or in the words of a Slack webhook.
package struct WebhookChannel: NotificationChannel {
    /// What the body is.
    package enum Form: Sendable {
        /// `{"event", "text", "alert"}`. With a secret, `x-holdfast-signature` is `sha256=` and the HMAC-SHA256 in hex of
        /// `x-holdfast-timestamp` (seconds since 1970), a dot, and the body.
        case json(secret: Secret?)
        /// `{"text"}`
        case slack
    }

    private let host: String
    private let port: Int
    private let isTLS: Bool
    /// Path and query. Where Slack's addresses keep their secret.
    private let target: Secret
    private let form: Form

    /// Whoever is told has so long to answer.
    private static let limit: Duration = .seconds(10)

    /// - Throws: ``HoldfastError`` `.invalidConfiguration` when the address is none. It never repeats it: it may be a secret.
    package init(_ address: Secret, form: Form) throws {
        guard let parts = URLComponents(string: address.reveal()), let host = parts.host, !host.isEmpty,
            let scheme = parts.scheme?.lowercased(), ["http", "https"].contains(scheme), parts.user == nil,
            parts.fragment == nil, (1...65_535).contains(parts.port ?? 1)
        else {
            throw HoldfastError(
                .invalidConfiguration, "The address of a webhook makes no sense.",
                hint: "Write http:// or https://, a host, and a path.")
        }
        self.host = host.hasPrefix("[") ? String(host.dropFirst().dropLast()) : host
        isTLS = scheme == "https"
        port = parts.port ?? (isTLS ? 443 : 80)
        let path = parts.percentEncodedPath.isEmpty ? "/" : parts.percentEncodedPath
        target = Secret(parts.percentEncodedQuery.map { "\(path)?\($0)" } ?? path)
        self.form = form
    }

    package var label: String {
        switch form {
        case .json: "webhook at \(host)"
        case .slack: "Slack at \(host)"
        }
    }

    package func send(_ notice: AlertNotice, at now: Date) async throws {
        let body: Data
        var headers = [
            Field("host", authority), Field("content-type", "application/json"),
            Field("user-agent", "holdfast/\(HoldfastVersion.current)"),
        ]
        switch form {
        case .slack: body = try ReportJSON.encoder.encode(["text": notice.words])
        case .json(let secret):
            body = try ReportJSON.encoder.encode(NoticeDocument(notice))
            let stamp = String(Int64(now.timeIntervalSince1970))
            headers.append(Field("x-holdfast-timestamp", stamp))
            if let secret {
                headers.append(Field("x-holdfast-signature", Self.signature(of: body, stamp, secret)))
            }
        }
        try await post(body, headers)
    }

    private static func signature(of body: Data, _ stamp: String, _ secret: Secret) -> String {
        let key = SymmetricKey(data: Array(secret.reveal().utf8))
        let code = HMAC<SHA256>.authenticationCode(for: Array("\(stamp).".utf8) + Array(body), using: key)
        return "sha256=\(Hex.text(code))"
    }

    private var authority: String {
        let name = host.contains(":") ? "[\(host)]" : host
        return port == (isTLS ? 443 : 80) ? name : "\(name):\(port)"
    }

    private func post(_ body: Data, _ headers: [Field]) async throws {
        var options = HTTPTransportOptions()
        (options.connectTimeout, options.requestTimeout) = (Self.limit, Self.limit)
        // A client for each notice: they are rare, and an idle connection would be closed by then.
        let transport = try AsyncHTTPClientTransport(
            eventLoopGroup: MultiThreadedEventLoopGroup.singleton, options: options)
        let outcome: Result<Int, any Error>
        do {
            let response = try await transport.send(
                WireRequest(
                    method: "POST", host: host, port: port, isTLS: isTLS, target: target.reveal(), headers: headers,
                    body: ReplayableBody(ByteBuffer(bytes: body)), wholeUpTo: 64 << 10))
            outcome = .success(response.status)
        } catch {
            outcome = .failure(error)
        }
        try? await transport.shutdown()
        let status = try outcome.get()
        guard (200..<300).contains(status) else {
            throw HoldfastError(.failed, "\(label) answered \(status).")
        }
    }
}
