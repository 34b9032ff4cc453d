// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Catalog
import Foundation
import Holdfast
import NIOCore
import ObjectStorage
import SystemPackage
import TestSupport
import Testing

/// A host with public keys alone makes backups, knows what it made, and reads none of it back.
@Suite struct RecipientsOnlyTests {
    private let mine = TestIdentity()
    private let stranger = TestIdentity()

    @Test func itKnowsWhatItMade() async throws {
        try await Scene.with { scene in
            try await scene.fill(5)
            let report = try await scene.backUp(sealedTo: [mine])
            #expect(!report.warnings.contains { $0.contains("catalog") })
            let summary = try #require(try await scene.list(with: scene.environment).first)
            #expect(summary.sealed && summary.complete == true && summary.objectCount == 5)
            #expect(summary.bucket == Scene.bucket && summary.problem == nil)

            let backup = try await scene.open()
            #expect(try await backup.catalog.totals().stored == 5)
            #expect(backup.metadata?.storedCount == 5)
            #expect(backup.flaws.count == 1)
            let error = await expectError(.wrongKey) { _ = try await content("o01", of: backup) }
            #expect(error?.message.contains(mine.shortForm) == true)
        }
    }

    @Test func anotherHostKnowsNothing() async throws {
        try await Scene.with { scene in
            try await scene.fill(5)
            try await scene.backUp(sealedTo: [mine, stranger])
            let elsewhere = try scene.environment(opening: [], host: "elsewhere")
            let summary = try #require(try await scene.list(with: elsewhere).first)
            #expect(summary.sealed && summary.bucket == nil && summary.objectCount == nil && summary.problem == nil)
            #expect(summary.archiveBytes > 0)
            let error = await expectError(.wrongKey) { _ = try await scene.open(with: elsewhere) }
            #expect(error?.message.contains("2 recipients") == true)
            #expect(error?.message.contains("no identity was given") == true)
            #expect(error?.hint?.contains("--identity") == true)
        }
    }

    @Test func aWrongIdentityIsNamed() async throws {
        try await Scene.with { scene in
            try await scene.fill(2)
            try await scene.backUp(sealedTo: [mine])
            for host in ["state", "elsewhere"] {
                let wrong = try scene.environment(opening: [stranger], host: host)
                guard host == "elsewhere" else {
                    // Its own catalog it shows all the same.
                    #expect(try await scene.open(with: wrong).missingKey?.message.contains(stranger.shortForm) == true)
                    continue
                }
                let error = await expectError(.wrongKey) { _ = try await scene.open(with: wrong) }
                #expect(error?.message.contains(stranger.shortForm) == true)
                #expect(error?.message.contains("SECRET") == false)
                #expect(try await scene.list(with: wrong).first?.problem == nil)
            }
        }
    }

    @Test func anIdentityOpensItOnTheSameHost() async throws {
        try await Scene.with { scene in
            try await scene.fill(5)
            try await scene.backUp(sealedTo: [mine])
            let environment = try scene.environment(opening: [mine])
            #expect(try await content("o03", of: scene.open(with: environment)) == Array("o03".utf8))
            // A kept catalog that is damaged is no obstacle.
            let catalogs = scene.root.appending("state").appending("catalogs")
            let kept = names(in: catalogs)
            #expect(kept.count == 2 && kept.allSatisfy { $0.hasPrefix("first.tar.gz.age-") })
            for name in kept where name.hasSuffix(".db") { try write([1, 2, 3], to: catalogs.appending(name)) }
            #expect(try await content("o03", of: scene.open(with: environment)) == Array("o03".utf8))
            await expectError(.wrongKey) { _ = try await scene.open() }
        }
    }

    @Test func aCatalogIsNeverTakenForThatOfAnotherArchiveOfTheName() async throws {
        try await Scene.with { scene in
            try await scene.fill(5)
            try await scene.backUp(sealedTo: [mine])
            // Another host removes it, and makes another backup of the same name.
            for copy in scene.vault.copies {
                _ = try await copy.remove(try #require(await copy.archives().first).file)
            }
            _ = try await BackupRun(
                bucket: Scene.bucket, name: BackupName("first"), source: scene.source, vault: scene.vault,
                options: BackupRun.Options(recipients: try .of([mine])),
                environment: try scene.environment(opening: [], host: "elsewhere")
            ).run()
            await expectError(.wrongKey) { _ = try await scene.open() }
            #expect(try await scene.list(with: scene.environment).first?.bucket == nil)
        }
    }

    @Test func deletionForgetsTheCatalogAndNoOther() async throws {
        try await Scene.with { scene in
            try await scene.fill(2)
            try await scene.backUp("first", sealedTo: [mine])
            try await scene.backUp("first.tar.gz.age-b", sealedTo: [mine])
            let entry = try #require(try await scene.vault.backups().entries.first { $0.file.name.rawValue == "first" })
            _ = try await DeleteRun(entry: entry, vault: scene.vault, environment: scene.environment).run()
            let kept = names(in: scene.root.appending("state").appending("catalogs"))
            #expect(kept.count == 2 && kept.allSatisfy { $0.hasPrefix("first.tar.gz.age-b.tar.gz.age-") })
        }
    }

    @Test func whatCanBeVerifiedIs() async throws {
        try await Scene.with { scene in
            try await scene.fill(40)
            try await scene.backUp(sealedTo: [mine])
            for host in ["state", "elsewhere"] {
                let environment = try scene.environment(opening: [], host: host)
                let asked = try await scene.verify(.contents, with: environment)
                #expect(asked.isSound && asked.isUnopened)
                #expect(asked.copies.allSatisfy { $0.depth == .seal && $0.unopened?.contains("sealed") == true })
                #expect(asked.copies.allSatisfy { $0.bytesRead > 0 && $0.sealedSHA256 != nil })
                let seal = try await scene.verify(.seal, with: environment)
                #expect(seal.isSound && !seal.isUnopened)
                let structure = try await scene.verify(.structure, with: environment)
                #expect(structure.isSound && structure.isUnopened && structure.copies.allSatisfy { $0.bytesRead == 0 })
            }
            let whole = try scene.sealedBytes()
            try scene.alter("first.tar.gz.age") { $0[whole.count - 100] ^= 1 }
            // The host that wrote it knows which copy is wrong; another one only that they differ.
            let here = try await scene.verify(.seal, with: scene.environment)
            #expect(here.copies.map(\.isSound) == [false, true])
            let elsewhere = try scene.environment(opening: [], host: "elsewhere")
            #expect(try await scene.verify(.seal, with: elsewhere).copies.map(\.isSound) == [false, false])
            #expect(try await scene.verify(.seal, with: elsewhere, in: scene.local).isSound)
            // No byte of a chunk, and less than a chunk's authenticator.
            let start = try #require(whole.firstRange(of: Array("\n--- ".utf8))).upperBound + 44
            for length in [start + 16, start + 31] {
                try write(whole[..<length], to: scene.archives.appending("first.tar.gz.age"))
                let report = try await scene.verify(.structure, with: elsewhere, in: scene.local)
                #expect(!report.isSound, "\(length) bytes")
            }
        }
    }
}
