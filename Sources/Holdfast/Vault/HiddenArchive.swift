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

    init(archive: String, hidden: Date) {
        self.archive = archive
        self.hidden = hidden
    }

    /// Reads a mark; `nil` for one that does not say when it was made.
    init?(_ content: ByteBuffer) {
        let decoder = JSONDecoder()
        decoder.dateDecodingStrategy = .iso8601
        guard let mark = try? decoder.decode(Self.self, from: Data(content.readableBytesView)) else { return nil }
        self = mark
    }

    func encoded() throws -> ByteBuffer {
        let encoder = JSONEncoder()
        encoder.dateEncodingStrategy = .iso8601
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return ByteBuffer(bytes: try encoder.encode(self))
    }
}

extension Vault {
    /// Hides an archive: one write in each copy, of which one is enough.
    ///
    /// - Returns: the copies that have the mark, and those that have not, and why.
    func hide(_ file: ArchiveFile, now: Date) async throws -> (marked: [String], failed: [CopyProblem]) {
        let mark = try HiddenArchive(archive: file.fileName, hidden: now).encoded()
        let path = HiddenArchive.path(of: file)
        var marked: [String] = []
        var failed: [CopyProblem] = []
        for copy in copies {
            do {
                try await copy.prepare()
                do {
                    try await copy.replaceFile(path, mark)
                } catch {
                    try Task.checkCancellation()
                    // On a full disk there is room for an empty file, and its name says it all: how else to make room?
                    try await copy.replaceFile(path, ByteBuffer())
                }
                marked.append(copy.label)
            } catch {
                try Task.checkCancellation()
                failed.append(CopyProblem(label: copy.label, problem: "\(error)"))
            }
        }
        return (marked, failed)
    }

    /// Takes the mark away wherever it is.
    func unhide(_ file: ArchiveFile) async throws {
        for copy in copies { try await copy.removeFile(HiddenArchive.path(of: file)) }
    }

    /// The file names of marks (``HiddenArchive/fileName(of:)``) in any copy.
    ///
    /// - Throws: when a copy cannot be read.
    func marks() async throws -> Set<String> {
        var marks: Set<String> = []
        for copy in copies {
            marks.formUnion(try await copy.files(in: VaultLayout.hidden).filter { $0.hasSuffix(".json") })
        }
        return marks
    }
}
