// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Catalog
import Foundation
import NIOCore
import Streams
import SystemPackage

/// Catalogs taken out of archives, whole, kept in the state directory so that the next look costs nothing.
struct CatalogCache: Sendable {
    let vault: Vault
    let environment: RunEnvironment

    private var state: StateDirectory { environment.state }
    private var chain: CatalogChain { CatalogChain(vault: vault, environment: environment) }

    /// Opens the catalog of an archive; `content` is read only when the cache does not have it, or has it broken.
    func reader(of entry: VaultEntry, label: String, content: () -> ByteStream) async throws -> CatalogReader {
        let path = try await file(of: entry, label: label, content: content)
        do {
            return try await CatalogReader.open(at: path)
        } catch is CatalogError {
            // The cache survives no power failure unharmed for certain: the archive itself is what counts.
            await state.remove(path)
            return try await uncached(content(), of: entry)
        }
    }

    /// The catalog's path; `content` is read only when it is not there yet.
    func file(of entry: VaultEntry, label: String, content: () -> ByteStream) async throws -> FilePath {
        let path = try await path(of: entry, label: label)
        if try await FileThread.run({ try FileSystemNames.regularFile(path) }) != nil { return path }
        let partial = try await state.workFile(name: "catalog")
        do {
            try await Self.write(content(), to: partial)
            try await chain.complete(partial, of: entry.file.fileName)
            try await FileThread.run { try FileSystemNames.rename(partial, to: path) }
        } catch {
            await state.remove(partial)
            throw error
        }
        return path
    }

    /// Takes over the whole catalog of an archive that was just written, which is gone from `path` then.
    func take(_ path: FilePath, of entry: VaultEntry) async throws {
        guard let copy = entry.copies.first else { return }
        let place = try await self.path(of: entry, label: copy.label)
        try await FileThread.run { try FileSystemNames.rename(path, to: place) }
    }

    private func path(of entry: VaultEntry, label: String) async throws -> FilePath {
        let copy = entry.copies.first { $0.label == label }
        let stamp = TimeText.milliseconds(copy?.modified ?? entry.modified)
        return try await state.cache().appending("\(entry.file.fileName)-\(copy?.size ?? entry.size)-\(stamp).db")
    }

    /// A catalog straight out of its archive, whatever the cache has.
    func uncached(_ content: ByteStream, of entry: VaultEntry) async throws -> CatalogReader {
        let path = try await state.workFile(name: "catalog")
        do {
            try await Self.write(content, to: path)
            try await chain.complete(path, of: entry.file.fileName)
            let reader = try await CatalogReader.open(at: path)
            // The open database keeps the file; its name can go.
            await state.remove(path)
            return reader
        } catch {
            await state.remove(path)
            throw error
        }
    }

    /// Writes a new file.
    static func write(_ content: ByteStream, to path: FilePath) async throws {
        let file = try await FileThread.run {
            try HoldfastError.withFile("write", path) {
                try FileDescriptor.open(
                    path, .writeOnly, options: [.create, .exclusiveCreate, .closeOnExec], permissions: [.ownerReadWrite]
                )
            }
        }
        do {
            for try await block in content {
                try await FileThread.run {
                    try HoldfastError.withFile("write", path) { _ = try file.writeAll(block.readableBytesView) }
                }
            }
            try file.close()
        } catch {
            try? file.close()
            throw error
        }
    }

    /// Forgets the catalogs of an archive that was deleted.
    func forget(_ file: ArchiveFile) async throws {
        let directory = try await state.cache()
        try await FileThread.run {
            for name in try FileSystemNames.list(directory) where name.hasPrefix(file.fileName + "-") {
                _ = try FileSystemNames.unlink(directory.appending(name))
            }
        }
    }
}
