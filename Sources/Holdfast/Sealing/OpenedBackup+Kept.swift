// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import NIOCore
import Streams

extension OpenedBackup {
    /// A sealed backup that nothing at hand opens, known by the catalog that this host kept when it made it.
    ///
    /// - Parameter missing: why it is not opened; whoever asks for an object's bytes is told.
    /// - Returns: `nil` when nothing is kept.
    static func kept(
        _ entry: VaultEntry, in vault: Vault, missing: HoldfastError, _ environment: RunEnvironment
    ) async throws -> OpenedBackup? {
        for copy in vault.copies where entry.copies.contains(where: { $0.label == copy.label }) {
            do {
                guard let bytes = try await copy.open(entry.file) else { continue }
                let front = try await SealedArchive.read(bytes, of: entry.file).front
                guard let kept = try await KeptCatalogs(environment.state).open(entry.file, front) else { continue }
                var backup = OpenedBackup(
                    entry: entry, copy: copy.label, metadata: try? BackupMetadata.decoded(from: kept.record.metadata),
                    catalog: kept.catalog, content: .sequential(ClosedBytes(reason: missing)),
                    flaws: ["It is sealed and was not opened. What is shown is the catalog that this host kept."],
                    referred: .none)
                backup.missingKey = missing
                return backup
            } catch {
                // What is wrong with a copy was told when it was tried.
                try Task.checkCancellation()
            }
        }
        return nil
    }
}

/// Bytes that nobody here can read.
private struct ClosedBytes: RandomAccessBytes {
    let reason: HoldfastError
    let size: Int64 = 1

    func read(_ range: Range<Int64>) async throws -> ByteBuffer { throw reason }
}
