// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import FoundationNetworking
import Glibc
import Holdfast
import SystemPackage
import TestSupport
import Testing

/// The service as it is run: started, asked, stopped or killed, and started again.
@Suite(.serialized, .enabled(if: TestServer.expected.contains { $0.name == "seaweedfs" }))
struct ServeProcessTests {
    private static let source = "serve-source"

    /// A running service and the way to it.
    private struct Service {
        let url: String
        let token: String?
        let process: pid_t

        /// - Returns: the status, and the JSON object of the answer.
        func ask(_ method: String, _ path: String, token: String, body: String? = nil) async throws -> (
            status: Int, json: [String: Any]
        ) {
            var request = URLRequest(url: try #require(URL(string: url + path)))
            request.httpMethod = method
            request.setValue("Bearer \(token)", forHTTPHeaderField: "Authorization")
            request.httpBody = body.map { Data($0.utf8) }
            let (data, response) = try await URLSession.shared.data(for: request)
            let status = try #require(response as? HTTPURLResponse).statusCode
            return (status, try JSONSerialization.jsonObject(with: data) as? [String: Any] ?? [:])
        }
    }

    /// Starts a service, runs `body`, sends the signal and waits for the end.
    private func withService(
        _ program: HoldfastProcess, _ arguments: [String] = [], endedBy signal: Int32,
        _ body: @escaping @Sendable (Service) async throws -> Void
    ) async throws -> HoldfastProcess.Outcome {
        let earlier = Set(Self.errorFiles(of: program))
        let started = Guarded<pid_t?>(nil)
        async let outcome = program.run(
            ["serve", "--listen", "127.0.0.1:0"] + arguments, started: { pid in started.with { $0 = pid } })
        var said = ""
        while !said.contains("Listening at ") {
            try await Task.sleep(for: .milliseconds(20))
            for file in Self.errorFiles(of: program) where !earlier.contains(file) {
                said = (try? String(contentsOfFile: file, encoding: .utf8)) ?? ""
            }
        }
        let process = try #require(started.value)
        let url = try #require(said.firstMatch(of: /Listening at (\S+)/)?.1)
        let token = said.firstMatch(of: /holdfast_[0-9a-f]+_[0-9a-f]+/)?.0
        do {
            try await body(Service(url: String(url), token: token.map(String.init), process: process))
        } catch {
            kill(process, SIGKILL)
            throw error
        }
        kill(process, signal)
        return try await outcome
    }

    private static func errorFiles(of program: HoldfastProcess) -> [String] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: program.directory.string)) ?? []
        return names.filter { $0.hasPrefix("err-") }.map { program.directory.appending($0).string }
    }

    @Test(
        "What was going on when the service ended is found interrupted, and made up for", arguments: [SIGKILL, SIGTERM])
    func ended(by signal: Int32) async throws {
        try await HoldfastProcess.with(source: Self.source, objects: 20, size: 50_000) { program in
            let token = Guarded("")
            let run = Guarded("")
            let first = try await withService(program, ["--limit-download", "100K"], endedBy: signal) { service in
                token.with { $0 = service.token ?? "" }
                let begun = try await service.ask(
                    "POST", "/v1/runs", token: token.value, body: #"{"kind": "backup", "bucket": "\#(Self.source)"}"#)
                #expect(begun.status == 202)
                run.with { $0 = begun.json["id"] as? String ?? "" }
                var done = 0
                while done == 0 {
                    try await Task.sleep(for: .milliseconds(20))
                    let now = try await service.ask("GET", "/v1/runs/\(run.value)", token: token.value)
                    try #require(now.json["state"] as? String == "running")
                    done = (now.json["progress"] as? [String: Any])?["objects_done"] as? Int ?? 0
                }
            }
            #expect(first.status == (signal == SIGKILL ? -SIGKILL : 0), "\(first.errors)")
            #expect(try await program.backups().isEmpty)

            let second = try await withService(program, endedBy: SIGTERM) { service in
                // It has a token by now.
                #expect(service.token == nil)
                let old = try await service.ask("GET", "/v1/runs/\(run.value)", token: token.value)
                #expect(old.json["state"] as? String == "interrupted", "\(old.json)")
                let again = try await service.ask(
                    "POST", "/v1/runs", token: token.value, body: #"{"kind": "backup", "bucket": "\#(Self.source)"}"#)
                let id = try #require(again.json["id"] as? String)
                var state = "running"
                while state == "running" {
                    try await Task.sleep(for: .milliseconds(20))
                    let now = try await service.ask("GET", "/v1/runs/\(id)", token: token.value)
                    state = now.json["state"] as? String ?? ""
                }
                #expect(state == "complete")
            }
            #expect(second.status == 0, "\(second.errors)")
            #expect(try await program.backups().map(\.complete) == [true])
            try await program.expectInvariants("after signal \(signal)")
        }
    }

    @Test("The first token is shown once, and nobody comes in without one")
    func firstToken() async throws {
        try await HoldfastProcess.with(source: Self.source, objects: 1, size: 10) { program in
            let outcome = try await withService(program, endedBy: SIGINT) { service in
                let stranger = try await service.ask("GET", "/v1/backups", token: "none")
                let bearer = try await service.ask("GET", "/v1/backups", token: service.token ?? "")
                #expect(stranger.status == 401 && bearer.status == 200)
                let second = try await program.run(["serve", "--listen", "127.0.0.1:0"])
                #expect(second.status == 5 && second.errors.contains("Another holdfast serve"), "\(second.errors)")
            }
            #expect(outcome.status == 0)
            // Once, and not where it could be read again.
            #expect(outcome.errors.contains("it is not shown again") && outcome.output.isEmpty)
            #expect(try await program.run(["backup", Self.source]).status == 0)
            let list = try await program.run(["token", "list"])
            #expect(String(decoding: list.output, as: UTF8.self).contains("first  admin"))
            let refused = try await program.run(["serve", "--listen", "0.0.0.0:8090"])
            #expect(refused.status == 2 && refused.errors.contains("is not a loopback address"))
        }
    }

    @Test("With a certificate it speaks TLS 1.3, and takes another one when the files change")
    func encrypted() async throws {
        try await HoldfastProcess.with(source: Self.source, objects: 1, size: 10) { program in
            #expect(try await program.run(["backup", Self.source]).status == 0)
            @Sendable func makeCertificate(_ name: String) async throws {
                let files = ["key.pem", "cert.pem"].map { program.directory.appending($0).string }
                let made = try await program.launch(
                    "/usr/bin/openssl",
                    [
                        "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days",
                        "2", "-subj", "/CN=\(name)", "-keyout", files[0], "-out", files[1],
                    ], [:])
                #expect(made.status == 0, "\(made.errors)")
            }
            /// What a client is shown, in OpenSSL's words.
            @Sendable func shown(_ url: String, _ version: String) async throws -> String {
                let place = url.replacing("https://", with: "")
                let outcome = try await program.launch(
                    "/usr/bin/openssl", ["s_client", "-connect", place, version, "-brief"], [:])
                return outcome.errors
            }
            try await makeCertificate("first")
            let directory = program.directory
            let arguments = [
                "--tls-certificate", directory.appending("cert.pem").string, "--tls-key",
                directory.appending("key.pem").string,
            ]
            let addresses = Guarded("")
            _ = try await withService(program, arguments, endedBy: SIGTERM) { service in
                addresses.with { $0 = service.url }
                let first = try await shown(service.url, "-tls1_3")
                #expect(first.contains("CN = first") && first.contains("TLSv1.3"), "\(first)")
                let old = try await shown(service.url, "-tls1_2")
                #expect(!old.contains("CONNECTION ESTABLISHED"), "\(old)")
                try await makeCertificate("second")
                let second = try await shown(service.url, "-tls1_3")
                #expect(second.contains("CN = second"), "\(second)")
                try Data("nonsense".utf8).write(to: URL(fileURLWithPath: directory.appending("cert.pem").string))
                let kept = try await shown(service.url, "-tls1_3")
                #expect(kept.contains("CN = second"), "\(kept)")
            }
            #expect(addresses.value.hasPrefix("https://127.0.0.1:"))
            let alone = try await program.run(["serve", "--tls-certificate", arguments[1]])
            #expect(alone.status == 2 && alone.errors.contains("belong together"))
            let broken = try await program.run(["serve"] + arguments)
            #expect(broken.status == 2 && broken.errors.contains("cannot be read"), "\(broken.errors)")
        }
    }
}
