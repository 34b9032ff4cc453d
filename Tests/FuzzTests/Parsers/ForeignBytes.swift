// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

/// The parsers of bytes from outside. The names are those of the folders of `Tests/Corpus`.
///
/// Fed by libFuzzer (`make fuzz`) and, with what it found, by the ordinary tests.
enum ForeignBytes: String, CaseIterable, Sendable {
    case tar, compressed, archive, index, answer, http, catalog, row, fields, chunks, age, keys, profile, configuration

    /// Reads the bytes by every way that leads to the parser.
    ///
    /// - Throws: ``Contradiction``, or an error that the parser does not document. Bytes that are refused as documented
    ///   are no error.
    func read(_ bytes: [UInt8]) async throws {
        switch self {
        case .tar: try await TarBytes.read(bytes)
        case .compressed: try await CompressedBytes.read(bytes)
        case .archive: try await ArchiveBytes.read(bytes)
        case .index: try await IndexBytes.read(bytes)
        case .answer: try await AnswerBytes.read(bytes)
        case .http: try await HTTPBytes.read(bytes)
        case .catalog: try await CatalogBytes.read(bytes)
        case .row: try await RowBytes.read(bytes)
        case .fields: try FieldBytes.read(bytes)
        case .chunks: try await ChunkBytes.read(bytes)
        case .age: try await AgeBytes.read(bytes)
        case .keys: try KeyBytes.read(bytes)
        case .profile: try ProfileBytes.read(bytes)
        case .configuration: try ConfigurationBytes.read(bytes)
        }
    }
}
