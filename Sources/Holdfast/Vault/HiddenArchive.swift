// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import NIOCore

/// The mark of an archive whose backup was deleted while others need its bytes (format, vault layout).
///
/// The mark is a file beside the archives, so that hiding is one write that happens or does not.
struct HiddenArchive: Codable {
    let archive: String
    /// UTC.
    let hidden: Date

    /// The mark's name in its folder.
    static func fileName(of file: ArchiveFile) -> String { file.fileName + ".json" }

    static func path(of file: ArchiveFile) -> String { VaultLayout.hidden + fileName(of: file) }

    func encoded() throws -> ByteBuffer {
        let encoder = JSONEncoder()
        encoder.dateEncodingStrategy = .iso8601
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return ByteBuffer(bytes: try encoder.encode(self))
    }
}
