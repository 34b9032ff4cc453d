// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Glibc
import Holdfast
import ObjectStorage
import SystemPackage
import TestSupport
import Testing

/// A disk that is full is named, leaves no partial file, and takes no other copy with it.
@Suite struct FullDiskTests {
    /// Runs `body` with a directory that holds 8 MiB.
    private func withSmallDisk(_ body: (FilePath) async throws -> Void) async throws {
        try await withTemporaryDirectory { directory in
            guard mount("tmpfs", directory.string, "tmpfs", 0, "size=8m") == 0 else {
                Issue.record("a file system cannot be mounted (errno \(errno)): this test needs root")
                return
            }
            defer { #expect(umount2(directory.string, Int32(MNT_DETACH)) == 0) }
            try await body(directory)
        }
    }

    private func fill(_ scene: Scene) async throws {
        var random = SeededGenerator(seed: 8)
        for number in 0..<6 { try await scene.store.put("o\(number)", random.bytes(2 << 20)) }
    }

    @Test func aFullDirectoryLeavesTheBucketGood() async throws {
        try await withSmallDisk { disk in
            try await Scene.with { scene in
                try await fill(scene)
                let full = DirectoryCopy(disk)
                let report = try await scene.backUp(to: Vault(copies: [full, scene.bucketCopy]))
                #expect(report.copies == [scene.bucketCopy.label])
                #expect(report.degraded.map(\.label) == [disk.string])
                #expect(report.degraded.first?.problem.contains("no space left") == true)
                #expect(names(in: disk.appending("buckets")).isEmpty)
                #expect(names(in: disk.appending("locks")).isEmpty)
                #expect(try await scene.verify(.contents, in: Vault(copies: [scene.bucketCopy])).isSound)
            }
        }
    }

    @Test func aFullDirectoryAloneIsAClearError() async throws {
        try await withSmallDisk { disk in
            try await Scene.with { scene in
                try await fill(scene)
                let error = await expectError(.failed) {
                    try await scene.backUp(to: Vault(copies: [DirectoryCopy(disk)]))
                }
                #expect(error?.message.contains("no space left") == true)
                #expect(error?.hint?.contains("space") == true)
                #expect(names(in: disk.appending("buckets")).isEmpty)
                #expect(names(in: scene.root.appending("state").appending("work")).isEmpty)
            }
        }
    }

    @Test func aFullStateDirectoryIsAClearError() async throws {
        try await withSmallDisk { disk in
            try await Scene.with { scene in
                try await scene.fill(2)
                try write([UInt8](repeating: 0, count: (8 << 20) - 8192), to: disk.appending("ballast"))
                let environment = RunEnvironment(
                    services: .live, logger: scene.environment.logger, state: StateDirectory(disk.appending("state")),
                    progress: ProgressMeter())
                await #expect(throws: (any Error).self) {
                    _ = try await BackupRun(
                        bucket: Scene.bucket, name: BackupName("first"), source: scene.source, vault: scene.vault,
                        options: BackupRun.Options(), environment: environment
                    ).run()
                }
                try await scene.expectNothingLeft()
            }
        }
    }
}
