// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Holdfast
import Hummingbird
import HummingbirdTesting
import Logging
import NIOCore
import Streams
import SystemPackage
import Testing

@testable import HoldfastServer

@Suite("Health checks")
struct HealthTests {
    private func run(_ copies: [any VaultCopy]) throws -> some ApplicationProtocol {
        let router = Router(context: ServiceContext.self)
        router.add(middleware: KnownRequester())
        HealthRoutes(
            readiness: VaultReadiness(vault: Vault(copies: copies)),
            services: SystemServices(now: { Date(timeIntervalSince1970: 0) })
        ).add(to: router)
        return Application(responder: router.buildResponder())
    }

    private func get(_ path: String, of copies: [any VaultCopy]) async throws -> (status: Int, body: String) {
        try await run(copies).test(.router) { client in
            try await client.execute(uri: path, method: .get) { response in
                (response.status.code, String(buffer: response.body))
            }
        }
    }

    @Test("/health tells the time and the version")
    func health() async throws {
        let answer = try await get("/health", of: [])
        #expect(answer.status == 200)
        #expect(
            answer.body
                == #"{"service":"holdfast","status":"healthy","timestamp":"1970-01-01T00:00:00","version":"\#(HoldfastVersion.current)"}"#
        )
    }

    @Test("/health/live answers whatever the vault does")
    func live() async throws {
        let answer = try await get("/health/live", of: [BrokenCopy()])
        #expect(answer.status == 200 && answer.body == #"{"status":"alive"}"#)
    }

    @Test("One copy that can be listed is enough to be ready, and the other is named")
    func ready() async throws {
        let directory = DirectoryCopy(
            FilePath(FileManager.default.temporaryDirectory.path + "/holdfast-none-\(UUID())"))
        let answer = try await get("/health/ready", of: [BrokenCopy(), directory])
        #expect(answer.status == 200)
        #expect(answer.body.contains(#"{"copy":"broken","problem":"the disk is gone","ready":false}"#))
        #expect(answer.body.contains(#""ready":true"#) && answer.body.contains(#""status":"ready""#))
    }

    @Test("Without any copy that can be listed it is not ready")
    func notReady() async throws {
        let answer = try await get("/health/ready", of: [BrokenCopy()])
        #expect(answer.status == 503)
        #expect(answer.body.contains(#""status":"not ready""#))
    }

    @Test("A copy that does not answer is not waited for")
    func silent() async throws {
        let readiness = VaultReadiness(vault: Vault(copies: [SilentCopy(), BrokenCopy()]), limit: .milliseconds(50))
        let answers = await readiness.ask()
        #expect(answers.map(\.copy) == ["silent", "broken"])
        #expect(answers.allSatisfy { !$0.ready })
        #expect(answers[0].problem?.contains("no answer") == true)
    }
}

/// Everybody is a viewer.
private struct KnownRequester: RouterMiddleware {
    @concurrent func handle(
        _ request: Request, context: ServiceContext,
        next: @concurrent (Request, ServiceContext) async throws -> Response
    ) async throws -> Response {
        var context = context
        context.requester = Requester(name: "viewer", role: .viewer)
        return try await next(request, context)
    }
}

/// A copy whose place is lost.
private struct BrokenCopy: VaultCopyDouble {
    var label: String { "broken" }
    func archives() async throws -> [StoredArchive] { throw HoldfastError(.unreachable, "the disk is gone") }
}

/// A copy that never answers, until it is given up.
private struct SilentCopy: VaultCopyDouble {
    var label: String { "silent" }
    func archives() async throws -> [StoredArchive] {
        try await Task.sleep(for: .seconds(3600))
        return []
    }
}

/// A copy of which only the listing is asked for.
private protocol VaultCopyDouble: VaultCopy {}

extension VaultCopyDouble {
    private func refuse() -> HoldfastError { HoldfastError(.failed, "only listings are asked for") }
    func prepare() async throws { throw refuse() }
    func open(_ file: ArchiveFile) async throws -> (any RandomAccessBytes)? { throw refuse() }
    func beginArchive(_ file: ArchiveFile) async throws -> any ArchiveSink { throw refuse() }
    func beginReplacement(of file: ArchiveFile) async throws -> any ArchiveSink { throw refuse() }
    func replaceFront(of file: ArchiveFile, upTo end: Int64, with front: ByteBuffer) async throws { throw refuse() }
    func remove(_ file: ArchiveFile) async throws -> Bool { throw refuse() }
    func resumeArchive(_ file: ArchiveFile, from checkpoint: SinkCheckpoint) async throws -> any ArchiveSink {
        throw refuse()
    }
    func unfinished(_ file: ArchiveFile, upTo length: Int64) async throws -> (any RandomAccessBytes)? { throw refuse() }
    func removeLeftovers(
        keeping files: Set<String>, isAlive: @Sendable (BackupName) async throws -> Bool
    ) async throws -> [String] {
        throw refuse()
    }
    func files(in folder: String) async throws -> [String] { throw refuse() }
    func createFile(_ path: String, _ content: ByteBuffer) async throws -> Bool { throw refuse() }
    func replaceFile(_ path: String, _ content: ByteBuffer) async throws { throw refuse() }
    func readFile(_ path: String) async throws -> ByteBuffer? { throw refuse() }
    func removeFile(_ path: String) async throws { throw refuse() }
}
