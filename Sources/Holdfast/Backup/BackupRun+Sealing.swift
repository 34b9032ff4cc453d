// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import NIOCore
import SystemPackage

/// What a sealed backup needs beside the others.
extension BackupRun {
    /// Draws the key and writes the header, when the backup is to be sealed.
    func beginSeal(_ digest: FileDigest?, _ sink: CopiesSink) async throws -> SealedOutput? {
        guard let recipients = options.recipients else { return nil }
        let seal = try await SealedOutput(to: recipients)
        digest?.update(seal.header)
        try await sink.write(seal.header)
        return seal
    }

    /// - Returns: bytes of the sealed file; `nil` when there is no seal.
    func endSeal(_ seal: SealedOutput?, _ digest: FileDigest?, _ sink: CopiesSink) async throws -> Int64? {
        guard let seal else { return nil }
        let last = try seal.finish()
        digest?.update(last)
        try await sink.write(last)
        return seal.length
    }

    /// Keeps in plain what this host can not read back, after the commit: it is a cache, and the backup is made.
    func keep(
        _ catalog: FilePath, _ metadata: ByteBuffer, of seal: SealedOutput, _ report: inout BackupReport
    ) async throws {
        report.sealedTo = options.recipients?.labels
        let header = Data(seal.header.readableBytesView.dropLast(seal.nonce.count))
        let record = KeptCatalogs.Record(
            recipients: options.recipients?.names ?? [], header: header, currentHeader: header,
            sha256: report.archiveSHA256, metadata: Data(metadata.readableBytesView))
        do {
            try await KeptCatalogs(environment.state).keep(catalog, record, of: file, nonce: seal.nonce)
        } catch {
            report.warnings.append("The catalog could not be kept on this host, which cannot read the backup: \(error)")
        }
    }
}
