// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Archive
import Foundation
import Holdfast
import NIOCore
import ObjectStorage
import SystemPackage
import TestSupport
import Testing

/// Whoever changes a sealed archive is found out, and what he changed is never restored.
@Suite struct SealDamageTests {
    private let mine = TestIdentity()

    /// A sealed backup of a few objects, and the reader of another host.
    private func withBackup(_ body: (Scene, RunEnvironment, BucketContents) async throws -> Void) async throws {
        try await Scene.with { scene in
            var random = SeededGenerator(seed: 3)
            for number in 0..<6 { try await scene.store.put("o\(number)", random.bytes(50_000)) }
            try await scene.backUp(sealedTo: [mine])
            try await body(
                scene, try scene.environment(opening: [mine], host: "reader"), try await BucketContents(of: scene.store)
            )
        }
    }

    /// Bytes before the payload.
    private func frontLength(_ file: [UInt8]) throws -> Int {
        try #require(file.firstRange(of: Array("\n--- ".utf8))).upperBound + 44
    }

    @Test func everyChangedByteOfTheFrontIsFound() async throws {
        try await withBackup { scene, reader, _ in
            let whole = try scene.sealedBytes()
            // The nonce belongs to it: with another one no chunk opens.
            for position in 0..<(try frontLength(whole) + 16) {
                try scene.alter("first.tar.gz.age") {
                    $0 = whole
                    $0[position] ^= 1
                }
                do {
                    let backup = try await scene.open(with: reader, in: scene.local)
                    Issue.record("opened with byte \(position) changed: \(backup.flaws)")
                } catch let error as HoldfastError {
                    #expect(error.code == .corrupt || error.code == .wrongKey, "byte \(position): \(error)")
                }
                let report = try await scene.verify(.structure, with: reader, in: scene.local)
                #expect(!report.isSound || report.isUnopened, "byte \(position)")
            }
        }
    }

    @Test func everyChangedByteOfThePayloadIsFound() async throws {
        try await withBackup { scene, reader, truth in
            let whole = try scene.sealedBytes()
            let start = try frontLength(whole)
            for position in stride(from: start, to: whole.count, by: 30_011) {
                try scene.alter("first.tar.gz.age") {
                    $0 = whole
                    $0[position] ^= 0x40
                }
                #expect(!(try await scene.verify(.frames, with: reader, in: scene.local).isSound), "byte \(position)")
                // The other copy stands in for what is damaged.
                let target = "target-\(position)"
                let report = try await scene.restore(with: reader, into: target)
                #expect(report.complete, "byte \(position)")
                let after = try await BucketContents(of: scene.source.store(for: target))
                #expect(truth.differences(from: after) == [])
            }
        }
    }

    @Test func chunksInAnotherOrderAreFound() async throws {
        try await withBackup { scene, reader, _ in
            let start = try frontLength(try scene.sealedBytes()) + 16
            try scene.alter("first.tar.gz.age") { bytes in
                let first = Array(bytes[start..<start + 65_552])
                bytes.replaceSubrange(start..<start + 65_552, with: bytes[start + 65_552..<start + 131_104])
                bytes.replaceSubrange(start + 65_552..<start + 131_104, with: first)
            }
            #expect(!(try await scene.verify(.frames, with: reader, in: scene.local).isSound))
        }
    }

    /// What is left of a file that was cut short is saved, and said to be a part.
    @Test func whatIsLeftOfACutArchiveIsRestored() async throws {
        try await withBackup { scene, reader, truth in
            let whole = try scene.sealedBytes()
            let start = try frontLength(whole) + 16
            try scene.alter("first.tar.gz.age") { $0 = Array(whole[..<(start + 3 * 65_552 + 500)]) }
            let report = try await scene.restore(with: reader, from: scene.local, into: "target")
            #expect(!report.warnings.isEmpty)
            let after = try await BucketContents(of: scene.source.store(for: "target"))
            #expect((2...3).contains(after.objects.count))
            for (key, seen) in after.objects { #expect(truth.objects[key] == seen) }
            #expect(!(try await scene.verify(.structure, with: reader, in: scene.local).isSound))
            // With a whole copy beside it nothing is lost.
            #expect(try await scene.restore(with: reader, into: "whole").restoredCount == truth.objects.count)
        }
    }

    @Test func whatIsNoAgeFileIsDamaged() async throws {
        try await withBackup { scene, reader, _ in
            for content in [
                "", "hello", "age-encryption.org/v1\n", "age-encryption.org/v2\n-> X25519 a\n", "\u{1F}\u{8B}",
            ] {
                try scene.alter("first.tar.gz.age") { $0 = Array(content.utf8) }
                await expectError(.corrupt) { _ = try await scene.open(with: reader, in: scene.local) }
                #expect(!(try await scene.verify(.seal, with: reader, in: scene.local).isSound))
                #expect(try await scene.list(with: reader).first?.problem != nil)
            }
        }
    }
}
