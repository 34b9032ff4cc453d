// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Archive
import Catalog
import Logging
import Streams
import SystemPackage

extension BackupRun {
    /// The catalog as it goes into the archive: a delta where that is worth it, else the whole one.
    struct StoredCatalog {
        let path: FilePath
        /// Archives whose catalogs it takes to read it; empty for a whole one.
        let chain: [String]
        /// Rows of a delta; `nil` for a whole one.
        let deltaRows: Int?
    }

    /// - Parameters:
    ///   - path: the whole catalog, finished.
    ///   - earlier: on which it builds.
    ///   - folded: archives that are to be needed no longer.
    func storedCatalog(
        _ path: FilePath, since earlier: EarlierBackup?, without folded: [String]
    ) async throws -> StoredCatalog {
        let whole = StoredCatalog(path: path, chain: [], deltaRows: nil)
        guard let earlier else { return whole }
        let target = try await environment.state.workFile(name: "\(name).delta")
        let delta = try await CatalogDelta.write(
            of: path, since: earlier.base, without: folded, to: target, limits: options.deltaLimits)
        guard let delta else { return whole }
        return StoredCatalog(path: target, chain: delta.chain, deltaRows: delta.rowCount)
    }

    /// Writes the catalog's member and removes the delta's file.
    func append(_ stored: StoredCatalog, modified: Int64, to writer: ArchiveWriter) async throws {
        do {
            let database = try await LocalFileBytes(stored.path)
            try await writer.begin(
                ArchiveMember(
                    name: Array(ArchiveLayout.catalogName.utf8), kind: .file, size: database.size, modified: modified,
                    records: []))
            for try await block in database.stream(0..<database.size) { try await writer.write(block) }
            _ = try await writer.end()
        } catch {
            if stored.deltaRows != nil { await environment.state.remove(stored.path) }
            throw error
        }
        if stored.deltaRows != nil { await environment.state.remove(stored.path) }
    }

    /// Keeps the whole catalog of a committed backup that has a delta: to put it together again would take time in
    /// proportion to the bucket with every backup. What fails here costs that time, and no more.
    func cacheCatalog(_ path: FilePath) async {
        do {
            guard let entry = try await vault.backups().entries.first(where: { $0.file == file }) else { return }
            try await CatalogCache(vault: vault, environment: environment).take(path, of: entry)
        } catch {
            environment.logger.info("catalog not cached", metadata: ["error": "\(error)"])
        }
    }
}
