// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Glibc
import Holdfast
import NIOCore
import ObjectStorage
import Streams
import SystemPackage
import TestSupport
import Testing

/// What killed runs leave behind is removed by the next run, and what the living are at is not.
@Suite struct LeftoverTests {
    @Test func partialFilesOfTheDeadAreRemoved() async throws {
        try await Scene.with { scene in
            try await scene.fill(2)
            try await scene.directoryCopy.prepare()
            try write([1], to: scene.archives.appending(".partial-dead.tar.gz"))
            try write([1], to: scene.archives.appending("notes.txt"))
            let living = scene.archives.appending(".partial-living.tar.gz")
            try write([1], to: living)
            // A lock belongs to the open file, not to the process, so that this one plays another run.
            let file = try SystemPackage.FileDescriptor.open(living, .readWrite)
            #expect(flock(file.rawValue, LOCK_EX | LOCK_NB) == 0)
            try await scene.backUp()
            #expect(names(in: scene.archives) == [".partial-living.tar.gz", "first.tar.gz", "notes.txt"])
            #expect(try bytes(of: living) == [1])
            try file.close()
            try await scene.backUp("second")
            #expect(names(in: scene.archives) == ["first.tar.gz", "notes.txt", "second.tar.gz"])
        }
    }

    @Test func aPartialFileThatIsBeingWrittenIsAConflict() async throws {
        try await Scene.with { scene in
            try await scene.fill(2)
            try await scene.directoryCopy.prepare()
            let living = scene.archives.appending(".partial-first.tar.gz")
            try write([1], to: living)
            let file = try SystemPackage.FileDescriptor.open(living, .readWrite)
            defer { try? file.close() }
            #expect(flock(file.rawValue, LOCK_EX | LOCK_NB) == 0)
            await expectError(.conflict) { try await scene.backUp() }
            #expect(try bytes(of: living) == [1])
        }
    }

    @Test func uploadsOfTheDeadAreAborted() async throws {
        try await Scene.with { scene in
            try await scene.fill(2)
            try await scene.bucketCopy.prepare()
            let store = scene.vaultService.store(for: "backups")
            let dead = try await LockTests.deadProcess()
            let locks = [
                "expired": LockTests.lock(name: "expired", expiresIn: -1),
                "gone": LockTests.lock(
                    name: "gone", host: LockTests.thisHost, boot: try LockTests.thisBoot, pid: dead, expiresIn: 100),
                "living": LockTests.lock(name: "living", expiresIn: 100),
            ]
            for (name, content) in locks {
                #expect(try await scene.bucketCopy.createFile("locks/archive-\(name).json", content))
            }
            let keys = [
                "buckets/expired.tar.gz", "buckets/gone.tar.zst", "buckets/first.tar.gz", "buckets/unlocked.tar.gz",
            ]
            let kept = ["buckets/living.tar.gz", "buckets/notes.txt", "elsewhere.tar.gz"]
            for key in keys + kept {
                let upload = try await store.createUpload(ObjectKey(key), PutOptions())
                _ = try await store.uploadPart(
                    ObjectKey(key), upload, number: 1, ReplayableBody(ByteBuffer(string: "part")))
            }
            try await scene.backUp()
            #expect(try await store.uploads(prefix: []).map { "\($0.key)" }.sorted() == kept)
        }
    }

    @Test func leftoversThatCannotBeRemovedDoNotStopARun() async throws {
        try await Scene.with { scene in
            try await scene.fill(2)
            let report = try await scene.backUp(
                to: Vault(copies: scene.vault.copies.map { FaultyCopy($0, .leftovers) }))
            #expect(report.complete)
            #expect(report.degraded.isEmpty)
        }
    }

    @Test func workingFilesOfTheDeadAreRemoved() async throws {
        try await Scene.with { scene in
            try await scene.fill(2)
            let work = scene.root.appending("state").appending("work")
            try FileManager.default.createDirectory(atPath: work.string, withIntermediateDirectories: true)
            let dead = try await LockTests.deadProcess()
            try write([1], to: work.appending("work-\(dead)-x-catalog"))
            try write([1], to: work.appending("work-1-x-catalog"))
            try await scene.backUp()
            #expect(names(in: work) == ["work-1-x-catalog"])
        }
    }
}
