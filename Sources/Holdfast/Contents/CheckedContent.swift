// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

package import Catalog
import Crypto
package import NIOCore
import Streams

/// An object's bytes out of a backup, compared with the checksum that the catalog has of them.
package struct CheckedContent: Sendable {
    package let backup: OpenedBackup
    package let object: CatalogObject

    package init(backup: OpenedBackup, object: CatalogObject) {
        self.backup = backup
        self.object = object
    }

    /// Hands the bytes on as they come. They are right only if this returns.
    ///
    /// - Throws: ``HoldfastError`` `.corrupt` at the end when they are not what was backed up; what `consume` throws.
    package func read(_ consume: (ByteBuffer) async throws -> Void) async throws {
        var digests = RunningDigests(wantsMD5: false)
        var count: Int64 = 0
        for try await piece in try await backup.stream(object) {
            digests.update(piece)
            count += Int64(piece.readableBytes)
            try await consume(piece)
        }
        try Self.compare(object, count: count, sha256: digests.sha256)
    }

    /// Compares a content's length and hash with the catalog.
    static func compare(_ object: CatalogObject, count: Int64, sha256: [UInt8]) throws {
        let name = String(decoding: object.key, as: UTF8.self)
        guard count == object.size else {
            throw HoldfastError(.corrupt, "\(name) has \(count) bytes in the archive, \(object.size) were backed up.")
        }
        if let expected = object.sha256, expected != sha256 {
            throw HoldfastError(
                .corrupt, "\(name) has SHA-256 \(Hex.text(sha256)) in the archive, \(Hex.text(expected)) was backed up."
            )
        }
    }
}
