// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Archive
import Catalog
import Streams
import SystemPackage

/// Makes a delta that was taken out of an archive a whole catalog, with the catalogs of the archives that it builds on.
struct CatalogChain: Sendable {
    let vault: Vault
    let environment: RunEnvironment

    /// More than any writer lets follow one another.
    private static let limit = 100

    /// Puts the whole catalog in the place of the delta at `path`; a whole one stays as it is.
    ///
    /// - Parameter archive: the file name of the archive that it comes from.
    /// - Throws: ``CatalogError`` for what is wrong with the catalog itself; ``HoldfastError`` when one that it builds on
    ///   cannot be had.
    func complete(_ path: FilePath, of archive: String) async throws {
        var chain = [CatalogBase(path: path, archive: archive)]
        var files: [FilePath] = []
        do {
            while let base = try await base(of: chain[0], under: archive) {
                guard chain.count < Self.limit, !chain.contains(where: { $0.archive == base.archive }) else {
                    throw HoldfastError(.corrupt, "The catalog of \(archive) builds on itself.")
                }
                let file = try await environment.state.workFile(name: "base")
                files.append(file)
                try await fetch(base.archive, to: file, for: archive)
                chain.insert(CatalogBase(path: file, archive: base.archive), at: 0)
            }
            if chain.count > 1 {
                let whole = try await environment.state.workFile(name: "whole")
                files.append(whole)
                try await CatalogMerge.merge(chain, to: whole)
                try await FileThread.run { try FileSystemNames.rename(whole, to: path) }
            }
        } catch {
            for file in files { await environment.state.remove(file) }
            throw error
        }
        for file in files { await environment.state.remove(file) }
    }

    private func base(of part: CatalogBase, under archive: String) async throws -> (archive: String, id: String)? {
        do {
            return try await CatalogDelta.base(of: part.path)
        } catch let error as CatalogError where part.archive != archive {
            throw lost(part.archive, for: archive, "\(error)")
        }
    }

    private func fetch(_ name: String, to path: FilePath, for archive: String) async throws {
        guard let file = ArchiveFile(fileName: name) else { throw lost(name, for: archive, "it is no archive's name") }
        do {
            let reader = try await ReferredArchives.open(file, in: vault, environment)
            guard let range = reader.catalog else { throw ArchiveError.noIndex }
            try await CatalogCache.write(reader.stream(range), to: path)
        } catch let error as ArchiveError {
            throw lost(name, for: archive, "\(error)")
        } catch let error as HoldfastError where error.code == .corrupt {
            throw lost(name, for: archive, error.message)
        }
    }

    private func lost(_ name: String, for archive: String, _ why: String) -> HoldfastError {
        HoldfastError(
            .corrupt,
            "The catalog of \(archive) says only what changed since \(name), whose catalog cannot be read: \(why)",
            hint: "Bring \(name) back into the vault, whole; holdfast repair makes it so from another copy.")
    }
}
