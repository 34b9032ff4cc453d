// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import NIOCore
import Streams

/// Puts whole archives into single copies, in the place of what is there.
///
/// Killed at any moment, the copy has what it had, or the new file whole; what is left of a `.partial-…` file or an
/// upload, the next backup removes.
struct ArchiveWriting: Sendable {
    let file: ArchiveFile
    let vault: Vault
    let environment: RunEnvironment

    /// Writes, reads back what was written, and notes it.
    ///
    /// - Parameters:
    ///   - isMissing: whether the copy has no such archive: one that has come meanwhile is then not touched.
    ///   - expected: SHA-256 (hex) that the bytes must have, or nothing is replaced.
    ///   - produce: hands over the bytes in order.
    /// - Returns: their SHA-256, hex.
    /// - Throws: ``HoldfastError`` `.corrupt` when what is read back is not what was written.
    @discardableResult
    func put(
        into copy: any VaultCopy, isMissing: Bool, expected: String?,
        _ produce: (@escaping @Sendable (ByteBuffer) async throws -> Void) async throws -> Void
    ) async throws -> String {
        try await copy.prepare()
        let sink = isMissing ? try await copy.beginArchive(file) : try await copy.beginReplacement(of: file)
        let digest = FileDigest()
        do {
            try await produce { bytes in
                digest.update(bytes)
                try await sink.write(bytes)
            }
            if let expected, digest.hex != expected {
                throw HoldfastError(
                    .corrupt, "What was read the second time is not what was read the first time; nothing was replaced."
                )
            }
            try await sink.commit()
        } catch {
            await sink.abort()
            throw error
        }
        let sha256 = digest.hex
        environment.progress.begin("reading \(copy.label) back")
        guard let written = try await copy.open(file), try await FileDigest.hex(of: written) == sha256 else {
            throw HoldfastError(
                .corrupt, "What \(copy.label) gives back is not what was written to it.",
                hint: "Look at the disk or the server; nothing was taken from it.")
        }
        await ProofRecords(environment).noteWritten(
            file, to: [copy.label], of: vault, sha256: sha256, isReadBack: true)
        return sha256
    }

    /// The same with bytes that lie somewhere else.
    func put(_ bytes: any RandomAccessBytes, into copy: any VaultCopy, isMissing: Bool, expected: String?) async throws
    {
        environment.progress.begin("writing \(copy.label)", objects: 0, bytes: bytes.size)
        try await put(into: copy, isMissing: isMissing, expected: expected) { write in
            for try await block in bytes.stream(0..<bytes.size) {
                try await write(block)
                environment.progress.finished(objects: 0, bytes: block.readableBytes)
            }
        }
    }
}
