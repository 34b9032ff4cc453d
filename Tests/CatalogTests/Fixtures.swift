// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Catalog
import Foundation
import SystemPackage

/// A place for one test's catalog, removed after it.
func withPath<Value>(_ body: (FilePath) async throws -> Value) async throws -> Value {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("catalog-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: false)
    defer { try? FileManager.default.removeItem(at: folder) }
    return try await body(FilePath(folder.path).appending("catalog.db"))
}

func listed(_ key: String, ordinal: Int = 0, size: Int64 = 5, isLatest: Bool? = nil) -> ListedObject {
    listed(Array(key.utf8), ordinal: ordinal, size: size, isLatest: isLatest)
}

func listed(_ key: [UInt8], ordinal: Int = 0, size: Int64 = 5, isLatest: Bool? = nil) -> ListedObject {
    ListedObject(
        key: key, ordinal: ordinal, isLatest: isLatest ?? (ordinal == 0), size: size, etag: "e\(ordinal)",
        lastModified: 1_700_000_000_000)
}

func stored(_ listed: ListedObject, at offset: Int64, archive: Int = 0) -> CatalogObject {
    CatalogObject(
        listed: listed, member: listed.key, extents: [Extent(archive: archive, offset: offset, length: listed.size)])
}

extension CatalogWriter {
    /// Lists and stores in one go.
    func add(_ objects: [CatalogObject]) async throws {
        _ = try await list(objects.map(\.listed))
        try await store(objects)
    }
}

/// A finished catalog of `objects`.
func makeCatalog(at path: FilePath, _ objects: [CatalogObject]) async throws {
    let writer = try await CatalogWriter.create(at: path)
    try await writer.add(objects)
    _ = try await writer.finish()
}

/// What the `sqlite3` program answers, to see the file as somebody without Holdfast does.
@discardableResult
func sqlite(_ path: FilePath, _ sql: String) throws -> String {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = ["sqlite3", "-bail", path.string, sql]
    let output = Pipe()
    process.standardOutput = output
    process.standardError = output
    try process.run()
    let answer = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    guard process.terminationStatus == 0 else { throw SQLiteProgramError(answer: answer) }
    return answer.trimmingCharacters(in: .newlines)
}

struct SQLiteProgramError: Error {
    let answer: String
}

extension [UInt8] {
    init(_ text: String) {
        self.init(text.utf8)
    }
}
