// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import SystemPackage
import Testing

@testable import Holdfast

@Suite("Lists that are asked for again")
struct KnownMetadataTests {
    @Test("An archive that is the same is not read again, and another file under its name is")
    func known() async throws {
        try await Scene.with { scene in
            try await scene.store.put("a", [1, 2, 3])
            let vault = Vault(copies: [scene.directoryCopy])
            try await scene.backUp(to: vault)
            let file = scene.archives.appending("first.tar.gz").string
            // Whole seconds: others are not set back to what they were.
            let date = Date(timeIntervalSince1970: 1_790_000_000)
            try FileManager.default.setAttributes([.modificationDate: date], ofItemAtPath: file)
            let known = KnownMetadata()
            func list() async throws -> BackupSummary {
                let list = BackupList(vault: vault, environment: scene.environment, known: known)
                return try #require(try await list.read().backups.first)
            }
            let first = try await list()
            #expect(first.bucket == Scene.bucket && first.objectCount == 1 && first.problem == nil)

            // Its bytes are gone, and nothing that a listing shows has changed: who asks again reads nothing.
            let whole = try #require(FileManager.default.contents(atPath: file))
            try Data(count: whole.count).write(to: URL(fileURLWithPath: file))
            try FileManager.default.setAttributes([.modificationDate: date], ofItemAtPath: file)
            let again = try await list()
            #expect(again.objectCount == 1 && again.problem == nil && again.dependsOn == [])

            try FileManager.default.setAttributes([.modificationDate: date + 1], ofItemAtPath: file)
            let other = try await list()
            #expect(other.bucket == nil && other.objectCount == nil)
        }
    }
}
