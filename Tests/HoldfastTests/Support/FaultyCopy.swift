// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Holdfast
import NIOCore
import ObjectStorage
import Streams
import TestSupport

/// A vault copy in which one step goes wrong.
struct FaultyCopy: VaultCopy {
    enum Step: Equatable, Sendable {
        case prepare, archives, open, begin, commit, remove, leftovers, files
        /// The write of a number, from 1.
        case write(Int)
    }

    struct Failure: Error, CustomStringConvertible {
        let description = "the disk has gone to lunch"
    }

    let base: any VaultCopy
    let step: Step
    /// What happens at the step; the step itself follows unless this throws.
    let act: @Sendable () async throws -> Void

    init(_ base: any VaultCopy, _ step: Step, _ act: @escaping @Sendable () async throws -> Void = { throw Failure() })
    {
        self.base = base
        self.step = step
        self.act = act
    }

    var label: String { base.label }
    var lock: ArchiveLock? { base.lock }

    func checkProtection() async throws { try await base.checkProtection() }

    func retention(of file: ArchiveFile) async throws -> ObjectRetention? { try await base.retention(of: file) }

    func renewRetention(of file: ArchiveFile) async throws -> String? { try await base.renewRetention(of: file) }

    func meet(_ step: Step) async throws {
        if step == self.step { try await act() }
    }

    func prepare() async throws {
        try await meet(.prepare)
        try await base.prepare()
    }

    func archives() async throws -> [StoredArchive] {
        try await meet(.archives)
        return try await base.archives()
    }

    func open(_ file: ArchiveFile) async throws -> (any RandomAccessBytes)? {
        try await meet(.open)
        return try await base.open(file)
    }

    func beginArchive(_ file: ArchiveFile) async throws -> any ArchiveSink {
        try await meet(.begin)
        return FaultySink(base: try await base.beginArchive(file), copy: self)
    }

    func beginReplacement(of file: ArchiveFile) async throws -> any ArchiveSink {
        try await meet(.begin)
        return FaultySink(base: try await base.beginReplacement(of: file), copy: self)
    }

    func replaceFront(of file: ArchiveFile, upTo end: Int64, with front: ByteBuffer) async throws {
        try await meet(.begin)
        try await base.replaceFront(of: file, upTo: end, with: front)
    }

    func remove(_ file: ArchiveFile) async throws -> Bool {
        try await meet(.remove)
        return try await base.remove(file)
    }

    func resumeArchive(_ file: ArchiveFile, from checkpoint: SinkCheckpoint) async throws -> any ArchiveSink {
        try await meet(.begin)
        return FaultySink(base: try await base.resumeArchive(file, from: checkpoint), copy: self)
    }

    func unfinished(_ file: ArchiveFile, upTo length: Int64) async throws -> (any RandomAccessBytes)? {
        try await base.unfinished(file, upTo: length)
    }

    func removeLeftovers(
        keeping files: Set<String>, isAlive: @Sendable (BackupName) async throws -> Bool
    ) async throws -> [String] {
        try await meet(.leftovers)
        return try await base.removeLeftovers(keeping: files, isAlive: isAlive)
    }

    func files(in folder: String) async throws -> [String] {
        try await meet(.files)
        return try await base.files(in: folder)
    }

    func createFile(_ path: String, _ content: ByteBuffer) async throws -> Bool {
        try await meet(.files)
        return try await base.createFile(path, content)
    }

    func replaceFile(_ path: String, _ content: ByteBuffer) async throws {
        try await meet(.files)
        try await base.replaceFile(path, content)
    }

    func readFile(_ path: String) async throws -> ByteBuffer? {
        try await meet(.files)
        return try await base.readFile(path)
    }

    func removeFile(_ path: String) async throws {
        try await meet(.files)
        try await base.removeFile(path)
    }
}

private struct FaultySink: ArchiveSink {
    let base: any ArchiveSink
    let copy: FaultyCopy
    private let writes = Guarded(0)

    init(base: any ArchiveSink, copy: FaultyCopy) {
        self.base = base
        self.copy = copy
    }

    func write(_ bytes: ByteBuffer) async throws {
        let number = writes.with { writes in
            writes += 1
            return writes
        }
        try await copy.meet(.write(number))
        try await base.write(bytes)
    }

    func commit() async throws {
        try await copy.meet(.commit)
        try await base.commit()
    }

    func checkpoint() async throws -> SinkCheckpoint { try await base.checkpoint() }

    func suspend() async { await base.suspend() }

    func abort() async { await base.abort() }
}
