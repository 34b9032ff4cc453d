// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Age
import Catalog
import Foundation
import NIOCore
import SystemPackage

/// The plain catalogs of the sealed backups that this host made: what it cannot read back and needs to know.
///
/// Below the state directory, `catalogs/<archive>-<nonce>.db` and `.json`. The nonce binds them to the sealed bytes
/// themselves: a catalog of another archive of the same name is never taken for this one's.
struct KeptCatalogs: Sendable {
    /// What is known of the archive beside its catalog.
    struct Record: Codable, Sendable {
        /// To whom it was sealed last by this host: public keys in full, or `a passphrase`.
        var recipients: [String]
        /// The header that it was sealed with, and the SHA-256 (hex) of the file with that header.
        var header: Data
        /// The header that this host gave it last: with another one, its recipients are not known.
        var currentHeader: Data
        var sha256: String
        /// `.backup_metadata.json` as the archive has it.
        var metadata: Data
    }

    private let state: StateDirectory

    init(_ state: StateDirectory) {
        self.state = state
    }

    /// Takes over the catalog at `path`, which is gone from there then.
    ///
    /// Killed before this is done, the backup is as good as any; this host knows as little of it as any other.
    func keep(_ path: FilePath, _ record: Record, of file: ArchiveFile, nonce: [UInt8]) async throws {
        let (catalog, note) = try await paths(file, nonce)
        try await write(record, to: note)
        try await FileThread.run {
            let opened = try HoldfastError.withFile("open", path) {
                try SystemPackage.FileDescriptor.open(path, .readOnly, options: .closeOnExec)
            }
            defer { try? opened.close() }
            // Nothing can make it again on a host without an identity.
            try FileSystemNames.synchronise(opened, path)
            try FileSystemNames.rename(path, to: catalog)
            try FileSystemNames.synchronise(catalog.removingLastComponent())
        }
    }

    /// What is kept of an archive; `nil` when this host did not make it, or it was lost.
    func find(_ file: ArchiveFile, _ front: SealedFront) async throws -> (record: Record, catalog: FilePath)? {
        let (catalog, note) = try await paths(file, front.nonce)
        return try await FileThread.run {
            guard try FileSystemNames.regularFile(note) != nil, try FileSystemNames.regularFile(catalog) != nil,
                let data = FileManager.default.contents(atPath: note.string),
                let record = try? JSONDecoder().decode(Record.self, from: data)
            else { return nil }
            return (record, catalog)
        }
    }

    /// Opens the catalog of an archive; `nil` when it is not kept, or not whole.
    func open(_ file: ArchiveFile, _ front: SealedFront) async throws -> (record: Record, catalog: CatalogReader)? {
        guard let found = try await find(file, front) else { return nil }
        do {
            return (found.record, try await CatalogReader.open(at: found.catalog))
        } catch is CatalogError {
            return nil
        }
    }

    /// Notes that an archive has other recipients now. Nothing is noted of archives that are not kept.
    func note(_ recipients: [String], header: [UInt8], of file: ArchiveFile, _ front: SealedFront) async throws {
        guard var record = try await find(file, front)?.record else { return }
        record.recipients = recipients
        record.currentHeader = Data(header)
        try await write(record, to: try await paths(file, front.nonce).note)
    }

    /// Forgets an archive that was deleted.
    func forget(_ file: ArchiveFile) async throws {
        let directory = try await state.catalogs()
        try await FileThread.run {
            for name in try FileSystemNames.list(directory) where name.hasPrefix(file.fileName + "-") {
                // `a.tar.gz.age-b` is a name too, and begins like the notes of `a`.
                let nonce = name.dropFirst(file.fileName.count + 1).prefix { $0 != "." }
                guard Hex.bytes(String(nonce))?.count == 16 else { continue }
                _ = try FileSystemNames.unlink(directory.appending(name))
            }
        }
    }

    private func paths(_ file: ArchiveFile, _ nonce: [UInt8]) async throws -> (catalog: FilePath, note: FilePath) {
        let directory = try await state.catalogs()
        let name = "\(file.fileName)-\(Hex.text(nonce))"
        return (directory.appending(name + ".db"), directory.appending(name + ".json"))
    }

    private func write(_ record: Record, to path: FilePath) async throws {
        try await state.replace(path, with: try JSONEncoder().encode(record))
    }
}
