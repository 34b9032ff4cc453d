// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

package import NIOCore
import Streams
import SystemPackage

extension DirectoryCopy {
    /// The new file is written beside the old one, made durable, and renamed to its name. Killed before that, a
    /// `.partial-…` file is left, which the next backup removes.
    ///
    /// Memory: two blocks of 1 MiB.
    package func replaceFront(of file: ArchiveFile, upTo end: Int64, with front: ByteBuffer) async throws {
        guard let old = try await open(file) else {
            throw HoldfastError(.notFound, "\(file.fileName) is not in \(label).")
        }
        let sink = try await DirectorySink(directory: archiveDirectory, file: file, isReplacing: true)
        do {
            try await sink.write(front)
            for try await block in old.stream(end..<old.size) { try await sink.write(block) }
            try await sink.commit()
        } catch {
            await sink.abort()
            throw error
        }
    }
}
