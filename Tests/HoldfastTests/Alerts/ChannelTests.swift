// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Crypto
import Foundation
import Holdfast
import ObjectStorage
import SystemPackage
import TestSupport
import Testing

/// Channels against real receivers: a server on loopback, and programs.
@Suite struct ChannelTests {
    private static let now = Date(timeIntervalSince1970: 1_800_000_000)
    private static let notice = AlertNotice(
        .raised,
        Alert(
            AlertFinding(.backupFailed, of: "photos", named: "plan photos", .critical, "no route\n\"here\""), at: now))

    private func answer(_ status: String) -> @Sendable (ScriptedHTTPServer.Request) -> [ScriptedHTTPServer.Step] {
        { _ in [.send("HTTP/1.1 \(status)\r\ncontent-length: 2\r\n\r\nok")] }
    }

    private func header(_ name: String, of request: ScriptedHTTPServer.Request) -> String? {
        let lines = String(decoding: request.head, as: UTF8.self).components(separatedBy: "\r\n")
        return lines.first { $0.lowercased().hasPrefix("\(name):") }.map {
            String($0.dropFirst(name.count + 1)).trimmingCharacters(in: .whitespaces)
        }
    }

    @Test("A webhook is told once, and can check who told it and when")
    func webhook() async throws {
        try await ScriptedHTTPServer.with(script: answer("204 No Content")) { server in
            let channel = try WebhookChannel(
                Secret("http://127.0.0.1:\(server.port)/hooks/a%20b?x=1&y=%2F"), form: .json(secret: Secret("s3cret")))
            try await channel.send(Self.notice, at: Self.now)
            let request = try #require(server.requests.first)
            #expect(server.requests.count == 1)
            #expect(request.line == "POST /hooks/a%20b?x=1&y=%2F")
            #expect(header("content-type", of: request) == "application/json")
            #expect(header("host", of: request) == "127.0.0.1:\(server.port)")
            #expect(header("x-holdfast-timestamp", of: request) == "1800000000")
            // As a receiver does it.
            let code = HMAC<SHA256>.authenticationCode(
                for: Data("1800000000.".utf8) + Data(request.body), using: SymmetricKey(data: Data("s3cret".utf8)))
            let hex = code.map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
            #expect(header("x-holdfast-signature", of: request) == "sha256=\(hex)")
            let body = try #require(try JSONSerialization.jsonObject(with: Data(request.body)) as? [String: Any])
            #expect(body["event"] as? String == "raised")
            #expect((body["alert"] as? [String: Any])?["alert_id"] as? String == "backup_failed_photos")
            #expect(channel.label == "webhook at 127.0.0.1")
        }
    }

    @Test("Without a secret there is no signature; Slack gets what Slack reads")
    func plain() async throws {
        try await ScriptedHTTPServer.with(script: answer("200 OK")) { server in
            let address = Secret("http://127.0.0.1:\(server.port)")
            try await WebhookChannel(address, form: .json(secret: nil)).send(Self.notice, at: Self.now)
            try await WebhookChannel(address, form: .slack).send(Self.notice, at: Self.now)
            let requests = server.requests
            #expect(requests.count == 2 && requests.allSatisfy { $0.line == "POST /" })
            #expect(requests.allSatisfy { header("x-holdfast-signature", of: $0) == nil })
            let body = try JSONDecoder().decode([String: String].self, from: Data(requests[1].body))
            #expect(body == ["text": "CRITICAL plan photos: no route\n\"here\""])
        }
    }

    @Test(
        "What is not taken is an error, and a redirect is not followed",
        arguments: ["500 Oops", "404 Not Found", "302 Found\r\nlocation: http://127.0.0.1:1/"])
    func refused(_ status: String) async throws {
        try await ScriptedHTTPServer.with(script: answer(status)) { server in
            let channel = try WebhookChannel(
                Secret("http://127.0.0.1:\(server.port)/secret-path"), form: .json(secret: nil))
            let error = await #expect(throws: HoldfastError.self) { try await channel.send(Self.notice, at: Self.now) }
            #expect(error?.message.contains("answered \(status.prefix(3))") == true)
            #expect(error?.description.contains("secret-path") == false)
            #expect(server.requests.count == 1)
        }
    }

    @Test("Nobody there is an error")
    func gone() async throws {
        let port = try await ScriptedHTTPServer.with(script: answer("200 OK")) { $0.port }
        let channel = try WebhookChannel(Secret("http://127.0.0.1:\(port)/secret-path"), form: .slack)
        let error = await #expect(throws: (any Error).self) { try await channel.send(Self.notice, at: Self.now) }
        #expect(error.map { "\($0)".contains("secret-path") } == false)
    }

    @Test(arguments: [
        "", "example.org", "ftp://example.org/", "http://", "http://a:b@example.org/", "http://h:99999/", "file:///x",
    ])
    func addresses(_ text: String) {
        #expect(throws: HoldfastError.self) { try WebhookChannel(Secret(text), form: .slack) }
    }

    @Test("A program gets the notice on standard input, its arguments as they are, and no keys")
    func command() async throws {
        try await withTemporaryDirectory { directory in
            let output = directory.appending("heard").string
            let channel = try CommandChannel([
                "/bin/sh", "-c", "cat > \"$1\"; env >> \"$1\"; echo \"$2\" >> \"$1\"", "sh", output, "$(id); 'x'",
            ])
            try await channel.send(Self.notice, at: Self.now)
            let text = try String(contentsOfFile: output, encoding: .utf8)
            let line = try #require(text.split(separator: "\n").first)
            let body = try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
            #expect((body["alert"] as? [String: Any])?["service_id"] as? String == "photos")
            #expect(text.contains("HOLDFAST_EVENT=raised") && text.hasSuffix("$(id); 'x'\n"))
            #expect(!text.contains("HOME=") && !text.contains("HOLDFAST_TEST"))
        }
    }

    @Test("A program that fails, hangs, reads nothing, or is not there")
    func badCommands() async throws {
        func send(_ arguments: [String], limit: Duration = .seconds(20)) async -> String? {
            do {
                try await CommandChannel(arguments, limit: limit).send(Self.notice, at: Self.now)
                return nil
            } catch {
                return (error as? HoldfastError)?.message ?? "\(error)"
            }
        }
        #expect(await send(["/bin/sh", "-c", "exit 3"]) == "command /bin/sh ended with exit code 3.")
        #expect(await send(["/bin/sh", "-c", "kill -9 $$"]) == "command /bin/sh ended with signal 9.")
        #expect(await send(["/bin/true"]) == nil)
        #expect(await send(["/not/there"])?.hasPrefix("command /not/there cannot be started") == true)
        let began = ContinuousClock.now
        #expect(await send(["/bin/sleep", "600"], limit: .milliseconds(50))?.contains("was killed") == true)
        #expect(ContinuousClock.now - began < .seconds(60))
        #expect(throws: HoldfastError.self) { try CommandChannel([]) }
        #expect(throws: HoldfastError.self) { try CommandChannel(["page"]) }
    }
}
