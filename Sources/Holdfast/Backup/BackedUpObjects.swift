// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Archive
import Catalog
import NIOCore
import ObjectStorage
import Streams

/// Reads the objects of a backup once more, for a new archive. Every byte is compared with the SHA-256 that the backup has
/// of it; what is damaged in one copy of the vault is read from the others.
///
/// Memory: an object of up to ``ObjectFetch/wholeLimit`` bytes; of larger ones one frame.
struct BackedUpObjects: Sendable {
    let backup: OpenedBackup
    private let copies: EachCopy

    init(_ backup: OpenedBackup, in vault: Vault, _ environment: RunEnvironment) {
        self.backup = backup
        copies = EachCopy(of: backup, in: vault, environment)
    }

    /// An object that the packing waits for.
    ///
    /// - Parameter pending: with the object's own row in ``PendingObject/known``.
    @concurrent
    func read(_ pending: PendingObject) async throws -> Packing.Reading {
        guard pending.problem == nil, let object = pending.known else {
            let problem = ObjectProblem(reason: "failed", message: "the backup says nothing of it")
            return .problem(pending, pending.problem ?? problem)
        }
        if pending.place.isDeleteMarker { return .marker(pending) }
        guard object.size <= ObjectFetch.wholeLimit else { return .kept(pending, object, self) }
        do {
            let content = try await fromAnyCopy(of: object) { backup in
                var content = ByteBuffer()
                try await CheckedContent(backup: backup, object: object).read { content.writeImmutableBuffer($0) }
                return content
            }
            return .whole(
                pending,
                FetchedObject(
                    info: pending.info, content: content, sha256: object.sha256 ?? ContentDigest.sha256(content),
                    changed: false, flaw: nil))
        } catch let problem as ObjectProblem {
            return .problem(pending, problem)
        }
    }

    /// Copies a large object into the archive, where what turns out wrong is voided and read from another copy.
    ///
    /// - Throws: ``ObjectProblem`` when no copy has it.
    func pack(
        _ object: CatalogObject, _ pending: PendingObject, into writer: ArchiveWriter,
        onBytes: @escaping @Sendable (Int) -> Void
    ) async throws -> StoredContent {
        let header = ArchiveMember(
            name: pending.member, kind: .file, size: object.size, modified: object.listed.lastModified,
            records: MemberRecords.records(
                of: pending.info, at: pending.place, member: pending.member, sha256: object.sha256.map { Hex.text($0) })
        )
        return try await fromAnyCopy(of: object) { backup in
            var digests = RunningDigests(wantsMD5: false)
            // The list is made anew: the old catalog may have none.
            var chunks =
                ChunkedContent.sizes.contains(object.size) ? ChunkedContent(size: object.size, keepsBytes: false) : nil
            var count: Int64 = 0
            var hasBegun = false
            do {
                for try await piece in try await backup.stream(object) {
                    async let updated = Self.update(digests, piece)
                    if let before = chunks { (chunks, _) = await ChunkedContent.taking(piece, into: before) }
                    digests = await updated
                    count += Int64(piece.readableBytes)
                    try await WritingFailure.marked {
                        if !hasBegun { try await writer.begin(header) }
                        hasBegun = true
                        try await writer.write(piece)
                    }
                    onBytes(piece.readableBytes)
                }
                try CheckedContent.compare(object, count: count, sha256: digests.sha256)
                let extent = try await WritingFailure.marked { try await writer.end() }
                _ = chunks?.finish()
                return StoredContent(at: extent, sha256: digests.sha256, chunks: chunks?.list)
            } catch {
                // The header is out: the member is filled up, and the next reading follows under the same name.
                if hasBegun, !(error is WritingFailure), !Task.isCancelled {
                    try await WritingFailure.marked { try await writer.abandon() }
                }
                throw error
            }
        }
    }

    /// Hashes away from the caller, who packs.
    @concurrent
    private static func update(_ digests: RunningDigests, _ piece: ByteBuffer) async -> RunningDigests {
        var digests = digests
        digests.update(piece)
        return digests
    }

    /// Tries the backup as it was opened, and then each copy of the vault by itself.
    private func fromAnyCopy<Value: Sendable>(
        of object: CatalogObject, _ body: (OpenedBackup) async throws -> Value
    ) async throws -> Value {
        let first: any Error
        do {
            return try await body(backup)
        } catch {
            first = try Self.judged(error)
        }
        for copy in try await copies.all() {
            do {
                return try await body(copy)
            } catch {
                _ = try Self.judged(error)
            }
        }
        let message = (first as? HoldfastError)?.message ?? "\(first)"
        throw ObjectProblem(reason: "corrupt", message: "no copy of the vault has its bytes any more: \(message)")
    }

    /// What concerns this object alone; throws what ends the run.
    private static func judged(_ error: any Error) throws -> any Error {
        try Task.checkCancellation()
        if let failure = error as? WritingFailure { throw failure.cause }
        if let error = error as? HoldfastError, error.code == .wrongKey { throw error }
        return error
    }
}

/// A failure to write what was read: of the new archive, and not of the object.
private struct WritingFailure: Error {
    let cause: any Error

    static func marked<Value>(_ body: () async throws -> Value) async throws -> Value {
        do {
            return try await body()
        } catch {
            throw WritingFailure(cause: error)
        }
    }
}

/// A backup read from each copy of the vault alone, opened when the first object turns out damaged.
private actor EachCopy {
    private let backup: OpenedBackup
    private let vault: Vault
    private let environment: RunEnvironment
    private var opening: Task<[OpenedBackup], any Error>?

    init(of backup: OpenedBackup, in vault: Vault, _ environment: RunEnvironment) {
        self.backup = backup
        self.vault = vault
        self.environment = environment
    }

    func all() async throws -> [OpenedBackup] {
        if let opening { return try await opening.value }
        // Shared by all who find damage at the same time.
        let task = Task { [backup, vault, environment] in
            var found: [OpenedBackup] = []
            for copy in vault.copies {
                let place = Vault(copies: [copy])
                var content = backup.content
                do {
                    if let archive = try await copy.openArchive(backup.entry.file, environment) {
                        content = .indexed(try await ArchiveReader.open(archive.bytes))
                    }
                } catch {
                    // What lies in its earlier archives may still be had from here.
                    try Task.checkCancellation()
                }
                found.append(
                    OpenedBackup(
                        entry: backup.entry, copy: copy.label, metadata: backup.metadata, catalog: backup.catalog,
                        content: content, flaws: [],
                        referred: try await ReferredArchives(of: backup.catalog, in: place, environment)))
            }
            return found
        }
        opening = task
        return try await task.value
    }
}
