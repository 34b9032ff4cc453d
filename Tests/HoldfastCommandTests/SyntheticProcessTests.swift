// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Holdfast
import NIOCore
import ObjectStorage
import Streams
import TestSupport
import Testing

/// The program makes a full backup of the vault alone.
@Suite(.serialized, .enabled(if: TestServer.expected.contains { $0.name == "seaweedfs" }))
struct SyntheticProcessTests {
    private static let source = "synthetic-source"

    /// Nothing listens there: whoever asks the source fails.
    private static let nowhere = ["--endpoint", "http://127.0.0.1:1"]

    /// What the report says, in part.
    private struct Made: Decodable {
        let complete: Bool
        let storedCount: Int
        let dependsOn: [String]
        let syntheticOf: String?
        let copies: [String]
    }

    @Test func theSourceIsNotAsked() async throws {
        try await HoldfastProcess.with(source: Self.source, objects: 3, size: 300) { program in
            #expect(try await program.run(["backup", Self.source, "--name", "mon", "--quiet"]).status == 0)
            try await program.withService { service in
                _ = try await service.store(for: Self.source).put(
                    ObjectKey("new"), ReplayableBody(ByteBuffer(string: "new")), PutOptions())
            }
            #expect(try await program.run(["backup", Self.source, "--name", "tue", "--quiet"]).status == 0)
            let asking = try await program.run(["backup", Self.source, "--full"] + Self.nowhere)
            #expect(asking.status == 1, "\(asking.errors)")

            let made = try await program.run(
                ["backup", Self.source, "--synthetic-full", "--name", "whole", "--json"] + Self.nowhere)
            #expect(made.status == 0, "\(made.errors)")
            let report = try HoldfastProcess.decode(Made.self, made)
            #expect(report.complete && report.storedCount == 4 && report.dependsOn.isEmpty)
            #expect(report.syntheticOf == "tue.tar.gz" && report.copies.count == 2)
            let verified = try await program.run(["verify", "whole", "--quiet"] + Self.nowhere)
            #expect(verified.status == 0, "\(verified.errors)")
            let twice = try await program.run(
                ["backup", Self.source, "--synthetic-full", "--name", "whole"] + Self.nowhere)
            #expect(twice.status == 5)
            let none = try await program.run(["backup", "other", "--synthetic-full"] + Self.nowhere)
            #expect(none.status == 4)
        }
    }
}
