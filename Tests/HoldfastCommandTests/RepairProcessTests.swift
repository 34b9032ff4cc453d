// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Holdfast
import NIOCore
import ObjectStorage
import Streams
import SystemPackage
import TestSupport
import Testing

/// The program makes an archive whole that is damaged in every copy, of another backup of the same objects.
@Suite(.serialized, .enabled(if: TestServer.expected.contains { $0.name == "seaweedfs" }))
struct RepairProcessTests {
    private static let source = "repair-source"

    @Test func anotherBackupGivesBackWhatEveryCopyLost() async throws {
        try await HoldfastProcess.with(source: Self.source, objects: 3, size: 1_500_000) { program in
            let file = ObjectKey("buckets/one.tar.gz")
            let local = URL(fileURLWithPath: program.directory.appending("vault/buckets/one.tar.gz").string)
            for arguments in [["--name", "one"], ["--name", "two", "--full"]] {
                let made = try await program.run(["backup", Self.source, "--quiet"] + arguments)
                #expect(made.status == 0, "\(made.errors)")
            }
            let whole = try Data(contentsOf: local)
            func damage() async throws {
                var bytes = whole
                bytes[whole.count / 2] ^= 1
                try bytes.write(to: local)
                bytes[whole.count / 2] ^= 3
                let other = bytes
                try await program.withService { service in
                    _ = try await service.store(for: program.bucket).put(
                        file, ReplayableBody(ByteBuffer(bytes: other)), PutOptions())
                }
            }
            try await damage()
            #expect(try await program.run(["verify", "one", "--quiet"]).status == 6)
            let repaired = try await program.run(["repair", "one"])
            let text = String(decoding: repaired.output, as: UTF8.self)
            #expect(repaired.status == 0, "\(text) \(repaired.errors)")
            #expect(text.contains("was replaced from") && text.contains(" and two.tar.gz"), "\(text)")
            #expect(try Data(contentsOf: local) == whole)
            try await program.withService { service in
                let stored = try await service.store(for: program.bucket).get(file, GetOptions())
                #expect(try await Data(stored.bytes.collect(upTo: 1 << 26).readableBytesView) == whole)
            }
            #expect(try await program.run(["verify", "one", "--quiet"]).status == 0)

            // With the other backup gone, what is lost is named.
            #expect(try await program.run(["delete", "two", "--yes"]).status == 0)
            try await damage()
            let lost = try await program.run(["repair", "one"])
            #expect(lost.status == 6)
            #expect(String(decoding: lost.output, as: UTF8.self).contains("LOST in one: "))
        }
    }
}
