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

/// Wherever a repair ends, the good copy is as it was and the other one is what it was, or whole.
@Suite struct RepairFaultTests {
    private func withDamage(_ body: (Scene, [UInt8]) async throws -> Void) async throws {
        try await Scene.with { scene in
            var random = SeededGenerator(seed: 23)
            for number in 0..<3 { try await scene.store.put("o\(number)", random.bytes(3 << 20)) }
            try await scene.backUp()
            try await body(scene, try await scene.bucketBytes())
        }
    }

    @Test(arguments: [.begin, .write(1), .write(5), .commit] as [FaultyCopy.Step], [true, false])
    func aDirectoryThatFailsKeepsWhatItHas(step: FaultyCopy.Step, isMissing: Bool) async throws {
        try await withDamage { scene, whole in
            try scene.alter { $0[5000] ^= 1 }
            let damaged = try bytes(of: scene.archives.appending("first.tar.gz"))
            if isMissing { _ = try await scene.directoryCopy.remove(try await scene.vault.find("first").file) }
            let failing = FaultyCopy(scene.directoryCopy, step)
            let report = try await scene.repair(in: Vault(copies: [failing, scene.bucketCopy]))
            #expect(report.archives[0].copies.map(\.outcome) == [.failed, .untouched])
            #expect(report.archives[0].copies[0].problem?.contains("lunch") == true)
            #expect(names(in: scene.archives) == (isMissing ? [] : ["first.tar.gz"]))
            if !isMissing { #expect(try bytes(of: scene.archives.appending("first.tar.gz")) == damaged) }
            #expect(try await scene.bucketBytes() == whole)
            #expect(try await scene.repair().archives[0].isSound)
            #expect(try await scene.verify(.contents).isSound)
        }
    }

    @Test(arguments: [false, true])
    func atEveryRequestToTheBucketThatIsRepaired(doesLast: Bool) async throws {
        var total = 1
        var life = 0
        while life < total {
            try await withDamage { scene, whole in
                var damaged = whole
                damaged[5000] ^= 1
                try await scene.setBucketBytes(damaged)
                let good = try bytes(of: scene.archives.appending("first.tar.gz"))
                func run(_ life: Int) async throws -> (report: RepairReport?, count: Int) {
                    let dying = DyingStore(scene.vaultService.store(for: "backups"), life: life, doesLast: doesLast)
                    var service = AlteredService(scene.vaultService)
                    service.stores["backups"] = dying
                    let copy = BucketCopy(service: service, bucket: "backups")
                    return (try? await scene.repair(in: Vault(copies: [scene.directoryCopy, copy])), dying.count)
                }
                let report = try await run(life).report
                let now = try await scene.bucketBytes()
                #expect(now == damaged || now == whole, "after \(life) requests")
                #expect(try bytes(of: scene.archives.appending("first.tar.gz")) == good, "after \(life) requests")
                if report?.archives.first?.isSound == true { #expect(now == whole, "after \(life) requests") }
                if life == 0 {
                    let later = SystemServices { Date().addingTimeInterval(700) }
                    let count = try await Self.requests(of: scene, damaged, later)
                    total = count
                }
            }
            life += 1
        }
        #expect(total > 6)
    }

    /// Requests of a repair that goes well.
    private static func requests(of scene: Scene, _ damaged: [UInt8], _ services: SystemServices) async throws -> Int {
        try await scene.setBucketBytes(damaged)
        let store = DyingStore(scene.vaultService.store(for: "backups"), life: .max)
        var service = AlteredService(scene.vaultService)
        service.stores["backups"] = store
        let copy = BucketCopy(service: service, bucket: "backups")
        let report = try await scene.repair(
            in: Vault(copies: [scene.directoryCopy, copy]), with: scene.environment(services))
        #expect(report.archives[0].copies.map(\.outcome) == [.untouched, .replaced])
        return store.count
    }

    @Test func aSourceThatReadsOtherwiseTheSecondTimeIsNotWritten() async throws {
        try await withDamage { scene, whole in
            var damaged = whole
            damaged[5000] ^= 1
            try await scene.setBucketBytes(damaged)
            let fickle = FickleCopy(base: scene.directoryCopy)
            let report = try await scene.repair(in: Vault(copies: [fickle, scene.bucketCopy]))
            #expect(report.archives[0].copies.map(\.outcome) == [.untouched, .failed])
            #expect(report.archives[0].copies[1].problem?.contains("nothing was replaced") == true)
            #expect(try await scene.bucketBytes() == damaged)
        }
    }
}

/// A directory whose disk gives other bytes from the second reading of a place on.
private struct FickleCopy: ForwardingCopy {
    let base: any VaultCopy

    func open(_ file: ArchiveFile) async throws -> (any RandomAccessBytes)? {
        guard let bytes = try await base.open(file) else { return nil }
        return FickleBytes(base: bytes)
    }
}

private struct FickleBytes: RandomAccessBytes {
    let base: any RandomAccessBytes
    private let reads = Guarded(0)

    init(base: any RandomAccessBytes) {
        self.base = base
    }

    var size: Int64 { base.size }

    func read(_ range: Range<Int64>) async throws -> ByteBuffer {
        var bytes = try await base.read(range)
        let isSecond = reads.with { count in
            if range.lowerBound == 0 { count += 1 }
            return count > 1
        }
        if isSecond, range.lowerBound == 0 { bytes.setInteger(UInt8(0), at: bytes.readerIndex + 4000) }
        return bytes
    }
}

/// A copy that hands everything on but what a conformer writes itself.
private protocol ForwardingCopy: VaultCopy {
    var base: any VaultCopy { get }
}

extension ForwardingCopy {
    var label: String { base.label }
    func prepare() async throws { try await base.prepare() }
    func archives() async throws -> [StoredArchive] { try await base.archives() }
    func beginArchive(_ file: ArchiveFile) async throws -> any ArchiveSink { try await base.beginArchive(file) }
    func beginReplacement(of file: ArchiveFile) async throws -> any ArchiveSink {
        try await base.beginReplacement(of: file)
    }
    func replaceFront(of file: ArchiveFile, upTo end: Int64, with front: ByteBuffer) async throws {
        try await base.replaceFront(of: file, upTo: end, with: front)
    }
    func remove(_ file: ArchiveFile) async throws -> Bool { try await base.remove(file) }
    func resumeArchive(_ file: ArchiveFile, from checkpoint: SinkCheckpoint) async throws -> any ArchiveSink {
        try await base.resumeArchive(file, from: checkpoint)
    }

    func unfinished(_ file: ArchiveFile, upTo length: Int64) async throws -> (any RandomAccessBytes)? {
        try await base.unfinished(file, upTo: length)
    }

    func removeLeftovers(
        keeping files: Set<String>, isAlive: @Sendable (BackupName) async throws -> Bool
    ) async throws -> [String] {
        try await base.removeLeftovers(keeping: files, isAlive: isAlive)
    }
    func files(in folder: String) async throws -> [String] { try await base.files(in: folder) }
    func createFile(_ path: String, _ content: ByteBuffer) async throws -> Bool {
        try await base.createFile(path, content)
    }
    func replaceFile(_ path: String, _ content: ByteBuffer) async throws { try await base.replaceFile(path, content) }
    func readFile(_ path: String) async throws -> ByteBuffer? { try await base.readFile(path) }
    func removeFile(_ path: String) async throws { try await base.removeFile(path) }
}
